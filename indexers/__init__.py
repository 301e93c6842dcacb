"""What a repository says, as values: no database, no network."""
