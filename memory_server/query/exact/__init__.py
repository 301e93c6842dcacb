"""What stands literally in the repository: text, uses of a name, messages with their values, regular expressions."""
