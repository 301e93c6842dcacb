"""The shipped model trained on with a repository's own words, and whether it then finds more."""
