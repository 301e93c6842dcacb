"""The command that replays logs: over real indexes, of the logs that it finds."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.cli import app
from tests.support.code_base import CODE_BASE, write_files
from tests.support.log_lines import numbered, prompt, reply, result, says, uses, write_log


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["logs", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_replays_logs_over_a_real_index(tmp_path: Path) -> None:
    root = tmp_path / "project"
    write_files(root, CODE_BASE)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    path, here = "app/billing.py", {"cwd": str(root)}
    lines = [
        {**line, **here}
        for line in (
            prompt("hello"),
            reply("m1", uses("t1", "Read", file_path=str(root / path)), write=1000),
            result("t1", numbered(*CODE_BASE[path].splitlines())),
            reply("m2", says(f"See {path}:1."), read=1000, write=500),
        )
    ]
    write_log(tmp_path / "logs" / "s1.jsonl", *lines)
    gone = {"cwd": str(tmp_path / "gone"), "sessionId": "s2"}
    write_log(tmp_path / "logs" / "s2.jsonl", *({**line, **gone} for line in (reply("m9", says("hi")),)))
    code, out, err = run("--logs", tmp_path / "logs", "--indexes", tmp_path / "indexes", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert [one["id"] for one in told["replayed"]] == ["s1"]
    assert [one["kind"] for one in told["verdicts"]] == ["replaceable"]
    assert told["overhead"] > 0
    assert f"not replayed: s2: its folder {tmp_path / 'gone'} is gone" in err
    assert not (root / ".git" / "repo-memory").exists()


def test_the_command_finds_the_logs_of_a_repository_where_claude_code_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "my.project"
    write_files(root, CODE_BASE)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    folder = tmp_path / "claude" / "projects" / re.sub(r"[^A-Za-z0-9]", "-", str(root))
    inside, other = {"cwd": str(root / "app")}, {"cwd": f"{root}-else", "sessionId": "s2"}
    asked = uses("t1", "mcp__repo-memory__search", query="pay")
    write_log(folder / "s1.jsonl", {**reply("m1", says("hi"), write=5), **inside})
    write_log(
        folder.with_name(f"{folder.name}-else") / "s2.jsonl", {**reply("m2", says("hi"), write=5), **other}
    )
    write_log(folder / "s3.jsonl", {**reply("m3", asked, write=5), **inside, "sessionId": "s3"})
    code, out, err = run("--repo", root, "--indexes", tmp_path / "indexes", "--json")
    assert code == 0, err
    assert [one["id"] for one in json.loads(out)["replayed"]] == ["s1"]
    assert err.splitlines() == ["not replayed: s3: it already asked repo-memory"]


def test_a_folder_that_is_no_repository_is_not_indexed_unless_it_is_named(tmp_path: Path) -> None:
    root = tmp_path / "loose"
    write_files(root, CODE_BASE)
    write_log(tmp_path / "logs" / "s1.jsonl", {**reply("m1", says("hi"), write=5), "cwd": str(root)})
    arguments = ("--logs", tmp_path / "logs", "--indexes", tmp_path / "indexes", "--json")
    _, out, err = run(*arguments)
    assert json.loads(out)["replayed"] == []
    assert "is no git repository; name it by --repo" in err
    _, out, _ = run(*arguments, "--repo", root)
    assert [one["id"] for one in json.loads(out)["replayed"]] == ["s1"]


def test_the_command_says_what_to_do_where_there_are_no_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    code, _, err = run("--repo", tmp_path)
    assert code == 1
    assert f"no logs of {tmp_path}" in err
    assert "hint: pass --logs DIR" in err
