"""Text that stands literally in a repository: is it found, where, and for how many tokens?"""
