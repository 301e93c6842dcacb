"""Texts into vectors: the model that ships, and any sentence-transformers model."""
