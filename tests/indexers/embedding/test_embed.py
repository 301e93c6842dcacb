"""Embedders: the static one gives what sentence-transformers gives, and says clearly what it cannot load."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from indexers.embedding.embed import (
    SHIPPED_MODEL,
    SentenceTransformerEmbedder,
    StaticEmbedder,
    Vectors,
    load_embedder,
)
from indexers.errors import EmbedderError
from tests.support.needs import needs_transformers
from tests.support.properties import UNTIMED

TEXTS = [
    "parse the http header of a request",
    "",
    " ",
    "read_file(path: str) -> bytes  # raises OSError!",
    "tabs\tand\nnew lines\r\nand\x1cseparators\x85and\u00a0blanks\u3000too",
    "naïve café ﬁle İstanbul ΣΊΣΥΦΟΣ straße e\u0301",
    "这个函数 返回文件列表 한국어 関数",
    "🎉 done → next \u200b zero\u200dwidth \ufffd",
    "[MASK] [UNK] [unused1] ##ing",
    "x" * 300 + " long",
    "open the file word by word " * 3000,
]


class Reference:
    """The vectors of sentence-transformers itself, normalised in float32."""

    def __init__(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(str(folder), device="cpu")

    def embed(self, texts: list[str]) -> Vectors:
        vectors = np.asarray(self.model.encode(texts, show_progress_bar=False), np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference(SHIPPED_MODEL)


@pytest.fixture(scope="module")
def shipped() -> StaticEmbedder:
    return StaticEmbedder(SHIPPED_MODEL)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A copy of the shipped model to break."""
    copy = tmp_path / "copy"
    shutil.copytree(SHIPPED_MODEL, copy)
    yield copy


@needs_transformers
@pytest.mark.parametrize("text", TEXTS, ids=[repr(text[:16]) for text in TEXTS])
def test_a_text_has_the_vector_that_sentence_transformers_gives(
    text: str, shipped: StaticEmbedder, reference: Reference
) -> None:
    assert np.abs(shipped.embed([text]) - reference.embed([text])).max() < 1e-3


@needs_transformers
@settings(UNTIMED, max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8))
def test_any_texts_have_the_vectors_that_sentence_transformers_gives(
    shipped: StaticEmbedder, reference: Reference, texts: list[str]
) -> None:
    assert np.abs(shipped.embed(texts) - reference.embed(texts)).max() < 1e-3


@pytest.mark.slow
def test_a_text_has_the_same_vector_alone_as_among_others(shipped: StaticEmbedder) -> None:
    together = shipped.embed(TEXTS * 40)
    alone = np.concatenate([StaticEmbedder(SHIPPED_MODEL).embed([text]) for text in TEXTS])
    np.testing.assert_allclose(together, np.tile(alone, (40, 1)), atol=1e-5)


def test_vectors_have_length_one_or_zero(shipped: StaticEmbedder) -> None:
    lengths = np.linalg.norm(shipped.embed(["open a file", "", "\x00", "🫠"]), axis=1)
    assert lengths == pytest.approx([1, 0, 0, 0])


def test_no_texts_give_no_rows(shipped: StaticEmbedder) -> None:
    assert shipped.embed([]).shape == (0, shipped.dimensions)


def test_vectors_are_float32_of_the_stated_length(shipped: StaticEmbedder) -> None:
    vectors = shipped.embed(["open a file"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (1, 256)
    assert shipped.dimensions == 256


def test_a_lone_surrogate_reads_as_a_question_mark(shipped: StaticEmbedder) -> None:
    np.testing.assert_array_equal(shipped.embed(["file \udcff"]), shipped.embed(["file ?"]))


def test_related_words_are_nearer_than_unrelated_ones(shipped: StaticEmbedder) -> None:
    query, near, far = shipped.embed(["delete a folder", "remove directory", "render html template"])
    assert query @ near > query @ far + 0.1


def test_the_id_names_the_folder_and_survives_a_move(folder: Path, tmp_path: Path) -> None:
    before = StaticEmbedder(folder).id
    (tmp_path / "elsewhere").mkdir()
    moved = folder.rename(tmp_path / "elsewhere" / "copy")
    assert before.startswith("copy-")
    assert StaticEmbedder(moved).id == before


def test_the_id_changes_with_the_weights(folder: Path) -> None:
    before = StaticEmbedder(folder).id
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    assert StaticEmbedder(folder).id != before


@needs_transformers
def test_the_tokenizers_truncation_is_kept(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(2)
    tokenizer.save(str(folder / "tokenizer.json"))
    texts = ["open file now please", "open"]
    np.testing.assert_allclose(StaticEmbedder(folder).embed(texts), Reference(folder).embed(texts), atol=1e-3)


@needs_transformers
def test_a_tokenizer_that_looks_across_blanks_gets_whole_texts(folder: Path) -> None:
    pieces = [*"abcdefghijklmnopqrstuvwxyz0123456789", "Ġ"]
    tokenizer = Tokenizer(models.BPE(vocab={piece: index for index, piece in enumerate(pieces)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(folder / "tokenizer.json"))
    texts = ["open file", "openfile", "open  file"]
    embedded = StaticEmbedder(folder).embed(texts)
    np.testing.assert_allclose(embedded, Reference(folder).embed(texts), atol=1e-3)
    assert np.abs(embedded[0] - embedded[1]).max() > 1e-3


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors", "modules.json"])
def test_a_broken_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"{")
    with pytest.raises(EmbedderError, match=name) as raised:
        load_embedder(str(folder))
    assert "embedder.model" in raised.value.hint


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(EmbedderError, match=name):
        load_embedder(str(folder))


def test_a_tokenizer_with_more_tokens_than_vectors_is_refused(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"]["onemoreword"] = len(tokenizer["model"]["vocab"])
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(EmbedderError, match="fewer vectors"):
        StaticEmbedder(folder)


def test_a_folder_without_a_static_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="does not hold"):
        StaticEmbedder(tmp_path)


def test_the_shipped_model_is_the_default() -> None:
    assert load_embedder(None).id.startswith("static-code-v1-")


def test_a_static_folder_loads_without_torch() -> None:
    code = "import sys; from indexers.embedding.embed import load_embedder; load_embedder(None).embed(['a file'])"
    check = "; sys.exit(bool({'torch', 'sentence_transformers', 'transformers'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code + check], check=False).returncode == 0


def test_any_other_model_is_loaded_by_sentence_transformers_when_first_used(tmp_path: Path) -> None:
    embedder = load_embedder("sentence-transformers/some-model")
    assert isinstance(embedder, SentenceTransformerEmbedder)
    assert embedder.id == "sentence-transformers/some-model"
    assert isinstance(load_embedder(str(tmp_path)), SentenceTransformerEmbedder)


@needs_transformers
def test_a_transformer_folder_gives_normalised_vectors(folder: Path, shipped: StaticEmbedder) -> None:
    embedder = SentenceTransformerEmbedder(str(folder), device="cpu")
    assert embedder.dimensions == 256
    assert embedder.embed([]).shape == (0, 256)
    texts = ["open a file", "close it"]
    np.testing.assert_allclose(embedder.embed(texts), shipped.embed(texts), atol=1e-3)
    assert embedder.embed(texts).dtype == np.float32


def test_a_transformer_folders_id_changes_with_its_weights(folder: Path) -> None:
    before = SentenceTransformerEmbedder(str(folder)).id
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    assert SentenceTransformerEmbedder(str(folder)).id != before


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    embedder = SentenceTransformerEmbedder(str(tmp_path / "nowhere" / "model"))
    with pytest.raises(EmbedderError, match="nowhere") as raised:
        embedder.embed(["a text"])
    assert "embedder.model" in raised.value.hint


def prompted(folder: Path) -> Path:
    """Give the model in a folder a prompt for questions and one for documents."""
    settings_file = folder / "config_sentence_transformers.json"
    known = json.loads(settings_file.read_text(encoding="utf-8")) if settings_file.exists() else {}
    known["prompts"] = {"query": "question ", "document": "library "}
    settings_file.write_text(json.dumps(known), encoding="utf-8")
    return folder


@needs_transformers
def test_questions_and_documents_get_the_models_prompts(folder: Path, shipped: StaticEmbedder) -> None:
    embedder = SentenceTransformerEmbedder(str(prompted(folder)), device="cpu")
    question, document = shipped.embed(["question open a file", "library open a file"])
    np.testing.assert_allclose(embedder.embed_query("open a file"), question, atol=1e-3)
    np.testing.assert_allclose(embedder.embed(["open a file"])[0], document, atol=1e-3)


def test_a_static_model_embeds_a_question_as_any_text(shipped: StaticEmbedder) -> None:
    np.testing.assert_array_equal(shipped.embed_query("open a file"), shipped.embed(["open a file"])[0])


@needs_transformers
def test_an_unknown_device_is_named(folder: Path) -> None:
    with pytest.raises(EmbedderError, match="nonsense"):
        SentenceTransformerEmbedder(str(folder), device="nonsense").embed(["a text"])


@needs_transformers
def test_broken_weights_are_one_line_of_error(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"{")
    with pytest.raises(EmbedderError, match="cannot be loaded") as raised:
        SentenceTransformerEmbedder(str(folder)).embed(["a text"])
    assert "\n" not in str(raised.value)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of downloaded models, and a hub that nobody answers at."""
    from huggingface_hub import constants

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def no_retries(*_: object, **__: object) -> None:
    raise AssertionError("the hub's client was asked although the hub cannot be reached")


@needs_transformers
def test_without_a_connection_a_model_is_refused_before_the_hub_is_asked_again_and_again(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not any(hub.iterdir())
    monkeypatch.setattr("sentence_transformers.SentenceTransformer.__init__", no_retries)
    with pytest.raises(
        EmbedderError, match=r"owner/model is not on this machine, and .* cannot be reached"
    ) as raised:
        SentenceTransformerEmbedder("owner/model").embed(["a text"])
    assert "connect to the internet once" in raised.value.hint


@needs_transformers
def test_with_the_hub_switched_off_a_model_is_refused(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(hub.iterdir())
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EmbedderError, match="HF_HUB_OFFLINE is set"):
        SentenceTransformerEmbedder("owner/model").embed(["a text"])


@needs_transformers
def test_a_model_that_was_downloaded_needs_no_connection(hub: Path, shipped: StaticEmbedder) -> None:
    revision = "0" * 40
    downloaded = hub / "models--sentence-transformers--downloaded"
    shutil.copytree(SHIPPED_MODEL, downloaded / "snapshots" / revision)
    (downloaded / "refs").mkdir()
    (downloaded / "refs" / "main").write_text(revision, encoding="utf-8")
    for name in ("sentence-transformers/downloaded", "downloaded"):
        embedder = SentenceTransformerEmbedder(name, device="cpu")
        np.testing.assert_allclose(embedder.embed(["open a file"]), shipped.embed(["open a file"]), atol=1e-3)


@needs_transformers
def test_a_download_that_was_broken_off_is_completed_or_refused(hub: Path) -> None:
    snapshot = hub / "models--owner--model" / "snapshots" / ("0" * 40)
    shutil.copytree(SHIPPED_MODEL, snapshot)
    next(snapshot.rglob("model.safetensors")).unlink()
    (hub / "models--owner--model" / "refs").mkdir()
    (hub / "models--owner--model" / "refs" / "main").write_text("0" * 40, encoding="utf-8")
    with pytest.raises(EmbedderError, match="cannot be reached"):
        SentenceTransformerEmbedder("owner/model", device="cpu").embed(["a text"])
