"""A question to the symbols that answer it: read, matched, ranked; and walks over the references."""
