"""Past conversations as memory: what was asked, done and found out in them, searchable and local."""
