"""Rows of parsed contents, keyed by content, in LanceDB; the only importer of it."""
