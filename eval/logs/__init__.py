"""Level 4: the user's own Claude Code logs, replayed against the index."""
