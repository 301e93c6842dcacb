"""Languages as data: a folder each, and the one registry that reads them."""
