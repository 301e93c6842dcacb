"""Tokens counted by other means than the product's own estimate, and the fit of that."""
