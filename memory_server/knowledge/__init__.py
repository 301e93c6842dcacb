"""What is known of a repository as files for others: a few lines in its folders, and a knowledge.yaml."""
