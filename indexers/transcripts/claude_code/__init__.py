"""Claude Code's logs: where they lie, their lines, the calls in them, the conversations that they make up."""
