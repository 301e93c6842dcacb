"""The past conversations of a repository: brought in from logs, searched, forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from indexers.embedding.embed import Embedder, Vectors
from indexers.files import read_regular
from indexers.terms import text_words
from memory_server.episodes.commands import NOTHING, Learned, learn
from memory_server.episodes.folder import LARGEST, SessionFolder, name_of
from memory_server.episodes.model import EpisodeHit, Passage, Session
from memory_server.errors import StoreDamagedError
from memory_server.files import remove_entry, replace_file
from memory_server.store.passage_rows import HEADER, FoundPassage, PassageRow

if TYPE_CHECKING:
    from memory_server.store.passages import Passages

CLAUDE_CODE = "claude-code"

DENSE_WEIGHT, HEADER_WEIGHT = 1.0, 0.2
"""What the likeness of embeddings, and what a session as a whole says, count beside the best passage's words: found on
the 484 questions of `repo-memory eval memory episodes`, where no weight near these moves R@5 by more than 0.02."""

MOST_FOUND = 600
"""Rows that have a word of the question among which the best are chosen."""

PART, LEAD = 800, 200
"""Characters of a passage that are a row, and of what was asked that each later row begins with."""

_BATCH = 64
_LEARNED, _LEARNED_OF = "learned.json", TypeAdapter(Learned)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did: sessions that are new, that went on since, and that were there as they are.

    ``skips`` counts the lines of logs that were passed over, by why.
    """

    added: int
    updated: int
    unchanged: int
    passages: int
    skips: Mapping[str, int]


class EpisodeBook:
    """The sessions of one repository, and the tables that find them, which are made from the sessions."""

    def __init__(self, sessions: Path, tables: Path, embedder: Embedder) -> None:
        self.folder = SessionFolder(sessions)
        self._tables, self._embedder = tables, embedder
        self._known: tuple[int, Learned] | None = None
        self._opened: tuple[int, Passages] | None = None

    def is_empty(self) -> bool:
        """Whether no session is kept."""
        return self.folder.is_empty()

    def bring_in(self, folders: Sequence[Path], show: Callable[[int, int], None]) -> ImportReport:
        """Read the logs below some folders that changed since they were read; ``show`` is told files and their number.

        Raises:
            StoreError: the sessions cannot be written.
        """
        from indexers.transcripts.claude_code.threads import (
            read_files,  # no question needs the reader of logs
        )
        from memory_server.episodes.extract import read_session

        known = {name_of(session.id): session for session in self.folder.all()}
        groups = _group(folders)
        forgotten = self.folder.forgotten()
        wanted = {name: files for name, files in groups.items() if name_of(name) not in forgotten}
        news = {
            name: files for name, files in wanted.items() if not _is_read(known.get(name_of(name)), files)
        }
        owners = {one.key: session.id for session in known.values() for one in session.passages}
        added = updated = passages = 0
        skips: Counter[str] = Counter()
        for nth, (name, files) in enumerate(sorted(news.items(), key=lambda item: item[1])):
            show(nth, len(news))
            sources = [_stamp(file) for file in files]
            logs = read_files(files)
            skips.update({skip.reason: skip.lines for skip in logs.skips})
            old = known.get(name_of(name))
            read = read_session(name, CLAUDE_CODE, logs.conversations, sources)
            session = _without_copies(_with_old(read, old), owners)
            if session.passages:
                self.folder.write(session)
                added, updated = added + (old is None), updated + (old is not None)
                passages += len(session.passages)
        self.sync()
        return ImportReport(added, updated, len(wanted) - len(news), passages, skips)

    def sync(self) -> None:
        """Bring the tables up to the sessions that are kept.

        Raises:
            StoreError: they cannot be written.
        """
        stamps = {name: f"{stamp[0]}-{stamp[1]}" for name, stamp in self.folder.stamps().items()}
        tables = self._open()
        stored = tables.stamps()
        tables.remove([name for name in stored if stored[name] != stamps.get(name)])
        fresh = [name for name in stamps if stored.get(name) != stamps[name]]
        for start in range(0, len(fresh), _BATCH):
            rows = [row for name in fresh[start : start + _BATCH] for row in self._rows(name, stamps[name])]
            vectors = self._embedder.embed([row.words for row in rows])
            tables.add(rows, vectors)
        tables.finish()
        self._learn()

    def learned(self) -> Learned:
        """What the sessions say of commands and commits, read once for each of their states."""
        path = self._tables / _LEARNED
        try:
            stamp = path.stat().st_mtime_ns
            if self._known is None or self._known[0] != stamp:
                self._known = (stamp, _LEARNED_OF.validate_json(read_regular(path, LARGEST)))
            return self._known[1]
        except (OSError, ValueError):
            return NOTHING if self.is_empty() else self._learn()

    def _learn(self) -> Learned:
        learned = learn(self.folder.all())
        with suppress(OSError):
            self._tables.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self._tables / _LEARNED, _LEARNED_OF.dump_json(learned), private=True)
        return learned

    def search(self, query: str, limit: int) -> list[EpisodeHit]:
        """The sessions that answer a question, best first, each with its best passage.

        Raises:
            StoreError: the tables are gone, and cannot be written anew.
        """
        words = " ".join(text_words(query))
        if not words or self.is_empty():
            return []
        if self._open().is_empty():
            self.sync()
        found = self._open().search(words, MOST_FOUND)
        return self._rank(found, self._embedder.embed_query(words).reshape(-1), limit)

    def find(self, key: str) -> list[Session]:
        """The sessions whose ids begin with a key."""
        names = [name for name in self.folder.stamps() if name.startswith(key)]
        return [session for name in names if (session := self.folder.read(name)) is not None]

    def forget(self, sessions: Iterable[Session]) -> int:
        """Remove sessions with all that was kept of them.

        Raises:
            StoreError: they cannot be removed.
        """
        count = 0
        for session in sessions:
            self.folder.forget(session)
            count += 1
        if count:
            remove_entry(self._tables)  # a table keeps what is deleted in files until they are merged
            self.sync()
        return count

    def _open(self) -> Passages:
        """The tables, opened once for each of their states; empty ones in the place of damaged ones."""
        from memory_server.store.passages import Passages  # lancedb takes a second to import

        written = self._tables / "checksums.json"
        stamp = written.stat().st_mtime_ns if written.exists() else 0
        if self._opened is None or self._opened[0] != stamp or not stamp:
            try:
                opened = Passages(self._tables, self._embedder.id, self._embedder.dimensions)
            except StoreDamagedError:
                remove_entry(self._tables)
                opened = Passages(self._tables, self._embedder.id, self._embedder.dimensions)
            self._opened = (stamp, opened)
        return self._opened[1]

    def _rows(self, name: str, stamp: str) -> list[PassageRow]:
        session = self.folder.read(name)
        if session is None:
            return []
        texts = [(HEADER, session.header)]
        texts += [(number, part) for number, one in enumerate(session.passages, 1) for part in _parts(one)]
        return [PassageRow(name, stamp, number, " ".join(text_words(text))) for number, text in texts]

    def _rank(self, found: Sequence[FoundPassage], vector: Vectors, limit: int) -> list[EpisodeHit]:
        top = max((one.score for one in found), default=1.0)
        whole: dict[str, float] = {}
        best: dict[str, tuple[float, int]] = {}
        for one in found:
            score = one.score / top + DENSE_WEIGHT * float(one.vector @ vector)
            if one.number == HEADER:
                whole[one.session] = score
            else:
                best[one.session] = max(best.get(one.session, (0.0, 1)), (score, one.number))
        names = {*whole, *best}
        total = {name: best.get(name, (0.0, 1))[0] + HEADER_WEIGHT * whole.get(name, 0.0) for name in names}
        hits = []
        for name in sorted(names, key=lambda name: (-total[name], name)):
            session = self.folder.read(name)
            number = best.get(name, (0.0, 1))[1]
            if session is not None and number <= len(session.passages):
                hits.append(EpisodeHit(session, session.passages[number - 1], total[name]))
            if len(hits) == limit:
                break
        return hits


def _parts(passage: Passage) -> list[str]:
    """A passage's text in parts that are about one thing each, as far as length tells."""
    text = passage.text
    return [
        text[:PART],
        *(f"{passage.asked[:LEAD]}\n{text[at : at + PART]}" for at in range(PART, len(text), PART)),
    ]


def _group(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """The logs below some folders by the session that they belong to: its own, then its subagents'."""
    groups: dict[str, list[Path]] = {}
    for file in sorted({file for folder in folders for file in folder.rglob("*.jsonl")}):
        name = file.parent.parent.name if file.parent.name == "subagents" else file.stem
        groups.setdefault(name, []).append(file)
    return groups


def _stamp(file: Path) -> tuple[str, int, int]:
    status = file.stat()
    return (str(file), status.st_size, status.st_mtime_ns)


def _is_read(session: Session | None, files: Sequence[Path]) -> bool:
    return session is not None and set(session.sources) == {_stamp(file) for file in files}


def _with_old(session: Session, old: Session | None) -> Session:
    """A session with the passages of its former state that the logs do not hold any more."""
    if old is None:
        return session
    keys = {one.key for one in session.passages}
    kept = [one for one in old.passages if one.key not in keys]
    return replace(session, passages=(*kept, *session.passages))


def _without_copies(session: Session, owners: dict[str, str]) -> Session:
    """A session without what it took over from another one, which it continues."""
    own = [one for one in session.passages if owners.setdefault(one.key, session.id) == session.id]
    return replace(session, passages=tuple(own))
