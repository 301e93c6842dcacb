"""A repository's settings run no program, fetch nothing and make nobody wait, whatever is read of it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from indexers import git
from indexers.errors import GitError
from indexers.git import current_branch, find_git, has_tracked_files, head_commit, list_files, read_git
from indexers.history.changes import checkout, draw_changes
from indexers.history.commits import list_blobs, read_blobs, read_commits
from memory_server.tuning.split import split_history
from tests.support.git_project import Project, write_script

PROGRAMS = (
    "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.gitProxy", "core.askPass",
    "core.alternateRefsCommand", "credential.helper", "credential.https://example.com.helper", "sequence.editor",
    "diff.external", "diff.evil.command", "diff.evil.textconv", "merge.evil.driver", "interactive.diffFilter",
    "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "gpg.program", "gpg.openpgp.program",
    "gpg.ssh.program", "gpg.x509.program", "gpg.ssh.defaultKeyCommand", "gc.recentObjectsHook",
    "uploadpack.packObjectsHook", "remote.origin.uploadpack", "remote.origin.receivepack", "remote.origin.proxy",
    "pager.log", "pager.diff", "pager.ls-files", "pager.rev-parse", "pager.rev-list", "pager.cat-file",
    "pager.ls-tree", "trailer.evil.command", "trailer.evil.cmd", "tar.evil.command", "submodule.sub.update",
    "alias.log", "alias.ls-files", "alias.diff", "browser.evil.cmd", "difftool.evil.cmd", "mergetool.evil.cmd",
)  # fmt: skip
"""Every setting of git's that names a program."""

FLAGS = {
    "log.showSignature": "true",
    "core.attributesFile": "attributes",
    "submodule.recurse": "true",
    "fetch.recurseSubmodules": "true",
    "filter.evil.required": "true",
    "diff.evil.cachetextconv": "true",
    "protocol.allow": "always",
    "protocol.ext.allow": "always",
    "protocol.file.allow": "always",
    "remote.origin.promisor": "true",
    "extensions.partialClone": "origin",
    "core.repositoryFormatVersion": "1",
    "core.untrackedCache": "true",
    "maintenance.auto": "true",
    "gc.auto": "1",
}
HOOKS = (
    "post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc",
    "query-watchman", "post-commit", "post-merge", "post-rewrite", "pre-commit",
)  # fmt: skip
MESSAGE = "Make the total of an invoice add the tax\n"


@pytest.fixture
def mark(repository: Project) -> Path:
    """Where a program leaves a mark that any setting of the repository would run."""
    root, outer = repository.root, repository.root.parent
    mark, program = outer / "mark", outer / "evil"
    write_script(program, f'echo "$0 $*" >>{mark}\ncat 2>/dev/null </dev/null\n')
    (root / ".gitattributes").write_text("* diff=evil filter=evil merge=evil\n", encoding="utf-8")
    (root / "app/billing.py").write_text("def total_of_invoice(tax):\n    return tax\n", encoding="utf-8")
    repository.git("add", "--all")
    sign(repository)
    for name in HOOKS:
        write_script(root / "hooks" / name, f"echo hook {name} >>{mark}\n")
        write_script(root / ".git/hooks" / name, f"echo hook {name} >>{mark}\n")
    for key in PROGRAMS:
        repository.git("config", "--add", key, f"!{program}" if key.startswith("alias") else str(program))
    for key, value in FLAGS.items():
        repository.git("config", "--add", key, value)
    (root / "attributes").write_text("* diff=evil filter=evil\n", encoding="utf-8")
    repository.git("config", "core.hooksPath", str(root / "hooks"))
    repository.git("config", "remote.origin.url", f"ext::{program} %S")
    mark.unlink(missing_ok=True)
    return mark


def sign(repository: Project) -> None:
    """Commit what is staged under something that looks like a signature."""
    root = repository.root
    tree, parent = (run(root, *words) for words in (("write-tree",), ("rev-parse", "HEAD")))
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"
    who = "Ada <ada@example.com> 1700000000 +0000"
    text = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n{signature}\n{MESSAGE}"
    commit = run(root, "hash-object", "-t", "commit", "-w", "--stdin", given=text)
    run(root, "update-ref", "HEAD", commit)


def run(root: Path, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, input=given, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def read_lacking(root: Path) -> None:
    """Ask for an object that is not there, as a partial clone's are."""
    with pytest.raises(GitError):
        read_git(root, "cat-file", "-p", "1" * 40)


def lay_out(root: Path) -> None:
    tree = root.parent / "laid out"
    assert list(checkout(root, tree, ["HEAD"])) == ["HEAD"]
    assert (tree / "app/billing.py").is_file()


READS: dict[str, Callable[[Path], object]] = {
    "where it is": find_git,
    "its files": list_files,
    "whether files are tracked": has_tracked_files,
    "its commit": head_commit,
    "its branch": current_branch,
    "its commits": lambda root: list(read_commits(root, "HEAD", 10)),
    "its blobs": lambda root: list(read_blobs(root, list_blobs(root, "HEAD"))),
    "its history as questions": lambda root: draw_changes(root, 3),
    "its history in two parts": split_history,
    "what it lacks": read_lacking,
    "an old revision laid out": lay_out,
}


@pytest.mark.slow
@pytest.mark.parametrize("read", READS)
def test_reading_a_repository_runs_no_program_that_its_settings_name(
    repository: Project, mark: Path, read: str
) -> None:
    READS[read](repository.root)
    assert not mark.exists(), mark.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "programs"),
    [
        (("ls-files", "--others"), "fsmonitor"),
        (("log", "-p", "HEAD"), "gpg"),
        (("diff", "HEAD^", "HEAD"), "diff"),
        (("cat-file", "-p", "1" * 40), "lazy fetch"),
        (("checkout", "--force", "HEAD", "."), "hooks and filters"),
    ],
)
def test_git_by_itself_would_run_them(
    repository: Project, mark: Path, command: tuple[str, ...], programs: str
) -> None:
    run(repository.root, *command)
    assert mark.exists(), programs


def test_what_is_read_is_what_it_is_without_such_settings(repository: Project, mark: Path) -> None:
    root = repository.root
    (commit,) = read_commits(root, "HEAD", 1)
    assert commit.subject == MESSAGE.strip()
    assert {hunk.path for hunk in commit.hunks} == {".gitattributes", "app/billing.py"}
    assert [change.query for change in draw_changes(root, 1)] == [MESSAGE.strip()]
    found = find_git(root)
    assert found is not None
    assert found.hooks_dir == root / "hooks"
    assert not mark.exists()


SPECIAL = (".gitignore", ".git/config", ".git/HEAD", ".git/index", ".git/info/exclude", "an included file")


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("kind", ["pipe", "link to a pipe"])
def test_a_pipe_among_what_git_reads_keeps_nobody_waiting(
    repository: Project, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    monkeypatch.setattr(git, "_PATIENCE_S", 0.3)
    root = repository.root
    path = root / (name if name in SPECIAL[:-1] else "pipe")
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if name == SPECIAL[-1]:
        repository.git("config", "include.path", str(path))
    if kind == "pipe":
        os.mkfifo(path)
    else:
        os.mkfifo(root / "elsewhere")
        path.symlink_to(root / "elsewhere")
    if name == ".gitignore" and kind != "pipe":
        assert list_files(root)  # git does not follow a link there
        return
    with pytest.raises(GitError) as caught:
        find_git(root)
        list_files(root)
    assert "no regular file" in str(caught.value) or "not a git repository" in str(caught.value)
    assert caught.value.hint


def test_a_pipe_in_place_of_the_git_folder_keeps_nobody_waiting(repository: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    os.mkfifo(other / ".git")
    assert find_git(other) is None
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(repository.root / ".gitignore"))
        assert list_files(repository.root)
