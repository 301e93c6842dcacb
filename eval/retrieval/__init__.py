"""Retrieval quality: does a search find what a question is about, and at which rank?

Questions are from a labelled ``benchmark`` (``labels``) or from a repository's own commits (``changes``). ``ablations``
is what a search ranks by, ``asking`` puts a question and takes the time; ``run`` gathers what jobs found, ``results``
sums up, ``report`` shows, ``command`` is the command. ``fit`` finds the ranking's constants.
"""
