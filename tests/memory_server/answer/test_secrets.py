"""No secret of a repository is in any reply, or in any file that an index is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_server.memory import Memory
from tests.support.answering import WordEmbedder
from tests.support.code_base import write_files

TOKEN = "".join(("gh", "p_", "a7Bf2Qd9Wx3Ez6Rv8", "Tb1Yn4Um5Ik0Ol2Pq9"))
PASSWORD = "tr0ub4dor-And-3"
KEY_LINE = "MIIEpAIBAAKCAQEAx9vZ3kQ2b7LwTn4RfYc8sJhGdUoP1iKm"
HEADER = "".join(("-----BEGIN RSA PRIVATE", " KEY-----"))
SECRETS = (TOKEN[4:], PASSWORD, KEY_LINE)
FILES = {
    "app/settings.py": f'''"""Where the shop logs in, for instance with {TOKEN}."""

API_TOKEN = "{TOKEN}"


def log_in(password: str = "{PASSWORD}", token="{TOKEN}") -> None:
    """Log in with {TOKEN}, at https://shop:{PASSWORD}@db.internal/x."""
    send(password)


def send(password: str) -> None:
    log_in("-u", password="{PASSWORD}")  # {TOKEN}
''',
    "config/app.yaml": f"shop:\n  password: {PASSWORD}\n  {TOKEN}: name\n",
    "config/key.txt": f"the key\n{HEADER}\n{KEY_LINE}\n{HEADER.replace('BEGIN', 'END')}\n",
    "notes.md": f"# Log in with {TOKEN}\n\nThe token {TOKEN}, or `export PASSWORD={PASSWORD}`.\n",
    "data.json": f'{{"password": "{PASSWORD}", "tokens": ["{TOKEN}"]}}\n',
}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    root = tmp_path_factory.mktemp("secrets") / "shop"
    write_files(root, FILES)
    memory = Memory.open(root, embedder=WordEmbedder())
    memory.sync()
    return memory


def test_no_reply_has_a_secret(memory: Memory) -> None:
    replies = [
        *(memory.search(query) for query in ("log in password token", "settings key", "shop name")),
        *(memory.read([target]) for target in (*FILES, "log_in", "API_TOKEN", "app/settings.py:1-99")),
        *(memory.outline(path) for path in ("", *FILES)),
        *(memory.related("send", relation) for relation in ("callers", "callees")),
    ]
    for reply in replies:
        for secret in SECRETS:
            assert secret not in reply.text()
            assert secret not in str(reply.json())
    assert "API_TOKEN" in replies[3].text()  # the file is served


def test_a_file_is_masked_too_that_the_index_does_not_know_yet(memory: Memory) -> None:
    file = memory.root / "app" / "new.py"
    file.write_text(f'"""New."""\nTOKEN = "{TOKEN}"\n', encoding="utf-8")
    assert TOKEN[4:] not in memory.read(["app/new.py"]).text()


def test_no_file_of_an_index_has_a_secret(memory: Memory) -> None:
    files = [file for file in Path(memory.tree.folder.path).rglob("*") if file.is_file()]
    assert any(b"log_in" in file.read_bytes() for file in files)
    for file in files:
        data = file.read_bytes().lower()
        assert not [secret for secret in SECRETS if secret.lower().encode() in data], file
