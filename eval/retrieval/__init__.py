"""Retrieval quality: does a search find what a question is about, and at which rank?

``labels`` reads a benchmark, ``indexes`` opens what is searched, ``benchmark`` asks, ``metrics`` and ``results`` count,
``report`` shows.
"""
