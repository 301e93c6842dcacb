"""Rows of parsed blobs in LanceDB; the only importer of it."""
