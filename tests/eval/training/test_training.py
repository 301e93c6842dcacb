"""Training pairs say about code what somebody wrote, leave the benchmark out, and train to the same vectors."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.retrieval.labels import LabelledQuestion, LabelledRepository
from eval.training.clones import find_clone
from eval.training.corpus import BENCHMARK, benchmark_hashes, find_licence, keep_own, load_corpus
from eval.training.measure import Place, Searched, Way, score_model
from indexers.embedding.embed import StaticEmbedder, Vectors
from indexers.history.changes import Target
from indexers.history.commits import (
    Blob,
    Commit,
    Hunk,
    list_blobs,
    read_blobs,
    read_commits,
    read_revision,
)
from memory_server.tuning.dataset import build_vocabulary, count_words, encode_pairs, iterate_batches
from memory_server.tuning.pairs import CAPS, Pair, clean_subject, extract_pairs, write_pairs
from tests.support.needs import needs_transformers

PYTHON = b'''"""Reads the settings of an application from files."""

def load_settings(path):
    """Read the settings file and merge it over the defaults.

    Args:
        path: where it is.
    """
    with open(path) as stream:
        return merge(DEFAULTS, parse(stream.read()), strict=True)
'''
TEST = b"""def test_load_settings_merges_over_defaults():
    result = load_settings("a.toml")
    assert result["colour"] == "blue" and result["size"] == 3
"""
README = b"""# Reading settings files

Call `load_settings` with a path to read the settings of the application.
"""


def pairs_of(*files: tuple[str, bytes], commits: tuple[Commit, ...] = ()) -> list[Pair]:
    return extract_pairs(files, commits, "seed")


def test_a_docstring_asks_for_its_function_without_the_docstring() -> None:
    pair = next(p for p in pairs_of(("src/app/settings.py", PYTHON)) if p.kind == "doc")
    assert pair.query == "read the settings file and merge it over the defaults"
    assert pair.document.startswith("load settings def load settings path")
    assert "parse" in pair.document.split()
    assert "over" not in pair.document.split()
    assert pair.path == "src app settings"


def test_a_comment_above_asks_for_what_is_under_it() -> None:
    go = (
        b"package a\n\n// Dial opens a connection to the remote host.\n"
        b"func Dial(host string) error {\n\treturn net.connect(host, timeout, retries)\n}\n"
    )
    pair = next(p for p in pairs_of(("net/dial.go", go)) if p.kind == "doc")
    assert pair.query == "dial opens a connection to the remote host"
    assert "opens" not in pair.document.split()


def test_a_name_asks_for_a_body_that_does_not_say_it() -> None:
    pair = next(p for p in pairs_of(("src/app/settings.py", PYTHON)) if p.kind == "name")
    assert pair.query == "load settings"
    assert not {"load", "settings"}.intersection(pair.document.split())


def test_a_test_asks_for_the_function_that_it_calls() -> None:
    found = pairs_of(("src/app/settings.py", PYTHON), ("tests/test_settings.py", TEST))
    documents = {
        p.document for p in found if p.kind == "test" and p.query == "load settings merges over defaults"
    }
    assert any(document.startswith("load settings def load settings path") for document in documents)
    assert any("blue" in document.split() for document in documents)


def test_documentation_asks_for_the_symbol_that_it_names() -> None:
    found = pairs_of(("src/app/settings.py", PYTHON), ("README.md", README))
    pair = next(p for p in found if p.kind == "section" and p.path == "src app settings")
    assert "call load settings with a path" in pair.query
    assert pair.document.startswith("load settings")


@pytest.mark.parametrize("marks", ["#", "##", "###"])
def test_a_section_of_any_depth_asks_for_the_symbol_that_it_names(marks: str) -> None:
    readme = marks.encode() + b" Reading\n\nEvery start reads its values with `load_settings`.\n"
    found = pairs_of(("src/app/settings.py", PYTHON), ("README.md", readme))
    queries = [p.query for p in found if p.kind == "section" and p.path == "src app settings"]
    assert queries == ["reading every start reads its values with load settings"]


def test_a_commit_asks_for_the_symbol_that_git_names() -> None:
    hunk = Hunk("src/app/settings.py", "0" * 40, "def load_settings(path):", "    return merge(x)")
    commits = (Commit("fix: Combine nested settings (#12)", "", (hunk,)),)
    pair = next(p for p in pairs_of(("src/app/settings.py", PYTHON), commits=commits) if p.kind == "commit")
    assert pair.query == "combine nested settings"
    assert pair.document.startswith("load settings def load settings path read the settings file")


@pytest.mark.parametrize("subject", ["Bump lodash to 4.17", "v1.2.3", "Merge branch main", "wip"])
def test_a_subject_that_says_nothing_about_code_is_left_out(subject: str) -> None:
    assert clean_subject(subject) == ""


def test_a_repository_gives_no_more_pairs_of_a_kind_than_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CAPS, "doc", 2)
    many = b"\n".join(
        b'def f%d(a):\n    """Compute the number %d of the series."""\n    return sum(range(a), start=%d, step=a)\n'
        % (i, i, i)
        for i in range(9)
    )
    once, again = pairs_of(("a.py", many)), pairs_of(("a.py", many))
    assert sum(p.kind == "doc" for p in once) == 2
    assert once == again


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository of two commits with a vendored file, at ``owner+name/.git``."""
    root = tmp_path / "clones" / "owner+name"
    (root / "third_party").mkdir(parents=True)
    (root / "own.py").write_bytes(PYTHON)
    (root / "third_party" / "click.py").write_text("x = 1\n", encoding="utf-8")
    (root / "LICENSE").write_text(
        "Permission is hereby granted, free of charge, to any person obtaining\na copy", encoding="utf-8"
    )
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "Add reading of settings")
    (root / "own.py").write_bytes(PYTHON.replace(b"strict=True", b"strict=False"))
    git(root, "commit", "-qam", "Allow unknown settings\n\nThey are kept as they are.")
    return tmp_path / "clones"


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True)


def test_a_file_of_the_benchmark_is_left_out_by_its_content(clone: Path) -> None:
    found = find_clone(clone, "owner/name")
    assert found is not None
    blobs = list_blobs(found, read_revision(found))
    own = next(blob for blob in blobs if blob.path == "own.py")
    assert own in keep_own(blobs, frozenset())
    (clone / "owner+name").rename(clone / "someone+flask")
    excluded = benchmark_hashes(clone, {"someone/flask": "HEAD~1"})
    assert own not in keep_own(blobs, excluded)
    assert len(excluded) == len(blobs) + 1
    assert keep_own([Blob("copied/elsewhere.py", own.hash)], frozenset({own.hash})) == []


def test_a_changed_file_of_the_benchmark_is_left_out_of_commits(clone: Path) -> None:
    found = find_clone(clone, "owner/name")
    assert found is not None
    own = next(blob for blob in list_blobs(found, "HEAD") if blob.path == "own.py")
    newest, _ = read_commits(found, "HEAD", 10)
    assert [hunk.path for hunk in newest.hunks] == ["own.py"]
    assert "strict=False" in newest.hunks[0].text
    assert "strict=True" not in newest.hunks[0].text
    newest, _ = read_commits(found, "HEAD", 10, frozenset({own.hash}))
    assert newest.hunks == ()


def test_commits_before_one_whose_file_the_clone_lacks_are_left_out(clone: Path) -> None:
    root = clone / "owner+name"
    (root / "README.md").write_text("What it is.\n", encoding="utf-8")
    git(root, "add", "README.md")
    git(root, "commit", "-qm", "Say what it is")
    lost = next(blob.hash for blob in list_blobs(root / ".git", "HEAD~2") if blob.path == "own.py")
    (root / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    assert [commit.subject for commit in read_commits(root / ".git", "HEAD", 9)] == ["Say what it is"]


def test_other_projects_folders_are_left_out(clone: Path) -> None:
    found = find_clone(clone, "owner/name")
    assert found is not None
    kept = keep_own(list_blobs(found, "HEAD"), frozenset())
    assert [blob.path for blob in kept] == ["LICENSE", "own.py"]
    assert next(data for blob, data in read_blobs(found, kept) if blob.path == "own.py").startswith(
        b'"""Reads'
    )


def test_a_licence_is_told_by_its_text(clone: Path) -> None:
    found = find_clone(clone, "owner/name")
    assert found is not None
    assert find_licence(found) == "MIT"


def test_the_corpus_is_permissive_and_no_part_of_the_benchmark() -> None:
    corpus = load_corpus()
    known = {"MIT", "Apache-2.0", "BSD", "ISC", "Unlicense", "Zlib", "BSL-1.0"}
    assert all(known.issuperset(entry.licence.split(" OR ")) for entry in corpus)
    assert all(len(entry.revision) == 40 for entry in corpus)
    assert BENCHMARK.isdisjoint(entry.name.rpartition("/")[2].lower() for entry in corpus)


def test_a_corpus_with_a_repository_of_the_benchmark_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corpus.json"
    path.write_text('[{"name": "someone/Flask", "revision": "0", "licence": "BSD"}]', encoding="utf-8")
    with pytest.raises(ValueError, match="someone/Flask"):
        load_corpus(path)


SUBJECTS = ["socket", "matrix", "parser", "thread", "colour", "invoice", "kernel", "planet"]


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Pairs whose queries and documents share no word: only training can tie them."""
    pairs = [
        Pair("doc", f"ask about {word} {i % 7}", f"code{word} body {i % 5} value", f"folder {word}")
        for i in range(35)
        for word in SUBJECTS
    ]
    write_pairs(tmp_path / "toy.parquet", pairs)
    return tmp_path / "toy.parquet"


def train_toy(toy: Path, out: Path, seed: int = 0) -> tuple[Vectors, StaticEmbedder]:
    from memory_server.tuning.model import save_model
    from memory_server.tuning.train import Recipe, start_vectors, train

    recipe = Recipe(
        dimensions=16, nested=(16, 8), batch=32, grouped=8, epochs=8, learning_rate=0.05, seed=seed
    )
    vocabulary = build_vocabulary(*count_words([toy]), 100)
    data = encode_pairs([toy], vocabulary, tuple(CAPS))
    vectors = train(data, vocabulary, start_vectors(vocabulary, recipe), recipe)
    save_model(out, vocabulary, vectors)
    return vectors, StaticEmbedder(out)


@needs_transformers
def test_training_ties_words_that_stand_in_pairs(toy: Path, tmp_path: Path) -> None:
    _, embedder = train_toy(toy, tmp_path / "model")
    queries = embedder.embed([f"ask about {word}" for word in SUBJECTS])
    documents = embedder.embed([f"code{word} body value" for word in SUBJECTS])
    assert (queries @ documents.T).argmax(axis=1).tolist() == list(range(len(SUBJECTS)))


@needs_transformers
def test_the_same_seed_trains_the_same_vectors(toy: Path, tmp_path: Path) -> None:
    first, again, other = (train_toy(toy, tmp_path / "model", seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


@needs_transformers
def test_the_loss_is_the_librarys() -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss, MultipleNegativesRankingLoss

    from memory_server.tuning.train import nested_loss

    class Given(torch.nn.Module):
        def forward(self, features: dict[str, torch.Tensor], **_: object) -> dict[str, torch.Tensor]:
            return features

    queries, documents = torch.randn(2, 12, 16, generator=torch.Generator().manual_seed(0))
    model = SentenceTransformer(modules=[Given()], device="cpu")
    ranking = MultipleNegativesRankingLoss(
        model, scale=20.0, directions=("query_to_doc", "doc_to_query"), partition_mode="per_direction"
    )
    features = [{"sentence_embedding": queries}, {"sentence_embedding": documents}]
    expected = MatryoshkaLoss(model, ranking, (16, 8))(features, torch.empty(0))
    torch.testing.assert_close(nested_loss(queries, documents, (16, 8), 20.0), expected)


@needs_transformers
def test_lengths_are_levelled_and_directions_kept() -> None:
    from memory_server.tuning.train import level_lengths

    levelled = level_lengths(np.array([[0, 0], [3, 4], [0, 0.5]], np.float32), 0.5)
    np.testing.assert_allclose(np.linalg.norm(levelled, axis=1), [0, 5**0.5, 0.5**0.5], rtol=1e-6)
    np.testing.assert_allclose(levelled[1] / 5**0.5, [0.6, 0.8], rtol=1e-6)


@needs_transformers
def test_an_unknown_word_changes_nothing(toy: Path, tmp_path: Path) -> None:
    _, embedder = train_toy(toy, tmp_path / "model")
    np.testing.assert_array_equal(embedder.embed(["ask socket"]), embedder.embed(["ask zyzzyva Socket"]))


def test_a_batch_has_its_share_from_one_repository(toy: Path) -> None:
    vocabulary = build_vocabulary(*count_words([toy]), 100)
    data = encode_pairs([toy, toy, toy], vocabulary, tuple(CAPS))
    batches = list(iterate_batches(data, 64, 32, np.random.default_rng(0)))
    assert len(batches) == len(data) // 64
    assert all(len(np.unique(data.repositories[rows[:32]])) <= 2 for rows in batches)
    used = np.concatenate(batches)
    assert len(np.unique(used)) == len(used)


def test_a_files_path_helps_to_find_it() -> None:
    searched = search_places(["alpha.x", "beta.x"], [LabelledQuestion("beta", "symbol", (Target("beta.x"),))])
    assert score_model(embed_letters, [searched], Way(0.0))["symbol"] < 1
    assert score_model(embed_letters, [searched], Way(1.0))["symbol"] == 1


def test_a_file_found_by_many_symbols_counts_once_where_files_are_ranked() -> None:
    searched = search_places(
        ["alpha.x", *["beta.x"] * 10], [LabelledQuestion("beta alpha", "semantic", (Target("alpha.x"),))]
    )
    searched = replace(searched, texts=("alpha code", *["beta alpha"] * 10))
    assert score_model(embed_letters, [searched], Way(once=False))["mean"] == 0
    assert score_model(embed_letters, [searched], Way(once=True))["mean"] == pytest.approx(0.6309)


def search_places(paths: list[str], questions: list[LabelledQuestion]) -> Searched:
    repository = LabelledRepository("r", "python", "0", "", tuple(questions))
    return Searched(repository, tuple(Place(path, 1, 2) for path in paths), ("code",) * len(paths))


def embed_letters(texts: Sequence[str]) -> Vectors:
    rows = np.array([[float(word in text.split()) for word in ("alpha", "beta", "code")] for text in texts])
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
    return np.asarray(rows / lengths, np.float32)
