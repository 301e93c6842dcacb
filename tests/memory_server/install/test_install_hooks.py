import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from memory_server.install import StepOutcome, check, install, remove
from tests.support.git_project import (
    HOOKS,
    PYTHON_HOOK,
    SHELL_HOOK,
    Project,
    contents,
    index_call,
    make_project,
    outcomes,
    snapshot,
    write_script,
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return make_project(tmp_path, monkeypatch)


def test_a_hook_that_was_switched_off_stays_off(project: Project) -> None:
    project.write_hook("post-commit", "#!/bin/sh\ntouch ran\n", mode=0o644)
    before = contents(project.hooks)
    install(project.root)
    project.commit("second.py")
    assert project.new_calls() == [index_call(project.root)]
    assert not (project.root / "ran").exists()
    remove(project.root)
    assert contents(project.hooks) == before


def test_the_target_of_a_linked_hook_is_not_touched(project: Project) -> None:
    write_script(project.root / "scripts/hook.sh", "touch ran\n")
    project.hooks.mkdir()
    (project.hooks / "post-commit").symlink_to("../../scripts/hook.sh")
    before = (project.root / "scripts/hook.sh").read_bytes()
    install(project.root)
    project.commit("second.py")
    assert (project.root / "ran").exists()
    assert project.new_calls() == [index_call(project.root)]
    assert (project.root / "scripts/hook.sh").read_bytes() == before
    remove(project.root)
    assert (project.hooks / "post-commit").readlink() == Path("../../scripts/hook.sh")


def test_installing_twice_writes_once(project: Project) -> None:
    project.write_hook("post-commit", SHELL_HOOK)
    project.write_hook("post-merge", PYTHON_HOOK)
    assert outcomes(install(project.root)) == {StepOutcome.CHANGED}
    before = snapshot(project.root)
    assert outcomes(install(project.root)) == {StepOutcome.UNCHANGED}
    assert snapshot(project.root) == before
    assert check(project.root) == []


def test_a_dry_run_writes_nothing(project: Project) -> None:
    project.write_hook("post-commit", SHELL_HOOK)
    before = snapshot(project.root)
    assert outcomes(install(project.root, dry_run=True)) == {StepOutcome.WOULD_CHANGE}
    assert snapshot(project.root) == before
    install(project.root)
    before = snapshot(project.root)
    assert outcomes(remove(project.root, dry_run=True)) == {StepOutcome.WOULD_CHANGE}
    assert snapshot(project.root) == before


def test_removal_deletes_the_hooks_that_were_made_and_keeps_what_was_added_to_them(project: Project) -> None:
    install(project.root)
    assert sorted(path.name for path in project.hooks.iterdir()) == sorted(HOOKS)
    with (project.hooks / "post-commit").open("a", encoding="utf-8") as hook:
        hook.write("echo mine\n")
    assert outcomes(remove(project.root)) == {StepOutcome.CHANGED}
    assert [path.name for path in project.hooks.iterdir()] == ["post-commit"]
    assert (project.hooks / "post-commit").read_text("utf-8") == "#!/bin/sh\necho mine\n"
    assert outcomes(remove(project.root)) == {StepOutcome.UNCHANGED}


def test_a_new_path_of_the_executable_takes_the_old_one_s_place(project: Project, tmp_path: Path) -> None:
    hook = project.write_hook("post-commit", SHELL_HOOK)
    install(project.root, executable=str(tmp_path / "old/repo-memory"))
    install(project.root)
    text = hook.read_text("utf-8")
    assert text.count("repo-memory >>>") == 1
    assert "old/repo-memory" not in text
    assert text.endswith("echo ran >>ran\nexit 0\n")


@pytest.mark.parametrize("absolute", [False, True])
def test_hooks_go_where_the_configuration_says(project: Project, absolute: bool) -> None:
    folder = project.root / ".husky/_"
    project.git("config", "core.hooksPath", str(folder) if absolute else ".husky/_")
    reports = install(project.root)
    assert outcomes(reports) == {StepOutcome.CHANGED}
    assert all(".husky/_ (if a tool" in report.description for report in reports[1:])
    assert sorted(path.name for path in folder.iterdir()) == sorted(HOOKS)
    assert not project.hooks.exists()
    project.commit("second.py")
    assert project.new_calls() == [index_call(project.root)]


def test_hooks_that_git_tracks_name_the_bare_command_and_the_report_says_so(project: Project) -> None:
    project.git("config", "core.hooksPath", ".githooks")
    write_script(project.root / ".githooks/pre-commit", "exit 0\n")
    project.git("add", ".githooks")
    reports = install(project.root)
    assert all("tracked by git" in report.description for report in reports[1:])
    text = (project.root / ".githooks/post-commit").read_text("utf-8")
    assert "tool=$(command -v repo-memory) ||" in text
    assert str(project.tool) not in text
    assert check(project.root) == []


@pytest.mark.parametrize("setting", ["~/hooks", "/dev/null"])
def test_a_hooks_folder_that_other_repositories_share_is_left_alone(
    project: Project, tmp_path: Path, setting: str
) -> None:
    project.git("config", "core.hooksPath", setting)
    registration, hooks = install(project.root)
    assert registration.outcome is StepOutcome.CHANGED
    assert hooks.outcome is StepOutcome.REFUSED
    assert "core.hooksPath" in hooks.hint
    assert list((tmp_path / "home").iterdir()) == []
    assert ["outside this repository" in finding.problem for finding in check(project.root)] == [True]


def test_hooks_that_a_later_setting_put_out_of_use_are_found_and_removed(project: Project) -> None:
    install(project.root)
    project.git("config", "core.hooksPath", ".husky")
    (finding,) = check(project.root)
    assert "inert" in finding.problem
    assert "repo-memory init" in finding.fix
    install(project.root)
    assert check(project.root) == []
    remove(project.root)
    assert list(project.hooks.iterdir()) == list((project.root / ".husky").iterdir()) == []


def replace_hook(project: Project) -> None:
    project.write_hook("post-merge", "#!/bin/sh\necho new\n")


def break_block(project: Project) -> None:
    hook = project.hooks / "post-merge"
    hook.write_text(hook.read_text("utf-8").replace("# <<< repo-memory <<<\n", ""), encoding="utf-8")


def extend_wrapper(project: Project) -> None:
    hook = project.hooks / "post-merge"
    hook.write_text(hook.read_text("utf-8") + "echo mine\n", encoding="utf-8")


@pytest.mark.parametrize("spoil", [replace_hook, break_block, extend_wrapper])
def test_what_cannot_be_undone_safely_is_refused_and_nothing_is_lost(
    project: Project, spoil: Callable[[Project], None]
) -> None:
    project.write_hook("post-merge", PYTHON_HOOK)
    install(project.root)
    spoil(project)
    spoiled = (project.hooks / "post-merge").read_bytes()
    refused = [report for report in remove(project.root) if report.outcome is StepOutcome.REFUSED]
    assert ["post-merge" in report.description and report.hint != "" for report in refused] == [True]
    assert (project.hooks / "post-merge").read_bytes() == spoiled
    assert (project.hooks / "post-merge.repo-memory-chained").read_text("utf-8") == PYTHON_HOOK


def test_an_install_that_was_cut_short_is_completed_or_undone(project: Project) -> None:
    hook = project.write_hook("post-merge", PYTHON_HOOK)
    chained = hook.with_name("post-merge.repo-memory-chained")
    hook.rename(chained)
    remove(project.root)
    assert hook.read_text("utf-8") == PYTHON_HOOK
    hook.rename(chained)
    install(project.root)
    assert check(project.root) == []
    remove(project.root)
    assert hook.read_text("utf-8") == PYTHON_HOOK


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda hook: hook.write_bytes(b"#!/bin/sh\r\nexit 0\r\n"), "carriage return"),
        (lambda hook: hook.symlink_to("nowhere"), "symbolic link to nothing"),
        (lambda hook: hook.mkdir(), "directory"),
    ],
    ids=["carriage return", "dangling link", "folder"],
)
def test_a_hook_that_cannot_run_is_left_alone_and_the_others_are_set(
    project: Project, spoil: Callable[[Path], object], reason: str
) -> None:
    project.hooks.mkdir()
    spoil(project.hooks / "post-merge")
    before = contents(project.hooks)
    reports = install(project.root)
    refused = [report for report in reports if report.outcome is StepOutcome.REFUSED]
    assert ["post-merge" in report.description and reason in report.reason for report in refused] == [True]
    assert len(reports) - len(refused) == len(HOOKS)
    remove(project.root)
    assert contents(project.hooks) == before


def test_missing_hooks_are_found_together(project: Project) -> None:
    install(project.root)
    for name in HOOKS[:2]:
        (project.hooks / name).unlink()
    (finding,) = check(project.root)
    assert "post-commit, post-merge" in finding.problem


def test_a_hook_that_git_ignores_is_found_and_made_executable(project: Project) -> None:
    install(project.root)
    hook = project.hooks / "post-commit"
    hook.chmod(0o644)
    (finding,) = check(project.root)
    assert "not executable" in finding.problem
    assert outcomes(install(project.root)) == {StepOutcome.CHANGED, StepOutcome.UNCHANGED}
    assert hook.stat().st_mode & stat.S_IXUSR


def test_a_hook_whose_executable_is_gone_is_found(project: Project) -> None:
    install(project.root)
    shutil.rmtree(project.tool.parent)
    problems = [finding.problem for finding in check(project.root)]
    assert sum(str(project.tool) in problem for problem in problems) == len(HOOKS)


def test_an_outdated_block_is_found(project: Project) -> None:
    install(project.root)
    hook = project.hooks / "post-commit"
    hook.write_text(hook.read_text("utf-8").replace("--quiet", "--old"), encoding="utf-8")
    (finding,) = check(project.root)
    assert "outdated" in finding.problem
    install(project.root)
    assert check(project.root) == []
