import os
import shutil
import subprocess
from pathlib import Path

import pytest

from memory_server.install import StepOutcome, check, install, remove
from tests.support.git_project import (
    PYTHON_HOOK,
    SHELL_HOOK,
    Project,
    contents,
    index_call,
    is_through,
    make_project,
    outcomes,
    wait_for_descendants,
    write_script,
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return make_project(tmp_path, monkeypatch)


def test_a_commit_an_amend_a_checkout_and_a_merge_each_refresh_the_index(project: Project) -> None:
    install(project.root)
    call = index_call(project.root)
    project.commit("second.py")
    assert project.new_calls() == [call]
    project.git("commit", "--quiet", "--amend", "--message", "Other words")
    assert set(project.new_calls()) == {call}  # post-commit and post-rewrite
    project.git("checkout", "--quiet", "-b", "side")
    assert project.new_calls() == [call]
    project.commit("third.py")
    project.git("checkout", "--quiet", "main")
    project.new_calls()
    project.git("merge", "--quiet", "side")
    assert project.new_calls() == [call]


def test_checking_a_file_out_does_not_refresh_the_index(project: Project) -> None:
    install(project.root)
    (project.root / "first.py").write_text("changed\n", encoding="utf-8")
    project.git("checkout", "--quiet", "--", "first.py")
    assert project.new_calls() == []


def test_a_rebase_refreshes_the_index_at_its_end_and_not_at_each_step(project: Project) -> None:
    install(project.root)
    project.git("checkout", "--quiet", "-b", "side")
    for name in ("a.py", "b.py", "c.py"):
        project.commit(name)
    project.git("checkout", "--quiet", "main")
    project.commit("d.py")
    project.git("checkout", "--quiet", "side")
    project.new_calls()
    project.git("rebase", "--quiet", "main")
    calls = project.new_calls()
    assert set(calls) == {index_call(project.root)}
    assert len(calls) <= 2  # the checkout it starts with, and the end


def test_a_commit_that_continues_a_rebase_waits_for_its_end(project: Project) -> None:
    install(project.root)
    project.git("checkout", "--quiet", "-b", "side")
    project.commit("same.py", "side\n")
    project.git("checkout", "--quiet", "main")
    project.commit("same.py", "main\n")
    project.git("checkout", "--quiet", "side")
    project.git("rebase", "--quiet", "main", stops=True)
    project.new_calls()
    (project.root / "same.py").write_text("both\n", encoding="utf-8")
    project.git("add", "same.py")
    project.git("commit", "--quiet", "--message", "Both")
    assert project.new_calls() == []
    project.git("rebase", "--continue")
    assert project.new_calls() == [index_call(project.root)]


def test_a_linked_worktree_uses_the_same_hooks_on_its_own_files(project: Project, tmp_path: Path) -> None:
    install(project.root)
    linked = tmp_path / "linked tree"
    project.git("worktree", "add", "--quiet", "--detach", str(linked))
    assert project.new_calls() == [index_call(linked)]
    project.commit("second.py", folder=linked)
    assert project.new_calls() == [index_call(linked)]
    assert outcomes(install(linked)[1:]) == {StepOutcome.UNCHANGED}


def test_a_commit_from_a_folder_below_refreshes_the_whole_tree(project: Project) -> None:
    install(project.root)
    (project.root / "below").mkdir()
    project.commit("second.py", folder=project.root / "below")
    assert project.new_calls() == [index_call(project.root)]


def test_the_indexer_does_not_inherit_git_s_variables(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(project.root)
    linked = tmp_path / "linked"
    project.git("worktree", "add", "--quiet", "--detach", str(linked))
    project.commit("second.py", folder=linked)
    names = {line.partition("=")[0] for line in project.environment_file.read_text("utf-8").splitlines()}
    assert "GIT_AUTHOR_NAME" in names
    assert not names & {"GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX"}
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert outcomes(install(linked)) == {StepOutcome.CHANGED, StepOutcome.UNCHANGED}


def test_git_does_not_wait_for_the_indexer_nor_share_its_streams(project: Project, tmp_path: Path) -> None:
    install(project.root)
    gate, through = tmp_path / "gate", tmp_path / "through"
    os.mkfifo(gate)
    write_script(project.tool, f"echo noise; echo noise >&2; read line <'{gate}'; echo $line >'{through}'\n")
    done, reader = project.start_git("commit", "--quiet", "--allow-empty", "--message", "Empty")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not is_through(reader, 0)
    gate_end = os.open(gate, os.O_RDWR)  # does not wait for a reader
    os.write(gate_end, b"opened\n")
    wait_for_descendants(reader)
    os.close(gate_end)
    assert through.read_text("utf-8") == "opened\n"


def test_git_works_as_ever_when_the_executable_is_gone(project: Project) -> None:
    install(project.root)
    shutil.rmtree(project.tool.parent)
    assert project.commit("second.py") == ""
    assert project.new_calls() == []


def test_git_works_as_ever_when_the_indexer_fails(project: Project) -> None:
    install(project.root)
    write_script(project.tool, "echo broken >&2\nexit 3\n")
    assert project.commit("second.py") == ""
    project.git("checkout", "--quiet", "-b", "side")


def test_the_command_on_path_serves_where_the_installed_path_is_gone(
    project: Project, tmp_path: Path
) -> None:
    install(project.root, executable=str(tmp_path / "gone/repo-memory"))
    project.commit("second.py")
    assert project.new_calls() == [index_call(project.root)]


def test_the_installed_path_serves_programs_with_a_short_path(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(project.root, executable=str(project.tool))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    project.commit("second.py")
    assert project.new_calls() == [index_call(project.root)]
    assert [finding.problem for finding in check(project.root) if "hook" in finding.problem] == []


EXISTING = {
    "ends with exit": SHELL_HOOK,
    "ends with exec": "#!/usr/bin/env bash\nexec sh -c 'echo ran >>ran'\n",
    "fails": "#!/bin/sh\necho ran >>ran\nexit 3\n",
    "stops at errors": "#!/bin/sh -eu\necho ran >>ran\nfalse\n",
    "has no shebang": "echo ran >>ran\n",
    "has no newline": "#!/bin/sh\necho ran >>ran",
    "hands itself over": "#!/bin/sh\n''':'\nexec python3 \"$0\"\n'''\nopen('ran', 'a').write('ran\\n')\n",
    "is Python": PYTHON_HOOK,
}
READ_ALL = {
    "shell": '#!/bin/sh\n{ echo "$1"; cat; } >received\n',
    "Python": "#!/usr/bin/env python3\nimport sys\n"
    "open('received', 'w').write(sys.argv[1] + '\\n' + sys.stdin.read())\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", EXISTING.values(), ids=EXISTING.keys())
def test_a_hook_that_was_there_runs_with_ours_and_is_restored_to_the_byte(
    project: Project, text: str
) -> None:
    project.write_hook("post-checkout", text)
    status = subprocess.run(
        ["git", "checkout", "--quiet", "-b", "a"], cwd=project.root, check=False
    ).returncode
    before = contents(project.hooks)
    assert outcomes(install(project.root)) == {StepOutcome.CHANGED}
    project.git("checkout", "--quiet", "-b", "b", stops=status != 0)
    assert (project.root / "ran").read_text("utf-8") == "ran\nran\n"
    assert project.new_calls() == [index_call(project.root)]
    project.git("checkout", "--quiet", "main", stops=status != 0)
    assert outcomes(remove(project.root)) == {StepOutcome.CHANGED}
    assert contents(project.hooks) == before


@pytest.mark.parametrize("text", ["", "#!/bin/sh", "#!/bin/sh\n", "#!/bin/sh\n\n", "# note\r\n", "\n"])
def test_a_hook_that_does_nothing_is_restored_to_the_byte(project: Project, text: str) -> None:
    project.write_hook("post-commit", text)
    before = contents(project.hooks)
    install(project.root)
    project.commit("second.py")
    assert project.new_calls() == [index_call(project.root)]
    remove(project.root)
    assert contents(project.hooks) == before


def test_the_exit_status_of_a_hook_that_was_there_is_git_s(project: Project) -> None:
    for interpreter, code in (("sh", "exit 7"), ("env python3", "raise SystemExit(7)")):
        path = "/bin/" if interpreter == "sh" else "/usr/bin/"
        hook = project.write_hook("post-checkout", f"#!{path}{interpreter}\n{code}\n")
        install(project.root)
        assert subprocess.run([hook, "a", "b", "1"], cwd=project.root, check=False).returncode == 7
        remove(project.root)


@pytest.mark.parametrize("text", READ_ALL.values(), ids=READ_ALL.keys())
def test_a_hook_that_was_there_gets_its_arguments_and_standard_input(project: Project, text: str) -> None:
    project.write_hook("post-rewrite", text)
    install(project.root)
    old = project.git("rev-parse", "HEAD").strip()
    project.git("commit", "--quiet", "--amend", "--message", "Other words")
    new = project.git("rev-parse", "HEAD").strip()
    assert (project.root / "received").read_text("utf-8") == f"amend\n{old} {new}\n"
    assert set(project.new_calls()) == {index_call(project.root)}
