"""Memory: whether notes find the code that they are about again, on histories that others described by hand."""
