"""Parsed files as Arrow rows: the shape shared by the indexing workers, the store and the view.

A *blob* is what a file holds, in one language, named by its hash: files that hold the same share its rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import pyarrow as pa

from indexers.languages.registry import find_language
from indexers.model import SourceFile
from indexers.parsing.documents import build_documents
from indexers.parsing.parse import parse_file

BLOBS = pa.schema([
    pa.field("blob", pa.string()),
    pa.field("language", pa.string()),
    pa.field("lines", pa.int32()),
    pa.field("problem", pa.string()),
])  # fmt: skip
SYMBOL_FIELDS = [
    pa.field("blob", pa.string()),
    pa.field("ordinal", pa.int32()),
    pa.field("parent", pa.int32()),
    pa.field("kind", pa.string()),
    pa.field("name", pa.string()),
    pa.field("qualified_name", pa.string()),
    pa.field("signature", pa.string()),
    pa.field("doc", pa.string()),
    pa.field("start_line", pa.int32()),
    pa.field("end_line", pa.int32()),
    pa.field("terms", pa.list_(pa.uint32())),
    pa.field("counts", pa.list_(pa.uint16())),
    pa.field("text_key", pa.int64()),
]
PARSED_SYMBOLS = pa.schema([*SYMBOL_FIELDS, pa.field("text", pa.string())])
REFERENCES = pa.schema([
    pa.field("blob", pa.string()),
    pa.field("source", pa.int32()),
    pa.field("name", pa.string()),
    pa.field("qualifier", pa.string()),
    pa.field("kind", pa.string()),
    pa.field("line", pa.int32()),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """What the parse of one blob found, beside its rows."""

    blob: str
    language: str
    lines: int
    problem: str


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """The rows of several blobs."""

    blobs: tuple[BlobInfo, ...]
    symbols: pa.RecordBatch
    references: pa.RecordBatch


def blob_id(source: SourceFile) -> str:
    """The name of a file's blob: what is the same in the same language is stored once."""
    spec = find_language(source.path, source.data)
    digest = blake2b(source.data, digest_size=16, person=(spec.name if spec else "").encode()[:16])
    return digest.hexdigest()


def parse_rows(sources: Iterable[tuple[str, SourceFile]], problem: str = "") -> ParsedRows:
    """Parse files, given with their blob ids, into rows; in windows when there is a ``problem`` with them."""
    files = [(blob, source, parse_file(source, problem)) for blob, source in sources]
    documents = build_documents((source, parsed) for _, source, parsed in files)
    symbols = [symbol for _, _, parsed in files for symbol in parsed.symbols]
    references = [reference for _, _, parsed in files for reference in parsed.references]
    offsets = pa.array(documents.offsets, pa.int32())
    symbol_columns = [
        pa.array([blob for blob, _, parsed in files for _ in parsed.symbols], pa.string()),
        pa.array([ordinal for _, _, parsed in files for ordinal in range(len(parsed.symbols))], pa.int32()),
        *(
            pa.array([getattr(symbol, field.name) for symbol in symbols], field.type)
            for field in SYMBOL_FIELDS[2:10]
        ),
        pa.ListArray.from_arrays(offsets, pa.array(documents.terms)),
        pa.ListArray.from_arrays(offsets, pa.array(documents.counts)),
        pa.array(documents.text_keys, pa.int64()),
        pa.array(documents.texts, pa.string()),
    ]
    reference_columns = [
        pa.array([blob for blob, _, parsed in files for _ in parsed.references], pa.string()),
        *(
            pa.array([getattr(ref, field.name) for ref in references], field.type)
            for field in list(REFERENCES)[1:]
        ),
    ]
    return ParsedRows(
        tuple(BlobInfo(blob, parsed.language, parsed.lines, parsed.problem) for blob, _, parsed in files),
        pa.RecordBatch.from_arrays(symbol_columns, schema=PARSED_SYMBOLS),
        pa.RecordBatch.from_arrays(reference_columns, schema=REFERENCES),
    )
