"""Files of a tree as values: which are worth reading, what they are, what they hold."""
