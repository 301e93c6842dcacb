"""``python -m memory_server.cli``."""

from memory_server.cli import main

main()
