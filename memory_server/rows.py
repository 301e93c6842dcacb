"""Parsed files as Arrow rows: the shape shared by the indexing workers, the store and the view."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import pyarrow as pa

from indexers.documents import build_documents
from indexers.languages import find_language
from indexers.model import SourceFile
from indexers.parse import parse_file

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
    """What the parse of one content found, beside its rows."""

    blob: str
    language: str
    lines: int
    problem: str


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """The rows of several files' contents."""

    blobs: tuple[BlobInfo, ...]
    symbols: pa.RecordBatch
    references: pa.RecordBatch


def blob_id(source: SourceFile) -> str:
    """The identity of a file's content: equal content in the same language is stored once."""
    spec = find_language(source.path, source.data)
    digest = blake2b(source.data, digest_size=16, person=(spec.name if spec else "").encode()[:16])
    return digest.hexdigest()


def parse_rows(sources: Iterable[tuple[str, SourceFile]]) -> ParsedRows:
    """Parse files, given with their blob ids, into rows."""
    symbols: dict[str, list[object]] = {field.name: [] for field in PARSED_SYMBOLS}
    references: dict[str, list[object]] = {field.name: [] for field in REFERENCES}
    blobs = []
    for blob, source in sources:
        parsed = parse_file(source)
        blobs.append(BlobInfo(blob, parsed.language, parsed.lines, parsed.problem))
        for ordinal, (symbol, document) in enumerate(
            zip(parsed.symbols, build_documents(source, parsed), strict=True)
        ):
            row = (
                blob, ordinal, symbol.parent, symbol.kind, symbol.name, symbol.qualified_name, symbol.signature,
                symbol.doc, symbol.start_line, symbol.end_line, document.terms, document.counts,
                document.text_key, document.text,
            )  # fmt: skip
            for column, value in zip(symbols.values(), row, strict=True):
                column.append(value)
        for reference in parsed.references:
            fields = (blob, reference.source, reference.name, reference.qualifier, reference.kind, reference.line)
            for column, value in zip(references.values(), fields, strict=True):
                column.append(value)
    return ParsedRows(
        tuple(blobs),
        pa.RecordBatch.from_pydict(symbols, schema=PARSED_SYMBOLS),
        pa.RecordBatch.from_pydict(references, schema=REFERENCES),
    )
