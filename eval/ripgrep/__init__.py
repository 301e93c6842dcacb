"""What an agent without an index finds: ripgrep, and files ranked by a question's words."""
