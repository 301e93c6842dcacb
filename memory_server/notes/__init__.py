"""What people and agents learned of a repository: notes, and whether the code under them is still what it was."""
