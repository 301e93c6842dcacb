"""What a repository remembers: its commits, and what each of them changed."""
