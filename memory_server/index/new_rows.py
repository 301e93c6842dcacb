"""Rows of blobs that were parsed in this run, with their vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from memory_server.index.embedding import EmbeddingRun
from memory_server.store.quantised import QuantisedVectors
from memory_server.store.rows import PARSED_SYMBOLS, REFERENCES, BlobInfo, ParsedRows

FindVectors = Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], QuantisedVectors]]
"""Finds the vectors of texts by their keys: the keys that have one, distinct and sorted, and the vectors."""


@dataclass(slots=True)
class NewRows:
    """Rows of new blobs as they gather, each blob once, with their vectors."""

    embedding: EmbeddingRun
    find_stored: FindVectors | None
    infos: list[BlobInfo] = field(default_factory=list)
    symbols: list[pa.Table] = field(default_factory=list)
    references: list[pa.RecordBatch] = field(default_factory=list)
    embedded: int = 0
    rows: int = 0
    _blobs: set[str] = field(default_factory=set)
    _made: list[tuple[NDArray[np.int64], QuantisedVectors]] = field(default_factory=list)

    def add(self, rows: ParsedRows, work: int = 0) -> None:
        """Take the rows of a batch, so much of the ``work``, embedding the texts that have no vector yet."""
        self.embedding.work_done += work
        fresh = [info for info in rows.blobs if info.blob not in self._blobs]
        if not fresh:
            return
        symbols, references = pa.Table.from_batches([rows.symbols]), rows.references
        if len(fresh) < len(rows.blobs):
            wanted = pa.array([info.blob for info in fresh])
            symbols = symbols.filter(pc.is_in(symbols["blob"], wanted))
            references = references.filter(pc.is_in(references["blob"], wanted))
        self._blobs.update(info.blob for info in fresh)
        self.infos += fresh
        self.symbols.append(self._embed(symbols).add_to(symbols.drop_columns(["text"])))
        self.references.append(references)
        self.rows += len(symbols)

    def _embed(self, symbols: pa.Table) -> QuantisedVectors:
        """The symbols' vectors: made in this run, stored by an earlier one, or made now."""
        keys, first, inverse = np.unique(
            symbols["text_key"].to_numpy(), return_index=True, return_inverse=True
        )
        vectors = QuantisedVectors.empty(len(keys), self.embedding.embedder.dimensions)
        known = np.zeros(len(keys), bool)
        for made, made_vectors in self._made:
            common, place, source = np.intersect1d(keys, made, assume_unique=True, return_indices=True)
            if len(common):
                vectors.put(place, made_vectors.take(source))
                known[place] = True
        if self.find_stored is not None and not known.all():
            stored, stored_vectors = self.find_stored(keys[~known])
            place = np.searchsorted(keys, stored)
            vectors.put(place, stored_vectors)
            known[place] = True
        missing = np.flatnonzero(~known)
        if len(missing):
            texts = symbols["text"].take(pa.array(first[missing])).to_pylist()
            fresh = QuantisedVectors.quantise(self.embedding.embed(texts))
            vectors.put(missing, fresh)
            self.embedded += len(missing)
            self._made.append((keys[missing], fresh))
        return vectors.take(inverse)

    def take(self) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Hand over (blobs, symbols, references) as the store takes them, and start afresh."""
        blobs = pa.table({
            "blob": pa.array([info.blob for info in self.infos], pa.string()),
            "language": pa.array([info.language for info in self.infos], pa.string()),
            "lines": pa.array([info.lines for info in self.infos], pa.int32()),
            "problem": pa.array([info.problem for info in self.infos], pa.string()),
        })  # fmt: skip
        symbols = pa.concat_tables(self.symbols) if self.symbols else PARSED_SYMBOLS.empty_table()
        references = pa.Table.from_batches(self.references, schema=REFERENCES)
        self.infos, self.symbols, self.references, self.rows = [], [], [], 0
        return blobs, symbols, references
