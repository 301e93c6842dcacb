"""Commands for what is remembered beside the code."""
