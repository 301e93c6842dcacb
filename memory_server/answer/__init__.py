"""What is replied to a question, within its token budget."""
