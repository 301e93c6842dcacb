"""Savings: how many tokens stand in the context by the time that a question's gold lines do, beside other ways.

``gold`` says what has to be in context, ``context`` counts what tool calls put there, ``arms`` are the ways of reading
of an agent without an index and ``own`` is this product's; ``bill`` makes money of tokens; ``run`` asks, ``results``
sums up, ``report`` and ``page`` show, ``command`` is the command. The method: eval/README.md.
"""
