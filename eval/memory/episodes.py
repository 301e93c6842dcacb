"""Whether the conversation that a commit came of is found by the commit's subject.

The conversations are public: a repository whose branch of checkpoints holds the logs of the sessions that its commits
were made in, and whose commits name their checkpoint in a trailer.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from rich.table import Table

from eval.errors import MeasureError
from eval.machine import Machine, describe_machine, own_revision
from indexers.embedding.embed import load_embedder
from indexers.files import parse_json
from indexers.git import read_git, run_git
from memory_server.episodes.book import EpisodeBook
from memory_server.episodes.folder import name_of

TRAILER = "Entire-Checkpoint"
BRANCH = "entire/checkpoints/v1"
"""How the commits of github.com/entireio/cli name the checkpoint with their session's log, and where those lie."""

DEPTH = 10
FORMAT = 1
"""Version of the result's layout."""


@dataclass(frozen=True, slots=True)
class Question:
    """A commit's subject, and the sessions that it came of."""

    subject: str
    sessions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The place, from 1, of the first right session among the first ten, 0 for none, and the search's seconds."""

    subject: str
    place: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """All answers, and what bringing the logs in took."""

    answers: tuple[Answer, ...]
    sessions: int
    passages: int
    bytes: int
    import_seconds: float


@dataclass(frozen=True, slots=True)
class EpisodeResult:
    """One run: recall at 1, 5 and 10, the mean reciprocal rank of the first right session, and what it took.

    ``import_speed`` is in megabytes of logs a second. ``missed`` are the subjects whose session was not among ten.
    """

    format: int
    machine: Machine
    revision: str
    questions: int
    sessions: int
    passages: int
    recall_1: float
    recall_5: float
    recall_10: float
    reciprocal_rank: float
    search_median_ms: float
    search_p95_ms: float
    megabytes: float
    import_speed: float
    missed: tuple[str, ...]


def collect_episodes(found: Found) -> EpisodeResult:
    """The result of a run."""
    places = [answer.place for answer in found.answers]
    times = quantiles((1000 * answer.seconds for answer in found.answers), n=20)

    def recall(depth: int) -> float:
        return round(sum(0 < place <= depth for place in places) / len(places), 4)

    return EpisodeResult(
        FORMAT, describe_machine(), own_revision(), len(places), found.sessions, found.passages,
        recall(1), recall(5), recall(10),
        round(sum(1 / place for place in places if place) / len(places), 4),
        round(times[9], 1), round(times[18], 1),
        round(found.bytes / 1e6, 1), round(found.bytes / 1e6 / found.import_seconds, 1),
        tuple(answer.subject for answer in found.answers if not answer.place),
    )  # fmt: skip


def build_table(result: EpisodeResult) -> Table:
    """The figures, a line each."""
    table = Table(
        "", "", title="Conversations found by the subjects of the commits made in them", show_header=False
    )
    rows = {
        "questions": result.questions,
        "sessions": f"{result.sessions}, {result.passages} passages",
        "recall at 1, 5, 10": f"{result.recall_1:.3f}, {result.recall_5:.3f}, {result.recall_10:.3f}",
        "mean reciprocal rank": f"{result.reciprocal_rank:.3f}",
        "a search, median and p95": f"{result.search_median_ms} and {result.search_p95_ms} ms",
        "import": f"{result.megabytes:.0f} MB at {result.import_speed} MB/s",
        "revision": result.revision,
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table


def measure_episodes(clone: Path, show: Callable[[int, int], None]) -> Found:
    """Bring in the sessions of a clone's checkpoints, and look each commit's session up by the commit's subject.

    Raises:
        MeasureError: the clone holds no such sessions or commits.
        GitError: it is no repository.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        checkpoints = _lay_out(clone, root / "logs")
        questions = list(_find_questions(clone, checkpoints))
        if not questions:
            raise MeasureError("no commit names a session", f"clone a repository with the branch {BRANCH}")
        book = EpisodeBook(root / "sessions", root / "episodes", load_embedder(None))
        begun = time.perf_counter()
        report = book.bring_in([root / "logs"], lambda _done, _total: None)
        seconds = time.perf_counter() - begun
        answers = []
        for nth, question in enumerate(questions):
            show(nth, len(questions))
            answers.append(_ask(book, question))
        size = sum(file.stat().st_size for file in (root / "logs").iterdir())
        return Found(tuple(answers), report.added, report.passages, size, seconds)


def _ask(book: EpisodeBook, question: Question) -> Answer:
    begun = time.perf_counter()
    hits = book.search(question.subject, DEPTH)
    seconds = time.perf_counter() - begun
    places = [place for place, hit in enumerate(hits, 1) if hit.session.id in question.sessions]
    return Answer(question.subject, places[0] if places else 0, seconds)


def _lay_out(clone: Path, logs: Path) -> dict[str, set[str]]:
    """Write the longest log of each session; the sessions of each checkpoint."""
    logs.mkdir()
    listed = read_git(clone, "ls-tree", "-r", "-l", "-z", f"origin/{BRANCH}" if _is_remote(clone) else BRANCH)
    entries = [line.partition("\t") for line in listed.decode().split("\0") if line]
    blobs = {path: (head.split()[2], head.split()[3]) for head, _, path in entries}
    checkpoints: dict[str, set[str]] = {}
    longest: dict[str, tuple[int, str]] = {}
    for path, (blob, _) in blobs.items():
        folder, _, name = path.rpartition("/")
        log = blobs.get(f"{folder}/full.jsonl")
        if (
            name != "metadata.json" or log is None or not log[1].isdigit()
        ):  # git tells BAD of one that is not there
            continue
        metadata: Any = parse_json(read_git(clone, "cat-file", "blob", blob))
        session = name_of(str(metadata.get("session_id", "")))
        checkpoints.setdefault("".join(path.split("/")[:2]), set()).add(session)
        longest[session] = max(longest.get(session, (0, "")), (int(log[1]), log[0]))
    for session, (_, blob) in longest.items():
        (logs / f"{session}.jsonl").write_bytes(read_git(clone, "cat-file", "blob", blob))
    return checkpoints


def _is_remote(clone: Path) -> bool:
    return bool(run_git(clone, "for-each-ref", f"refs/remotes/origin/{BRANCH}").strip())


def _find_questions(clone: Path, checkpoints: dict[str, set[str]]) -> Iterator[Question]:
    form = f"%s%x1f%(trailers:key={TRAILER},valueonly,separator=%x2C)%x1e"
    told: Sequence[str] = run_git(clone, "log", "--all", "--no-merges", f"--format={form}").split("\x1e")
    seen = set()
    for entry in told:
        subject, _, trailers = entry.strip().partition("\x1f")
        sessions = {one for name in trailers.split(",") for one in checkpoints.get(name.strip(), ())}
        if sessions and subject not in seen:
            seen.add(subject)
            yield Question(subject, frozenset(sessions))
