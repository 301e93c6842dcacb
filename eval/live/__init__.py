"""Live: the real Claude Code client does tasks with and without this product's server, by a model or a script."""
