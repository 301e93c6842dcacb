"""Reranking: the best hits in a cross-encoder's order, off unless configured, and clear about what fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from indexers.errors import RerankerError
from memory_server.answer.search import hit_texts
from memory_server.memory import Memory
from memory_server.model import SearchHit
from memory_server.query.rerank import TEXT_LIMIT, CrossEncoderReranker, Scores, hit_text, rerank
from tests.support.code_base import write_files
from tests.support.git_project import Project
from tests.support.indexing import CountingEmbedder, open_memory
from tests.support.needs import needs_transformers


@dataclass(slots=True)
class LengthReranker:
    """Prefers long texts; notes what it was asked."""

    id: str = "length-1"
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def score(self, query: str, texts: Sequence[str]) -> Scores:
        self.asked.append((query, tuple(texts)))
        return np.array([len(text) for text in texts], np.float32)


def hits_named(*names: str) -> list[SearchHit]:
    return [
        SearchHit(f"{name}.py", 1, 2, name, "function", 1.0 - place / 10, place)
        for place, name in enumerate(names)
    ]


@pytest.fixture
def memory(repository: Project) -> Memory:
    write_files(repository.root, {".repo-memory.toml": "[reranker]\nhits = 3\n"})
    memory = open_memory(repository.root)
    memory.sync()
    return memory


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny cross-encoder with random weights."""
    return save_cross_encoder(tmp_path_factory.mktemp("models") / "tiny", labels=1)


def save_cross_encoder(folder: Path, labels: int) -> Path:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "pay",
        "an",
        "invoice",
        "ledger",
        "class",
        "def",
        "return",
    ]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=64,
        pad_token="[PAD]",
        unk_token="[UNK]",
        sep_token="[SEP]",
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        initializer_range=1.0,
    )
    config.num_labels = labels
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_hits_come_in_the_rerankers_order_and_equal_ones_in_their_own() -> None:
    hits = hits_named("a", "b", "c", "d")
    moved = rerank(LengthReranker(), "query", hits, ["x", "xx", "x"])
    assert [hit.name for hit in moved] == ["b", "a", "c", "d"]


def test_scores_stay_with_the_places() -> None:
    hits = hits_named("a", "b", "c")
    moved = rerank(LengthReranker(), "query", hits, ["x", "xx", "xxx"])
    assert [hit.score for hit in moved] == [hit.score for hit in hits]
    assert [hit.symbol for hit in moved] == [2, 1, 0]


def test_a_reranker_reads_where_a_hit_is_and_its_own_lines() -> None:
    hit = SearchHit("app/a.py", 2, 3, "A.run", "method", 1.0)
    assert hit_text(hit, ["one", "two", "three", "four"]) == "app/a.py A.run\ntwo\nthree"
    assert len(hit_text(hit, ["x" * 5_000] * 4)) == TEXT_LIMIT
    assert hit_text(hit, []) == "app/a.py A.run\n"


def test_the_configured_number_of_hits_is_reranked_and_the_asked_number_returned(memory: Memory) -> None:
    before = memory.search("pay an invoice", 5)
    reranker = memory.repository.reranker = LengthReranker()
    after = memory.search("pay an invoice", 5)
    [(query, texts)] = reranker.asked
    assert (query, len(texts)) == ("pay an invoice", 3)
    assert [len(text) for text in texts] != sorted(map(len, texts), reverse=True)
    longest = before[int(np.argmax([len(text) for text in texts]))]
    assert after[0].symbol == longest.symbol
    assert {hit.symbol for hit in after[:3]} == {hit.symbol for hit in before[:3]}
    assert [hit.symbol for hit in after[3:]] == [hit.symbol for hit in before[3:]]
    assert [hit.symbol for hit in memory.search("pay an invoice", 1)] == [longest.symbol]


def test_the_reranker_reads_files_as_they_are_now(memory: Memory, repository: Project) -> None:
    reranker = memory.repository.reranker = LengthReranker()
    changed = '"""Invoices."""\n\n\ndef pay_invoice():\n    return "brand new"\n'
    write_files(repository.root, {"app/billing.py": changed})
    memory.search("pay invoice")
    assert any("brand new" in text for text in reranker.asked[-1][1])


def test_a_question_without_hits_is_not_reranked(memory: Memory) -> None:
    reranker = memory.repository.reranker = LengthReranker()
    assert memory.search("invoice", path="nowhere") == []
    assert reranker.asked == []


@pytest.mark.slow
def test_without_a_setting_nothing_is_reranked_nor_imported(repository: Project) -> None:
    with open_memory(repository.root) as memory:
        assert memory.repository.reranker is None
        assert memory.state().reranker == ""
    code = f"from memory_server import Memory; m = Memory.open({str(repository.root)!r}); m.sync(); m.search('pay')"
    check = "; import sys; sys.exit(bool({'torch', 'sentence_transformers', 'transformers'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code + check], check=False).returncode == 0


@needs_transformers
def test_a_configured_cross_encoder_orders_the_hits_by_its_scores(
    repository: Project, cross_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_memory(repository.root) as plain:
        plain.sync()
        before = plain.search("pay an invoice", 20)
    monkeypatch.setenv("REPO_MEMORY_RERANKER", str(cross_encoder))
    monkeypatch.setenv("REPO_MEMORY_DEVICE", "cpu")
    with open_memory(repository.root) as memory:
        after = memory.search("pay an invoice", 20)
        assert memory.state().reranker == str(cross_encoder)
        texts = memory.index.ask(lambda sight: (hit_texts(sight, before), set()))
    from sentence_transformers import CrossEncoder

    scores = CrossEncoder(str(cross_encoder), device="cpu").predict(
        [("pay an invoice", text) for text in texts]
    )
    assert [hit.symbol for hit in after] == [
        before[place].symbol for place in np.argsort(-scores, kind="stable")
    ]
    assert [hit.symbol for hit in after] != [hit.symbol for hit in before]


@needs_transformers
def test_identical_questions_get_identical_bytes(
    repository: Project, cross_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPO_MEMORY_RERANKER", str(cross_encoder))
    replies = set()
    for _ in range(2):
        with open_memory(repository.root) as memory:
            memory.sync()
            replies |= {memory.search("pay an invoice").text() for _ in range(2)}
    assert len(replies) == 1


@needs_transformers
def test_a_model_that_gives_several_scores_is_refused(tmp_path: Path) -> None:
    reranker = CrossEncoderReranker(str(save_cross_encoder(tmp_path / "three", labels=3)), "cpu")
    with pytest.raises(RerankerError, match="one score") as raised:
        reranker.score("query", ["a text"])
    assert "reranker.model" in raised.value.hint


@needs_transformers
def test_no_texts_have_no_scores() -> None:
    assert CrossEncoderReranker("never/loaded").score("query", []).shape == (0,)


@needs_transformers
def test_a_reranker_that_cannot_be_loaded_is_named_and_the_doctor_finds_it(
    repository: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memory_server.cli.reports import examine

    monkeypatch.setenv("REPO_MEMORY_RERANKER", str(tmp_path / "gone"))
    monkeypatch.setattr("memory_server.index.tuned.load_embedder", lambda *_: CountingEmbedder())
    with Memory.open(repository.root) as memory:
        memory.sync()
        with pytest.raises(RerankerError, match="gone") as raised:
            memory.search("invoice")
    assert "\n" not in str(raised.value)
    [finding] = [found for found in examine(repository.root) if "gone" in found.problem]
    assert "reranker.model" in finding.fix
