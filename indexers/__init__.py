"""What a repository says, as values: no database, no network."""

import os

# A query's matrix products take a millisecond; with the other core busy, waiting for a second thread takes ten.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
