"""Retrieval quality: does a search find what a question is about, and at which rank?

Questions are from a labelled ``benchmark`` (``labels``) or from a repository's own commits (``history``,
``changes``). ``indexes`` opens what is searched and ``ablations`` what it is ranked by; ``grep`` and ``matchers`` are
the search of an agent without an index; ``run`` asks and ``journal`` keeps what an interrupted run has; ``metrics`` and
``results`` count, ``report`` shows, ``command`` is the command.
"""
