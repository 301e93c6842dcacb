"""What came with a repository under our name, or leads out of it, is not ours: it is refused and left."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from memory_server.install import StepOutcome, check, install, remove
from tests.support.git_project import Project, contents, outcomes

SERVER = "repo-memory"


@pytest.fixture
def root(repository: Project) -> Path:
    return repository.root


def write_registration(root: Path, text: str) -> Path:
    path = root / ".mcp.json"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_the_outside_is_refused_with_a_hint(root: Path, tmp_path: Path, there: bool) -> None:
    target = tmp_path / "shared.json"
    if there:
        target.write_text(
            f'{{"mcpServers": {{"{SERVER}": {{"command": "{SERVER}", "args": ["serve"]}}}}}}', "utf-8"
        )
    before = target.read_bytes() if there else None
    (root / ".mcp.json").symlink_to(target)
    for report in (install(root)[0], remove(root)[0]):
        assert report.outcome is StepOutcome.REFUSED
        assert "outside this repository" in report.reason
        assert "by hand" in report.hint
    assert (target.read_bytes() if target.exists() else None) == before
    assert "outside" in check(root)[0].problem


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "large"])
def test_what_is_no_file_of_settings_is_refused_at_once(root: Path, kind: str) -> None:
    path = root / ".mcp.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(120_000_000)
    assert {install(root)[0].outcome, remove(root)[0].outcome} == {StepOutcome.REFUSED}
    assert check(root)[0].fix


@pytest.mark.parametrize("text", ["[" * 5_000 + "]" * 5_000, "[" * 150 + "]" * 150, "9" * 5_000])
def test_json_that_cannot_be_read_is_refused(root: Path, text: str) -> None:
    write_registration(root, f'{{"mcpServers": {{}}, "x": {text}}}')
    for report in (install(root)[0], remove(root)[0]):
        assert report.outcome is StepOutcome.REFUSED
        assert "not valid JSON" in report.reason


FOREIGN: dict[str, dict[str, object]] = {
    "another program": {"command": "/bin/sh", "args": ["-c", "repo-memory serve"]},
    "our name among its words": {"command": "evil", "args": ["repo-memory", "serve"]},
    "in the project": {"command": "./repo-memory", "args": ["serve"]},
    "in a folder of the project": {"command": "bin/repo-memory", "args": ["serve"]},
    "by the project's whole path": {"command": "{root}/repo-memory", "args": ["serve"]},
    "by a variable": {"command": "${{PROJECT}}/repo-memory", "args": ["serve"]},
    "another command of ours": {"command": SERVER, "args": ["remove"]},
    "another package": {"command": "uvx", "args": ["--from", "evil", SERVER, "serve"]},
    "the project's own environment": {"command": "uv", "args": ["run", SERVER, "serve"]},
    "another search path": {"command": SERVER, "args": ["serve"], "env": {"PATH": "."}},
    "another library": {"command": SERVER, "args": ["serve"], "env": {"LD_PRELOAD": "./x.so"}},
    "no object of variables": {"command": SERVER, "args": ["serve"], "env": ["PATH"]},
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_an_entry_that_runs_something_foreign_is_not_ours(
    root: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("PROJECT", str(root))
    entry = {**FOREIGN[kind], "command": str(FOREIGN[kind]["command"]).format(root=root)}
    text = json.dumps({"mcpServers": {SERVER: entry}})
    path = write_registration(root, text)
    for report in (install(root)[0], remove(root)[0]):
        assert report.outcome is StepOutcome.REFUSED
        assert "server named repo-memory" in report.reason
        assert "remove or rename" in report.hint
    assert path.read_text("utf-8") == text
    assert "server named repo-memory" in check(root)[0].problem


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "uvx", "args": [SERVER, "serve"]},
        {"command": "pipx", "args": ["run", SERVER, "serve"]},
        {"command": SERVER, "args": ["serve"], "env": {"REPO_MEMORY_DEVICE": "cpu"}},
    ],
)
def test_an_entry_that_starts_what_is_published_is_ours(root: Path, entry: dict[str, object]) -> None:
    write_registration(root, json.dumps({"mcpServers": {SERVER: entry}}))
    assert install(root)[0].outcome is StepOutcome.UNCHANGED
    assert remove(root)[0].outcome is StepOutcome.CHANGED


def test_a_hook_that_a_link_leads_to_outside_is_not_edited(repository: Project, tmp_path: Path) -> None:
    install(repository.root)
    block = (repository.hooks / "post-commit").read_bytes()
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("post-commit", "post-merge"):
        (outside / name).write_bytes(block.replace(b"index --quiet", b"index"))
        (repository.hooks / name).unlink()
        (repository.hooks / name).symlink_to(outside / name)
    before = contents(outside)
    assert StepOutcome.REFUSED in outcomes(install(repository.root))
    remove(repository.root)
    assert contents(outside) == before


def test_a_folder_of_hooks_that_is_a_link_to_the_outside_is_not_written_to(
    repository: Project, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repository.root / ".git/hooks").symlink_to(outside)
    repository.git("config", "core.hooksPath", ".husky")
    for configured in (True, False):
        if not configured:
            repository.git("config", "--unset", "core.hooksPath")
        for act in (install, remove):
            act(repository.root)
    assert not list(outside.iterdir())
