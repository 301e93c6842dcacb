"""Which symbol of a later state of a repository is the one of an earlier state."""
