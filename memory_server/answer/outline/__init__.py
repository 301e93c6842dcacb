"""``outline``: the architecture of a repository or a folder, or the symbols of a file."""

from memory_server.answer.outline.ask import OUTLINE, outline
from memory_server.answer.outline.reply import OutlineReply
from memory_server.answer.outline.symbols import Branch

__all__ = ["OUTLINE", "Branch", "OutlineReply", "outline"]
