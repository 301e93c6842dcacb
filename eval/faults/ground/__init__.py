"""What faults are done to: a small repository, the commands that run on it, and when what they leave is right."""
