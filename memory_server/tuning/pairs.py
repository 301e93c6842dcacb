"""Pairs to train on: words that somebody wrote about code, and the text by which the product would embed that code.

The texts about code are doc comments, names, names of tests, paragraphs of documentation and commit messages.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from indexers.history.commits import Commit
from indexers.languages.registry import find_language, is_test_path
from indexers.model import ParsedFile, SourceFile, Symbol
from indexers.parsing.documents import EMBEDDED_WORDS, build_documents, path_text
from indexers.parsing.parse import parse_file
from indexers.source.content import is_generated, to_utf8
from indexers.source.file_names import judge_name
from indexers.source.masking import mask_secrets
from indexers.terms import split_identifier, text_words

CAPS = {"doc": 6_000, "name": 2_500, "test": 2_000, "section": 1_000, "commit": 5_000, "file": 1_500}
"""Pairs kept of a repository, by what the words about the code were."""

FILE_LIMIT = 1_200
"""Files read of a repository, drawn at random."""

MAX_BYTES = 150_000
"""Size of a file above which it is not read."""

COMMIT_LIMIT = 1_500
"""Commits read of a repository, the newest."""

FOREIGN_FOLDERS = frozenset({
    "3rdparty", "_vendor", "_vendored", "bundled", "bower_components", "compiler_rt", "contrib-libs", "dependencies",
    "deps", "dist",
    "extern", "external", "externals", "lib_deps", "node_modules", "nlohmann", "pods", "site-packages", "submodules",
    "subprojects", "third-party", "third_party", "thirdparty", "vendor", "vendored",
})  # fmt: skip
"""Folders that hold other projects' code or built code."""

_QUERY_WORDS = (3, 48)
_TESTED = 2
_HUNKS = 3
_COMMIT_FILES = 8
_TOGETHER = 100
_CODE_KINDS = frozenset(
    {"function", "method", "class", "interface", "struct", "enum", "trait", "impl", "macro", "module", "type"}
)
_NOT_ABOUT_CODE = re.compile(
    r"copyright|licen[cs]e[ds]?\b|all rights reserved|eslint-|noqa|pylint|generated|@internal|\{@inheritdoc\}|"
    r"type: ignore|SPDX|todo\b|fixme\b",
    re.I,
)
_TAGS = re.compile(
    r"\s(?:@(?:param|return|throws|since|author|see|example|type|template|private|public|group|deprecated|api)|:param|:return|"
    r":type|Args:|Arguments:|Parameters?:?\s*-|Returns:|Raises:|Examples?:|## |# Examples?|# Errors|# Panics|# Safety|"
    r"\\param|\\return|- Parameters?|>>> |```|iex>)"
)
_MARKUP = re.compile(
    r"\{@\w{1,30} ([^}]{0,300})\}|</?\w+>|\[([^\]]{0,300})\]\([^)]{0,300}\)|https?://\S+|\\[a-z]+ "
)
_SENTENCE_END = re.compile(r"(?<=[a-z)`'\"])\.(?=\s)")
_SUBJECT = re.compile(
    r"^(?:\[[^\]]*\]\s*)+|^(?:fix|feat|feature|chore|docs?|refactor|test|perf|style|ci|build|revert)(?:\([^)]*\))?!?:\s*|"
    r"\(?(?:#|gh-|pr )\d+\)?|\bissue \d+",
    re.I,
)
_DULL_SUBJECT = re.compile(
    r"^(?:bump|release|merge|revert|update (?:dependenc|changelog|version|readme)|upgrade|prepare|version|v?\d|wip\b|"
    r"typo|fix typo|lint|format|changelog|regenerate|sync|update translations|cleanup$|fix tests?$|chore)",
    re.I,
)
_HEADING_MARK = re.compile(r"\A\s*#{1,6}\s+")
"""Of a section's first line: in a doc comment, two of them would end the prose (``_TAGS``)."""

_CODE_SPAN = re.compile(r"`([A-Za-z_][\w.:#]*)(?:\(\))?`")
_ENGLISH = frozenset({
    "the", "a", "an", "of", "to", "in", "for", "is", "and", "or", "if", "with", "from", "be", "by", "on", "as", "this",
    "that", "it", "when", "not",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """Words about code, the code's embedded text, and the words of its path; ``kind`` is one of ``CAPS``."""

    kind: str
    query: str
    document: str
    path: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A symbol with the text that it is embedded by, with and without its doc comment."""

    symbol: Symbol
    path: str
    full: str
    bare: str


def is_code(path: str) -> bool:
    """Whether a file is worth reading: the repository's own, in a known language, not generated, no secret."""
    return judge_name(path) is None and not is_foreign(path) and find_language(path) is not None


def extract_pairs(files: Iterable[tuple[str, bytes]], commits: Iterable[Commit], seed: str) -> list[Pair]:
    """The pairs of one repository, each kind capped by a draw; the same input and seed give the same list."""
    parsed = [result for path, data in files if (result := _parse(path, data)) is not None]
    entries = _documents(parsed)
    by_name: dict[str, list[_Entry]] = defaultdict(list)
    for entry in chain.from_iterable(entries):
        if entry.symbol.kind in _CODE_KINDS and not is_test_path(entry.path):
            by_name[entry.symbol.name].append(entry)
    found = chain(
        chain.from_iterable(map(_symbol_pairs, chain.from_iterable(entries))),
        _test_pairs(parsed, entries, by_name),
        _section_pairs(parsed, entries, by_name),
        _commit_pairs(commits, {each[0].path: each for each in entries if each}),
    )
    return _cap(found, random.Random(seed))


def _cap(pairs: Iterable[Pair], draw: random.Random) -> list[Pair]:
    by_kind: dict[str, dict[tuple[str, str], Pair]] = {kind: {} for kind in CAPS}
    for pair in pairs:
        by_kind[pair.kind].setdefault((pair.query, pair.document), pair)
    kept: list[Pair] = []
    for kind, found in by_kind.items():
        some = list(found.values())
        kept += some if len(some) <= CAPS[kind] else draw.sample(some, CAPS[kind])
    return kept


def _parse(path: str, data: bytes) -> tuple[SourceFile, ParsedFile] | None:
    text = to_utf8(data)
    if text is None or is_generated(path, text):
        return None
    source = SourceFile(path, mask_secrets(path, text))
    return source, parse_file(source)


def _documents(files: list[tuple[SourceFile, ParsedFile]]) -> list[list[_Entry]]:
    """For each file its symbols with their texts; many files at once, for a call's cost grows with the words known."""
    entries: list[list[_Entry]] = []
    for first in range(0, len(files), _TOGETHER):
        some = files[first : first + _TOGETHER]
        texts = iter(build_documents(some).texts)
        bares = iter(build_documents([_without_docs(source, result) for source, result in some]).texts)
        entries += [
            [_Entry(symbol, source.path, next(texts), next(bares)) for symbol in result.symbols]
            for source, result in some
        ]
    return entries


def _without_docs(source: SourceFile, parsed: ParsedFile) -> tuple[SourceFile, ParsedFile]:
    """The file without its symbols' doc comments, that are also blank where they stand in a body."""
    data = bytearray(source.data)
    for symbol in parsed.symbols:
        _blank_doc(data, symbol)
    bare_symbols = tuple(replace(symbol, doc="") for symbol in parsed.symbols)
    return SourceFile(source.path, bytes(data)), replace(parsed, symbols=bare_symbols)


def _blank_doc(data: bytearray, symbol: Symbol) -> None:
    """Overwrite a docstring in its symbol: from its first words on, to the end of the quotes around it."""
    words = re.findall(rb"\w+", symbol.doc.encode())
    if not words:
        return
    head = re.compile(rb"\W{1,40}".join(map(re.escape, words[:6])))
    match = head.search(data, symbol.start_byte, min(symbol.end_byte, symbol.start_byte + 4_000))
    if match is None:
        return
    opening = bytes(data[max(match.start() - 12, 0) : match.start()])
    quotes = next((mark for mark in (b'"""', b"'''", b"*/", b"-}") if mark in opening), None)
    if quotes is None and b"/*" in opening:
        quotes = b"*/"
    if quotes:
        end = data.find(quotes, match.end(), symbol.end_byte)
    else:
        last = re.compile(rb"\W{1,40}".join(map(re.escape, words[-4:])))
        found = last.search(data, match.start(), symbol.end_byte)
        end = found.end() if found else -1
    end = match.end() if end < 0 else end
    data[match.start() : end] = b" " * (end - match.start())


def _symbol_pairs(entry: _Entry) -> Iterator[Pair]:
    symbol, path = entry.symbol, path_text(entry.path)
    about = clean_prose(symbol.doc)
    if about and symbol.kind != "section" and len(entry.bare.split()) >= 6:
        kind = "file" if symbol.kind == "file" else "doc"
        yield Pair(kind, about, entry.bare, path)
        first = _SENTENCE_END.split(symbol.doc, maxsplit=1)[0]
        if len(first) < len(symbol.doc) * 0.6 and (brief := clean_prose(first)):
            yield Pair(kind, brief, entry.bare, path)
    words = split_identifier(symbol.name)
    if symbol.kind in _CODE_KINDS and len(words) >= 2 and not is_test_path(entry.path):
        skipped = len(text_words(symbol.qualified_name))
        rest = [word for word in entry.bare.split()[skipped:] if word not in words]
        if len(rest) >= 10:
            yield Pair("name", " ".join(words), " ".join(rest), path)


def clean_prose(text: str) -> str:
    """The words of a doc comment's prose, before its tags and examples; "" for legal text or no English."""
    if not text or _NOT_ABOUT_CODE.search(text[:200]):
        return ""
    text = _MARKUP.sub(lambda match: f" {match.group(1) or match.group(2) or ''} ", text)
    text = _TAGS.split(f" {text}", maxsplit=1)[0]
    words = text_words(text)[: _QUERY_WORDS[1]]
    plain = sum(word.isascii() for word in words)
    if len(words) < _QUERY_WORDS[0] or plain < 0.9 * len(words):
        return ""
    if len(words) >= 12 and not _ENGLISH.intersection(words):
        return ""
    return " ".join(words)


def _test_pairs(
    parsed: list[tuple[SourceFile, ParsedFile]], entries: list[list[_Entry]], by_name: dict[str, list[_Entry]]
) -> Iterator[Pair]:
    """A test's name with the test's body, and with the functions that it calls and is named after."""
    for (source, result), documents in zip(parsed, entries, strict=True):
        if not is_test_path(source.path) and not any(s.kind == "test" for s in result.symbols):
            continue
        calls: dict[int, set[str]] = defaultdict(set)
        for reference in result.references:
            if reference.kind == "call":
                calls[reference.source].add(reference.name)
        for place, entry in enumerate(documents):
            words = _test_words(entry.symbol, is_test_path(source.path))
            if not words:
                continue
            query = " ".join(words)
            skipped = len(text_words(entry.symbol.qualified_name))
            rest = entry.bare.split()[skipped:]
            if len(rest) >= 8:
                yield Pair("test", query, " ".join(w for w in rest if w not in words), path_text(source.path))
            targets = [hit for name in sorted(calls[place]) for hit in by_name.get(name, ())[:2]]
            targets.sort(key=lambda hit: -_overlap(words, hit))
            for hit in targets[:_TESTED]:
                if _overlap(words, hit) > 0:
                    yield Pair("test", query, hit.full, path_text(hit.path))


def _test_words(symbol: Symbol, in_test_file: bool) -> list[str]:
    if symbol.kind != "test" and not (in_test_file and re.match(r"test|should|it_", symbol.name, re.I)):
        return []
    words = [word for word in text_words(symbol.name) if word not in {"test", "tests", "should", "it"}]
    return words[: _QUERY_WORDS[1]] if len(words) >= _QUERY_WORDS[0] else []


def _overlap(words: list[str], hit: _Entry) -> float:
    own = split_identifier(hit.symbol.name)
    return len(set(words).intersection(own)) / (len(own) + 1)


def _section_pairs(
    parsed: list[tuple[SourceFile, ParsedFile]], entries: list[list[_Entry]], by_name: dict[str, list[_Entry]]
) -> Iterator[Pair]:
    """A section of documentation with the symbols that it names, and its heading with its own text."""
    for (source, _), documents in zip(parsed, entries, strict=True):
        for entry in documents:
            symbol = entry.symbol
            if symbol.kind != "section":
                continue
            text = source.data[symbol.start_byte : symbol.end_byte].decode("utf-8", "replace")[:1_500]
            prose = re.sub(r"```.*?(?:```|$)", " ", text, flags=re.S)
            names = [re.split(r"[.:#]+", name)[-1] for name in _CODE_SPAN.findall(prose)]
            hits = [hits[0] for name in dict.fromkeys(names) if len(hits := by_name.get(name, [])) in {1, 2}]
            about = clean_prose(_HEADING_MARK.sub("", prose))
            for hit in hits[:_TESTED] if about else ():
                yield Pair("section", about, hit.full, path_text(hit.path))
            heading, body = text_words(symbol.qualified_name), entry.full.split()
            if len(heading) >= _QUERY_WORDS[0] and len(body) > len(heading) + 12:
                yield Pair(
                    "section", " ".join(heading), " ".join(body[len(heading) :]), path_text(source.path)
                )


def _commit_pairs(commits: Iterable[Commit], files: dict[str, list[_Entry]]) -> Iterator[Pair]:
    """A commit's message with what it changed: the symbol as it is now where git names it, else the hunk's words."""
    for commit in commits:
        query = clean_subject(_masked(commit.subject))
        paths = {hunk.path for hunk in commit.hunks}
        if not query or not 0 < len(paths) <= _COMMIT_FILES:
            continue
        body = clean_prose(_masked(commit.body).partition("\n\n")[0]) if len(query.split()) < 24 else ""
        long = f"{query} {body}" if 0 < len(body.split()) <= 30 else query
        seen: set[str] = set()
        for hunk in commit.hunks:
            document = _hunk_text(hunk.heading, _masked(hunk.text, hunk.path), files.get(hunk.path, []))
            if not is_code(hunk.path) or len(document.split()) < 8 or document in seen:
                continue
            seen.add(document)
            yield Pair("commit", long if len(seen) % 2 == 0 else query, document, path_text(hunk.path))
            if len(seen) == _HUNKS:
                break


def _masked(text: str, path: str = "") -> str:
    """What a commit says or changes, without secrets."""
    return mask_secrets(path, text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _hunk_text(heading: str, text: str, entries: list[_Entry]) -> str:
    for entry in entries:
        name = entry.symbol.name
        if (
            entry.symbol.kind in _CODE_KINDS
            and name in heading
            and re.search(rf"\b{re.escape(name)}\b", heading)
        ):
            return entry.full
    words = [*text_words(heading), *dict.fromkeys(word for word in text_words(text) if len(word) > 1)]
    return " ".join(words[:EMBEDDED_WORDS])


def clean_subject(subject: str) -> str:
    """The words of a commit's subject without its number and kind; "" where it says nothing about code."""
    text = subject
    for _ in range(2):
        text = _SUBJECT.sub(" ", text.strip())
    words = text_words(text)
    plain = sum(word.isascii() for word in words)
    if _DULL_SUBJECT.match(text.strip()) or len(words) < _QUERY_WORDS[0] or plain < 0.9 * len(words):
        return ""
    return " ".join(words[: _QUERY_WORDS[1]])


def write_pairs(path: Path, pairs: list[Pair]) -> None:
    """Write pairs as parquet, whole or not at all."""
    schema = pa.schema([(name, pa.string()) for name in Pair.__dataclass_fields__])
    partial = path.with_suffix(".partial")
    pq.write_table(
        pa.Table.from_pylist([asdict(pair) for pair in pairs], schema), partial, compression="zstd"
    )
    partial.rename(path)


def is_foreign(path: str) -> bool:
    """Whether a path leads through a folder of other projects' code."""
    return not FOREIGN_FOLDERS.isdisjoint(part.lower() for part in PurePosixPath(path).parts[:-1])
