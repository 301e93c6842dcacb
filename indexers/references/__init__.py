"""Which symbol a name means, how surely, and how much code relies on it."""
