import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.errors import GitError
from memory_server.install import State, StepOutcome, check, find_executable, install, plan_install, remove
from memory_server.install.json_text import (
    find_gap,
    insert_member,
    list_members,
    remove_member,
    render_object,
)
from tests.support.properties import UNTIMED

SERVER = "repo-memory"


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")


@pytest.fixture
def executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = tmp_path / "bin" / SERVER
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    return str(path)


@pytest.fixture
def root(tmp_path: Path, executable: str) -> Path:
    assert shutil.which(SERVER) == executable
    root = tmp_path / "my projéct"
    root.mkdir()
    return root


@pytest.fixture
def off_path(root: Path, executable: str, monkeypatch: pytest.MonkeyPatch) -> str:
    assert root.is_dir()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert shutil.which(SERVER) is None
    return executable


def read_servers(root: Path) -> dict[str, dict[str, object]]:
    servers: dict[str, dict[str, object]] = json.loads((root / ".mcp.json").read_text("utf-8"))["mcpServers"]
    return servers


def write_registration(root: Path, text: str) -> Path:
    path = root / ".mcp.json"
    path.write_bytes(text.encode("utf-8"))
    return path


def test_a_folder_without_git_gets_the_registration_alone(root: Path) -> None:
    registration, hooks = install(root)
    assert registration.outcome is StepOutcome.CHANGED
    assert hooks.outcome is StepOutcome.UNCHANGED
    assert "left out" in hooks.description
    assert [path.name for path in root.iterdir()] == [".mcp.json"]
    assert read_servers(root) == {
        SERVER: {
            "type": "stdio",
            "command": SERVER,
            "args": ["serve"],
            "env": {},
            "timeout": 60000,
            "alwaysLoad": True,
        }
    }
    assert check(root) == []


def test_a_registration_file_of_our_making_is_deleted_on_removal(root: Path) -> None:
    install(root)
    assert remove(root)[0].outcome is StepOutcome.CHANGED
    assert list(root.iterdir()) == []
    assert remove(root)[0].outcome is StepOutcome.UNCHANGED


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(root: Path) -> None:
    assert install(root, dry_run=True)[0].outcome is StepOutcome.WOULD_CHANGE
    assert list(root.iterdir()) == []
    install(root)
    before = (root / ".mcp.json").read_bytes()
    assert remove(root, dry_run=True)[0].outcome is StepOutcome.WOULD_CHANGE
    assert (root / ".mcp.json").read_bytes() == before


def test_installing_twice_writes_once(root: Path) -> None:
    install(root)
    before = (root / ".mcp.json").stat()
    assert install(root)[0].outcome is StepOutcome.UNCHANGED
    after = (root / ".mcp.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


REGISTRATIONS = {
    "two spaces": '{\n  "mcpServers": {\n    "other": {\n      "command": "x"\n    }\n  }\n}\n',
    "four spaces, no last newline": '{\n    "mcpServers": {\n        "other": {"command": "x"}\n    }\n}',
    "tabs": '{\n\t"mcpServers": {\n\t\t"other": {"command": "x"}\n\t},\n\t"z": 1\n}\n',
    "carriage returns": '{\r\n  "mcpServers": {\r\n    "other": {"command": "x"}\r\n  }\r\n}\r\n',
    "one line": '{"mcpServers":{"other":{"command":"x"}}}',
    "one line with spaces": '{ "mcpServers": { "other": { "command": "}{\\"" } } }\n',
    "keys out of order": '{\n  "z": [1,2 , 3],\n  "mcpServers": {"b": {}, "a": {}},\n  "y": "\\u00e9é"\n}\n',
    "no servers": '{\n  "mcpServers": {}\n}\n',
    "no servers on one line": '{"mcpServers":{}}',
    "no servers but white space": '{\n  "mcpServers": {\n  }\n}\n',
    "no server table": '{\n  "other": 1\n}\n',
    "nothing": "{}\n",
    "nothing, no newline": "{}",
    "white space": "{ }",
    "byte order mark": '\ufeff{\n  "mcpServers": {}\n}\n',
}


@pytest.mark.parametrize("text", REGISTRATIONS.values(), ids=REGISTRATIONS.keys())
def test_other_entries_stay_and_removal_restores_every_byte(root: Path, text: str) -> None:
    path = write_registration(root, text)
    before = json.loads(text.removeprefix("\ufeff"))
    assert install(root)[0].outcome is StepOutcome.CHANGED
    after = json.loads(path.read_bytes().decode("utf-8").removeprefix("\ufeff"))
    assert after["mcpServers"].pop(SERVER)["args"] == ["serve"]
    assert after == {"mcpServers": {}} | before
    assert list(after)[: len(before)] == list(before)
    assert install(root)[0].outcome is StepOutcome.UNCHANGED
    assert check(root) == []
    remove(root)
    assert path.read_bytes() == text.encode("utf-8")


def test_the_entry_takes_the_style_of_its_neighbours(root: Path) -> None:
    path = write_registration(root, REGISTRATIONS["tabs"])
    install(root)
    assert path.read_text("utf-8") == (
        '{\n\t"mcpServers": {\n\t\t"other": {"command": "x"},\n\t\t"repo-memory": {\n\t\t\t"type": "stdio",\n'
        '\t\t\t"command": "repo-memory",\n'
        '\t\t\t"args": ["serve"],\n\t\t\t"env": {},\n\t\t\t"timeout": 60000,\n'
        '\t\t\t"alwaysLoad": true\n\t\t}\n\t},\n\t"z": 1\n}\n'
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@UNTIMED
@given(
    values=st.dictionaries(st.text(max_size=4), VALUES, max_size=4),
    indent=st.sampled_from([None, 0, 1, 2, 4, "\t"]),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,\n ", " : ")]),
    key=st.text(min_size=5, max_size=8),
)
def test_removing_what_was_inserted_restores_any_object(
    values: dict[str, object], indent: int | str | None, separators: tuple[str, str], key: str
) -> None:
    text = json.dumps(values, indent=indent, separators=separators)
    entry: dict[str, object] = {"a": [1], "b": {}}
    gap = find_gap(text, 0)
    inserted = insert_member(text, gap, key, render_object(text, entry, gap.indent))
    assert list(json.loads(inserted).items()) == [*values.items(), (key, entry)]
    assert [member.key for member in list_members(inserted, 0)] == [*values, key]
    assert remove_member(inserted, 0, key) == text


def test_an_entry_before_others_is_removed_cleanly(root: Path) -> None:
    install(root)
    path = root / ".mcp.json"
    text = path.read_text("utf-8").replace("\n    }\n  }", '\n    },\n    "later": {}\n  }')
    path.write_text(text, encoding="utf-8")
    remove(root)
    assert path.read_text("utf-8") == '{\n  "mcpServers": {\n    "later": {}\n  }\n}\n'


@pytest.mark.parametrize("text", ['{"mcpServers": {', "", "[]", '{"mcpServers": []}', "{} // note", "\udcff"])
def test_a_file_that_is_not_understood_is_left_alone_with_a_hint(root: Path, text: str) -> None:
    path = root / ".mcp.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    for report in (install(root)[0], remove(root)[0]):
        assert report.outcome is StepOutcome.REFUSED
        assert str(path) in report.reason
        assert "nothing was changed" in report.hint
    assert path.read_bytes() == text.encode("utf-8", "surrogateescape")
    assert check(root)[0].problem.startswith(str(path))


def test_another_server_of_the_same_name_is_left_alone(root: Path) -> None:
    text = '{"mcpServers": {"repo-memory": {"command": "npx", "args": ["memory"]}}}'
    path = write_registration(root, text)
    assert plan_install(root, SERVER)[0].state() is State.CONFLICTING
    for report in (install(root)[0], remove(root)[0]):
        assert report.outcome is StepOutcome.REFUSED
        assert "npx memory" in report.reason
    assert path.read_text("utf-8") == text
    assert "npx memory" in check(root)[0].problem


def test_a_user_s_own_settings_of_the_entry_are_kept(root: Path) -> None:
    text = (
        '{"mcpServers": {"repo-memory": {"command": "repo-memory", "args": ["serve", "-v"], "timeout": 5}}}'
    )
    path = write_registration(root, text)
    assert plan_install(root, SERVER)[0].state() is State.DONE
    install(root)
    assert path.read_text("utf-8") == text


def test_the_absolute_path_is_registered_where_path_does_not_find_the_command(
    root: Path, off_path: str
) -> None:
    install(root, executable=off_path)
    assert read_servers(root)[SERVER]["command"] == off_path
    assert check(root) == []


def test_the_path_of_an_installation_that_is_gone_is_replaced(root: Path, off_path: str) -> None:
    install(root, executable=off_path)
    moved = Path(off_path).parent / "moved" / SERVER
    moved.parent.mkdir()
    Path(off_path).rename(moved)
    assert "not found" in check(root)[0].problem
    assert install(root, executable=str(moved))[0].outcome is StepOutcome.CHANGED
    assert read_servers(root)[SERVER]["command"] == str(moved)
    assert check(root) == []


def test_a_team_s_bare_command_stays_where_only_one_machine_lacks_it(
    root: Path, off_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(Path(off_path).parent), prepend=os.pathsep)
        install(root)
    assert install(root, executable=off_path)[0].outcome is StepOutcome.UNCHANGED
    assert read_servers(root)[SERVER]["command"] == SERVER
    assert [("not found" in finding.problem, "PATH" in finding.fix) for finding in check(root)] == [
        (True, True)
    ]


def test_a_missing_registration_is_found(root: Path) -> None:
    assert "repo-memory init" in check(root)[0].fix
    write_registration(root, '{"mcpServers": {}}')
    assert "repo-memory init" in check(root)[0].fix


def test_a_link_within_the_project_stays_a_link_and_its_target_is_edited(root: Path) -> None:
    target = root / "shared.json"
    target.write_text("{}", encoding="utf-8")
    (root / ".mcp.json").symlink_to("shared.json")
    install(root)
    assert (root / ".mcp.json").is_symlink()
    assert SERVER in target.read_text("utf-8")
    remove(root)
    assert target.read_text("utf-8") == "{}"


def test_the_file_s_mode_is_kept(root: Path) -> None:
    path = write_registration(root, "{}")
    path.chmod(0o640)
    install(root)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_cannot_be_written_is_reported_and_nothing_is_left_behind(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, _: Path) -> None:
        raise PermissionError(13, "Permission denied", str(source))

    path = write_registration(root, "{}")
    monkeypatch.setattr(Path, "replace", refuse)
    report = install(root)[0]
    assert report.outcome is StepOutcome.REFUSED
    assert "Permission denied" in report.reason
    assert "permissions" in report.hint
    assert list(root.iterdir()) == [path]
    assert path.read_text("utf-8") == "{}"


def test_a_step_can_be_applied_and_undone_on_its_own(root: Path, executable: str) -> None:
    step = plan_install(root, executable)[0]
    assert step.state() is State.TO_DO
    assert step.apply()
    assert step.state() is State.DONE
    assert not step.apply()
    assert step.undo()
    assert not step.undo()


def test_the_executable_is_the_one_that_was_started(
    tmp_path: Path, executable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["pytest"])
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert find_executable() == executable
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_executable() == SERVER
    monkeypatch.setattr("sys.argv", [executable])
    assert find_executable() == executable


def test_a_repository_that_git_refuses_gets_nothing(root: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", str(root)], check=True)
    before = sorted(root.rglob("*"))
    with pytest.raises(GitError, match="work tree"):
        install(root)
    assert sorted(root.rglob("*")) == before
