"""Tuning: a model is kept only if held-back commits find more with it, and undoing it gives the old answers back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexers.embedding.embed import SHIPPED_MODEL, StaticEmbedder, static_model_id
from indexers.errors import EmbedderError
from memory_server.cli.app import run as run_app
from memory_server.cli.reports import examine, status_text
from memory_server.errors import StoreError, TuneError
from memory_server.index.tuned import MODEL_NAME, drop_tuned, find_tuned, keep_tuned, read_tuned
from memory_server.memory import Memory
from memory_server.tuning import run as tuning
from memory_server.tuning.judge import Comparison, Verdict
from memory_server.tuning.run import Decision, tune
from memory_server.tuning.split import split_history
from tests.support.git_project import Project, make_project, snapshot
from tests.support.needs import needs_transformers

JARGON = ("zorbal", "quandel", "mirfex", "tolvane", "brisquet", "pelmora", "druvik", "haxley")
TOPICS = ("socket", "matrix", "parser", "thread", "colour", "invoice", "kernel", "planet")
MANNERS = ("steadier", "quieter", "simpler", "faster", "safer", "shorter", "clearer", "lighter")
ROUNDS = 16
"""Commits on each topic, of which the last fifth is held back."""

Run = Callable[..., tuple[int, str, str]]


def topic_file(topic: str, state: int) -> str:
    return "\n".join(
        f'def {verb}_{topic}(value):\n    """Return the {topic} after {verb}."""\n'
        f"    {topic}_{verb} = value * {state}\n    return {topic}_{verb} + {topic}_offset\n"
        for verb in ("open", "close", "check", "count")
    )


def write_history(root: Path, words_of: Callable[[int, int], str]) -> None:
    """Commit to each topic's file in turn, saying so in the word that ``words_of`` (round, topic) gives."""
    stream = ["feature done"]
    first = [(f"core/{topic}.py", topic_file(topic, 0)) for topic in TOPICS]
    made = [("Start the code of everything here", first)]
    for turn in range(ROUNDS):
        for number, topic in enumerate(TOPICS):
            message = f"Make the {words_of(turn, number)} {MANNERS[(turn + number) % 8]}, {turn} times"
            made.append((message, [(f"core/{topic}.py", topic_file(topic, turn + 1))]))
    for mark, (message, files) in enumerate(made):
        stream += ["commit refs/heads/main", f"committer Ada <a@b.c> {1_700_000_000 + 60 * mark} +0000"]
        stream += [f"data {len(message)}", message]
        for path, text in files:
            stream += [f"M 100644 inline {path}", f"data {len(text)}", text]
    stream.append("done\n")
    for command, given in (
        (["init", "-q", "-b", "main"], ""),
        (["fast-import", "--quiet"], "\n".join(stream)),
    ):
        subprocess.run(["git", "-C", str(root), *command], input=given.encode(), check=True)
    subprocess.run(["git", "-C", str(root), "reset", "-q", "--hard"], check=True)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, cut off from the machine's settings."""
    make_project(tmp_path, monkeypatch)
    root = tmp_path / "jargon"
    root.mkdir()
    return root


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def run_command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["repo-memory", *arguments])
        with pytest.raises(SystemExit) as ended:
            run_app()
            raise SystemExit(0)
        done = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else int(bool(code))), done.out, done.err

    return run_command


def answers(root: Path) -> list[str]:
    with Memory.open(root) as memory:
        memory.sync()
        return [memory.search(f"make the {word} quieter").text() for word in (*JARGON, *TOPICS)]


def say_jargon(_: int, topic: int) -> str:
    return JARGON[topic]


@needs_transformers
def test_jargon_of_the_commits_is_learnt_and_undoing_it_restores_the_same_bytes(
    place: Path, run: Run
) -> None:
    write_history(place, say_jargon)
    before = answers(place)
    code, out, err = run("tune", "--repo", str(place), "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["outcome"] == "kept"
    assert report["verdict"]["questions"] >= tuning.LEAST_QUESTIONS
    assert report["verdict"]["ranking"]["tuned"] > report["verdict"]["ranking"]["shipped"] + 0.1
    assert report["indexed"]["rebuilt"] == "the embedding model changed"
    assert f"{MODEL_NAME}-" in run("status", "--repo", str(place))[1]
    assert answers(place) != before
    assert json.loads(run("tune", "--repo", str(place), "--undo", "--json")[1])["undone"]
    assert answers(place) == before
    assert not (place / ".git/repo-memory/models").exists()
    assert json.loads(run("tune", "--repo", str(place), "--undo", "--json")[1]) == {
        "undone": False,
        "indexed": None,
    }


@needs_transformers
def test_a_model_that_finds_no_more_is_not_kept(place: Path, run: Run) -> None:
    write_history(place, lambda turn, topic: JARGON[topic if turn < 12 else (topic + 3) % 8])
    with Memory.open(place) as memory:
        memory.sync()
    before = snapshot(place / ".git/repo-memory")
    code, out, err = run("tune", "--repo", str(place))
    assert code == 0
    assert "not kept; everything is as it was" in out
    assert "training on" in err
    assert snapshot(place / ".git/repo-memory") == before


def test_a_short_history_is_refused(repository: Project, run: Run) -> None:
    code, out, err = run("tune", "--repo", str(repository.root), "--json")
    assert (code, out) == (1, "")
    assert "too little history to judge by" in err
    assert "the shipped model stays" in err


def test_without_git_or_with_another_model_there_is_nothing_to_tune(folder: Path, run: Run) -> None:
    assert "no git history" in run("tune", "--repo", str(folder))[2]
    (folder / ".repo-memory.toml").write_text('[embedder]\nmodel = "some/model"\n', encoding="utf-8")
    assert "some/model" in run("tune", "--repo", str(folder))[2]


def test_what_is_held_back_is_not_in_the_past(place: Path) -> None:
    write_history(place, say_jargon)
    split = split_history(place)
    assert split is not None
    assert (split.trained, split.judged) == (104, 25)
    assert len(split.questions) == 25
    past = subprocess.run(
        ["git", "-C", str(place), "log", "--format=%H %s", split.past],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert not any(question.commit in past for question in split.questions)
    assert not any(subject and f" {subject}\n" in past for subject in split.held_back)


def test_a_branch_that_was_merged_later_is_held_back_whole(repository: Project) -> None:
    repository.git("checkout", "--quiet", "-b", "side")
    for number in range(6):
        repository.commit(f"side{number}.py")
    repository.git("checkout", "--quiet", "main")
    for number in range(6):
        repository.commit(f"main{number}.py")
    repository.git("merge", "--quiet", "--no-edit", "side")
    split = split_history(repository.root)
    assert split is not None
    assert split.judged == 6
    assert {f"Add side{number}.py" for number in range(6)} <= split.held_back
    assert split.past == repository.git("rev-parse", "HEAD^1").strip()


def verdict(gain: float, low: float) -> Verdict:
    return Verdict(50, Comparison(0.5, 0.5 + gain, gain, low, 2 * gain - low), Comparison(0, 0, 0, 0, 0))


def test_a_gain_that_may_as_well_be_a_loss_is_no_gain() -> None:
    assert verdict(0.02, 0.001).is_better
    assert verdict(0.02, -0.019).is_better
    assert not verdict(0.02, -0.021).is_better
    assert not verdict(0.0, 0.0).is_better


@pytest.fixture
def indexed(repository: Project) -> Project:
    with Memory.open(repository.root) as memory:
        memory.sync()
    return repository


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model like the shipped one with other vectors."""
    folder = tmp_path / "built" / MODEL_NAME
    folder.mkdir(parents=True)
    for file in SHIPPED_MODEL.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    weights = bytearray((folder / "model.safetensors").read_bytes())
    vectors = np.frombuffer(weights, "<f2", offset=len(weights) - 1_000_000)
    weights[len(weights) - 1_000_000 :] = np.ascontiguousarray(vectors[::-1]).tobytes()
    (folder / "model.safetensors").write_bytes(bytes(weights))
    return folder


def test_a_model_is_named_without_loading_it(model: Path) -> None:
    assert static_model_id(model) == StaticEmbedder(model).id
    assert static_model_id(model).startswith(f"{MODEL_NAME}-")


@pytest.mark.slow
def test_a_kept_model_answers_outlives_a_rebuild_and_goes_with_the_index(
    indexed: Project, model: Path
) -> None:
    with Memory.open(indexed.root) as memory:
        keep_tuned(memory.tree.folder, model)
        assert memory.sync().rebuilt == "the embedding model changed"
        assert memory.tree.embedder.id == static_model_id(model)
        (memory.tree.folder.path / "store.json").unlink()
    with Memory.open(indexed.root) as memory:
        assert memory.sync().rebuilt == "no index yet"
        assert memory.state().tuned
        assert "tuned to this repository" in status_text(memory.state())
        memory.forget()
        assert not memory.tree.folder.path.exists()


@pytest.mark.slow
def test_a_running_server_takes_over_the_model_with_the_view(indexed: Project, model: Path) -> None:
    with Memory.open(indexed.root) as server, Memory.open(indexed.root) as command:
        server.search("pay an invoice")
        shipped = server.tree.embedder.id
        keep_tuned(command.tree.folder, model)
        server.search("pay an invoice")
        assert server.tree.embedder.id == shipped
        command.sync()
        server.search("pay an invoice")
        assert server.tree.embedder.id == static_model_id(model)
        assert not server.sync().wrote
        drop_tuned(command.tree.folder)
        assert server.tree.embedder.id == static_model_id(model)
        (indexed.root / "new.py").write_text("x = 1\n", encoding="utf-8")
        with Memory.open(indexed.root) as third:
            third.sync()
        assert server.search("pay an invoice")
        assert server.tree.embedder.id == shipped


@pytest.mark.slow
@pytest.mark.parametrize("call", ["shutil.copytree", "static_model_id"])
def test_an_interrupted_tuning_leaves_the_index_as_it_was(
    indexed: Project, model: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before = answers(indexed.root)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with Memory.open(indexed.root) as memory:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(f"memory_server.index.tuned.{call}", interrupt)
            keep_tuned(memory.tree.folder, model)
        assert find_tuned(memory.tree.folder.path) is None
        assert not memory.sync().wrote
        assert answers(indexed.root) == before
        keep_tuned(memory.tree.folder, model)
        assert len(list((memory.tree.folder.path / "models").iterdir())) == 1


@pytest.mark.slow
def test_a_run_that_ends_before_the_new_index_is_completed_by_the_next(indexed: Project, model: Path) -> None:
    with Memory.open(indexed.root) as memory:
        keep_tuned(memory.tree.folder, model)
    with Memory.open(indexed.root) as memory:
        assert memory.sync().rebuilt == "the embedding model changed"


@pytest.mark.slow
def test_a_dry_run_keeps_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_try", lambda *_: (split_history(place), 200, verdict(0.1, 0.05)))
    write_history(place, say_jargon)
    assert tune(place, None).outcome == Decision.WOULD_KEEP
    kept: list[Path] = []
    assert tune(place, kept.append).outcome == Decision.KEPT
    assert [path.name for path in kept] == [MODEL_NAME]


@pytest.mark.slow
def test_a_model_tuned_from_another_shipped_one_is_ignored_and_said_to_be(
    indexed: Project, model: Path
) -> None:
    with Memory.open(indexed.root) as memory:
        keep_tuned(memory.tree.folder, model)
        record = memory.tree.folder.path / "tuned.json"
        known = json.loads(record.read_text(encoding="utf-8"))
        record.write_text(json.dumps({**known, "base": "static-code-v0-00000000"}), encoding="utf-8")
        assert not memory.sync().wrote
        assert memory.tree.embedder.id == static_model_id(SHIPPED_MODEL)
        assert "not used: it was trained from static-code-v0-00000000" in status_text(memory.state())
    problem = next(found for found in examine(indexed.root) if "the tuned model" in found.problem)
    assert "tune --undo" in problem.fix


@pytest.mark.slow
def test_a_configured_model_goes_before_a_tuned_one(
    indexed: Project, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Memory.open(indexed.root) as memory:
        keep_tuned(memory.tree.folder, model)
    monkeypatch.setenv("REPO_MEMORY_MODEL", str(SHIPPED_MODEL))
    with Memory.open(indexed.root) as memory:
        assert memory.tree.embedder.id == static_model_id(SHIPPED_MODEL)
        assert "the settings name" in memory.state().untuned


@pytest.mark.slow
def test_a_damaged_model_is_told_with_the_way_out(indexed: Project, model: Path, run: Run) -> None:
    (model / "model.safetensors").write_bytes(b"damaged")
    with Memory.open(indexed.root) as memory:
        keep_tuned(memory.tree.folder, model)
        with pytest.raises(EmbedderError) as raised:
            memory.sync()
    assert "tune --undo" in raised.value.hint
    assert "tune --undo" in {
        found.fix.strip("`").removeprefix("run `repo-memory ") for found in examine(indexed.root)
    }
    assert run("tune", "--undo", "--repo", str(indexed.root))[0] == 0


def test_a_model_that_cannot_be_written_is_an_error_and_not_kept(
    indexed: Project, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("memory_server.index.tuned.shutil.copytree", refuse)
    with Memory.open(indexed.root) as memory:
        with pytest.raises(StoreError, match="No space left"):
            keep_tuned(memory.tree.folder, model)
        assert read_tuned(memory.tree.folder.path) is None


def test_a_history_that_git_cannot_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TuneError):
        tune(tmp_path, None)
