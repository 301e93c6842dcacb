"""``search``: what stands literally in the repository, then what is ranked."""

from memory_server.answer.search.ask import MAX_HITS, SEARCH, find, search
from memory_server.answer.search.ranked import hit_texts
from memory_server.answer.search.reply import SearchReply

__all__ = ["MAX_HITS", "SEARCH", "SearchReply", "find", "hit_texts", "search"]
