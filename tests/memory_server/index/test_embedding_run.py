"""What embedding costs: told before and during a run that takes long, and never of one that does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from indexers.embedding.embed import Vectors
from indexers.errors import EmbedderError
from memory_server.cli.progress import _plain_progress
from memory_server.cli.reports import status_text
from memory_server.index import embedding, update
from memory_server.index.embedding import FIRST_TEXTS, EmbeddingRun, tell_duration
from memory_server.index.new_rows import NewRows
from memory_server.memory import Memory
from memory_server.model import Progress
from tests.support.code_base import CODE_BASE, write_files
from tests.support.git_project import Project
from tests.support.indexing import CountingEmbedder, assert_equal_to_fresh, open_memory


@dataclass(slots=True)
class Clock:
    """Time that passes only while a text is embedded."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class SlowEmbedder(CountingEmbedder):
    """Takes so many seconds a text, by the clock."""

    clock: Clock | None = None
    pace: float = 0.1

    def embed(self, texts: Sequence[str]) -> Vectors:
        assert self.clock is not None
        self.clock.now += self.pace * len(texts)
        return CountingEmbedder.embed(self, texts)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(embedding, "monotonic", clock)
    return clock


def texts_of(count: int) -> list[str]:
    return [f"text {number}" for number in range(count)]


def test_vectors_are_those_of_one_step() -> None:
    texts = texts_of(1_000)
    stepwise = EmbeddingRun(CountingEmbedder()).embed(texts)
    np.testing.assert_array_equal(stepwise, CountingEmbedder().embed(texts))


def test_the_cost_is_told_once_and_the_rest_as_it_goes(clock: Clock) -> None:
    told: list[Progress] = []
    run = EmbeddingRun(SlowEmbedder("slow", clock=clock), 4_000, told.append)
    run.work_done = 1_000
    run.embed(texts_of(3 * FIRST_TEXTS))
    assert [step.notice for step in told] == ["embedding about 768 symbols with slow: about 77 s", "", ""]
    assert [(step.done, step.total, step.unit) for step in told] == [
        (FIRST_TEXTS * number, 768, "symbols") for number in (1, 2, 3)
    ]
    assert told[-1].left == "about 58 s left"


def test_an_earlier_indexs_symbols_are_expected_rather_than_guessed(clock: Clock) -> None:
    run = EmbeddingRun(SlowEmbedder("slow", clock=clock), 4_000, likely=300, work_done=1_000)
    run.embed(texts_of(100))
    assert (run.expected, round(run.seconds_left)) == (300, 20)
    run.embed(texts_of(250))
    assert run.expected == 350


def test_what_takes_no_time_is_not_told_and_goes_in_larger_steps(clock: Clock) -> None:
    told: list[Progress] = []
    sizes: list[int] = []

    class Fast(CountingEmbedder):
        def embed(self, texts: Sequence[str]) -> Vectors:
            sizes.append(len(texts))
            return CountingEmbedder.embed(self, texts)

    EmbeddingRun(Fast(), 1_000, told.append).embed(texts_of(3_000))
    assert told == []
    assert sizes[:3] == [64, 128, 256]
    assert max(sizes) == embedding.MOST_TEXTS
    assert clock.now == 0.0


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (89, "89 s"), (600, "10 min"), (5_000, "83 min"), (9_000, "2.5 h")]
)
def test_durations_are_said_in_their_own_units(seconds: float, said: str) -> None:
    assert tell_duration(seconds) == said


def test_a_change_of_model_says_beforehand_what_it_does(repository: Project) -> None:
    with open_memory(repository.root) as memory:
        symbols = memory.sync().symbols
    told: list[Progress] = []
    with open_memory(repository.root, CountingEmbedder("other", 16)) as memory:
        assert "the embedding model changed" in status_text(memory.state())
        memory.sync(told.append)
        assert "up to date" in status_text(memory.state())
    notice = f"the embedding model changed: indexing all {symbols} symbols anew with other"
    assert [step.notice for step in told if step.notice] == [notice]
    assert told[0].notice == notice


def test_a_model_that_cannot_be_loaded_leaves_the_index_as_it_was(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_memory(repository.root).sync()
    monkeypatch.setenv("REPO_MEMORY_MODEL", str(repository.root / "no" / "model"))
    with Memory.open(repository.root) as memory:
        with pytest.raises(EmbedderError):
            memory.sync()
        assert len(memory.view)
    with open_memory(repository.root) as memory:
        assert not memory.sync().wrote


def test_a_first_index_run_announces_nothing(repository: Project) -> None:
    told: list[Progress] = []
    open_memory(repository.root).sync(told.append)
    assert told
    assert not any(step.notice for step in told)


def test_a_slow_run_writes_what_it_has_embedded(
    repository: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory_server.index.workers.BATCH_BYTES", 1)
    monkeypatch.setattr(update, "WRITE_SECONDS", 1.0)
    write_files(repository.root, {f"copy_{n}.py": f"n = {n}\n" + CODE_BASE["app/store.py"] for n in range(5)})
    sizes: list[int] = []
    original = NewRows.take

    def take(rows: NewRows) -> object:
        sizes.append(rows.rows)
        return original(rows)

    monkeypatch.setattr(NewRows, "take", take)
    with open_memory(repository.root, SlowEmbedder(clock=clock, pace=0.5)) as memory:
        memory.sync()
        assert len(sizes) > 3
        assert_equal_to_fresh(memory.view, repository.root)


def test_people_see_notices_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    tell = _plain_progress()
    tell(Progress("indexing", 0, 0, notice="the embedding model changed"))
    tell(Progress("embedding", 600, 2_000, unit="symbols", left="about 9 s left"))
    tell(Progress("embedding", 601, 2_000, unit="symbols", left="about 9 s left"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "the embedding model changed",
        "embedding: 600 of 2000 symbols, about 9 s left",
    ]


def test_the_device_is_handed_to_the_models(repository: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(repository.root, {".repo-memory.toml": '[embedder]\nmodel = "a/b"\ndevice = "cuda"\n'})
    asked: list[object] = []

    def load(*arguments: object) -> CountingEmbedder:
        asked.append(arguments)
        return CountingEmbedder()

    monkeypatch.setattr("memory_server.index.tuned.load_embedder", load)
    with Memory.open(repository.root) as memory:
        assert memory.tree.embedder.id == "counting-1"
    assert asked == [("a/b", "cuda", False)]  # and not fetched, for the user did not name it


def test_a_search_embeds_its_query_as_a_query(repository: Project) -> None:
    asked: list[str] = []

    class Asked(CountingEmbedder):
        def embed_query(self, text: str) -> Vectors:
            asked.append(text)
            return CountingEmbedder.embed_query(self, text)

    with open_memory(repository.root, Asked()) as memory:
        memory.sync()
        memory.search("payInvoice now")
    assert asked == ["pay invoice now"]
