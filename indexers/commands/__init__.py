"""How a project is built, tested and run, as its own files say it."""
