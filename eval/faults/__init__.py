"""Faults: harm is done to a repository, its index or a running command, and what the product makes of it is judged."""
