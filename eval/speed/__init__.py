"""How fast and how large, beside other tools on the same repository."""
