"""Claude Code's hooks, set up beside whatever hooks are there, and undone to the byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memory_server.errors import InstallError
from memory_server.install.client_hooks import FILE, client_hooks, client_hooks_step

BRIEFING = Path("/somewhere/my repo/.git/repo-memory/briefings/0123456789ab.txt")
OTHERS = {"hooks": [{"type": "command", "command": "echo hi"}]}
FILES = [
    "{}",
    "{}\n",
    '{\n  "permissions": {"allow": ["Bash"]}\n}\n',
    '{"hooks": {}}',
    '{\r\n\t"hooks": {\r\n\t\t"Stop": []\r\n\t}\r\n}',
    json.dumps({"hooks": {"PreToolUse": [OTHERS], "SessionStart": []}}, indent=2),
    json.dumps({"hooks": {"SessionStart": [OTHERS, OTHERS]}, "model": "x"}),
    json.dumps({"hooks": {"SessionStart": [OTHERS]}}, indent=4),
]


@pytest.mark.parametrize("text", FILES)
def test_they_stand_beside_others_and_go_without_a_trace(tmp_path: Path, text: str) -> None:
    file = tmp_path / FILE
    file.parent.mkdir()
    file.write_bytes(text.encode())
    step = client_hooks_step(tmp_path, BRIEFING)
    assert step.apply()
    assert not step.apply()
    before, after = json.loads(text), json.loads(file.read_bytes())
    for event, entry in client_hooks(BRIEFING).items():
        assert after["hooks"][event] == [*before.get("hooks", {}).get(event, []), entry]
    assert {key: value for key, value in after.items() if key != "hooks"} == {
        key: value for key, value in before.items() if key != "hooks"
    }
    assert step.undo()
    undone = json.loads(file.read_bytes())
    empty = {"SessionStart", "PreToolUse"} & {e for e, v in before.get("hooks", {}).items() if not v}
    if not empty and before.get("hooks") != {}:
        assert file.read_bytes() == text.encode()
    assert {e: v for e, v in undone.get("hooks", {}).items() if v} == {
        e: v for e, v in before.get("hooks", {}).items() if v
    }


def test_a_file_of_ours_alone_is_made_and_deleted(tmp_path: Path) -> None:
    step = client_hooks_step(tmp_path, BRIEFING)
    assert step.apply()
    assert json.loads((tmp_path / FILE).read_text("utf-8")) == {
        "hooks": {event: [entry] for event, entry in client_hooks(BRIEFING).items()}
    }
    assert step.undo()
    assert not (tmp_path / FILE).parent.exists()
    assert not step.undo()


def test_another_place_of_the_briefing_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    client_hooks_step(tmp_path, BRIEFING).apply()
    other = BRIEFING.with_name("ba9876543210.txt")
    assert client_hooks_step(tmp_path, other).apply()
    (entry,) = json.loads((tmp_path / FILE).read_text("utf-8"))["hooks"]["SessionStart"]
    assert "ba9876543210" in entry["hooks"][0]["command"]


@pytest.mark.parametrize("text", ["no json", "[]", '{"hooks": []}', '{"hooks": {"Stop": 1}}'])
def test_what_is_no_settings_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / FILE
    file.parent.mkdir()
    file.write_text(text, "utf-8")
    with pytest.raises(InstallError):
        client_hooks_step(tmp_path, BRIEFING).apply()
    assert file.read_text("utf-8") == text


def test_a_link_to_the_outside_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("{}", "utf-8")
    root = tmp_path / "root"
    (root / ".claude").mkdir(parents=True)
    (root / FILE).symlink_to(outside)
    with pytest.raises(InstallError):
        client_hooks_step(root, BRIEFING).apply()
    assert outside.read_text("utf-8") == "{}"
