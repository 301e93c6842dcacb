import os
import subprocess
from pathlib import Path

import pytest

from indexers.errors import GitError
from indexers.git import current_branch, find_git, has_tracked_files, head_commit, list_files


@pytest.fixture(autouse=True)
def isolated_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.com")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "my répo"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    return root


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, name: str, text: str = "text\n") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")
    git(root, "add", "--", name)
    git(root, "commit", "--quiet", "--message", f"Add {name}")


def hooks_dir(path: Path) -> Path:
    paths = find_git(path)
    assert paths is not None
    return paths.hooks_dir


def test_a_folder_outside_git_has_no_repository(tmp_path: Path) -> None:
    assert find_git(tmp_path) is None


def test_nothing_is_found_where_git_is_not_installed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root))
    assert find_git(root) is None
    with pytest.raises(GitError, match="not installed"):
        list_files(root)


def test_the_same_repository_is_found_from_its_top_a_folder_and_a_file(root: Path) -> None:
    commit(root, "a/b/file.py")
    paths = find_git(root)
    assert paths is not None
    assert (paths.worktree, paths.git_dir) == (root, root / ".git")
    assert (paths.common_dir, paths.hooks_dir) == (root / ".git", root / ".git/hooks")
    assert find_git(root / "a/b") == find_git(root / "a/b/file.py") == paths


def test_the_same_repository_is_found_through_a_symbolic_link(root: Path, tmp_path: Path) -> None:
    (root / "a").mkdir()
    (tmp_path / "link").symlink_to(root / "a")
    assert find_git(tmp_path / "link") == find_git(root)


def test_a_linked_worktree_shares_the_common_folder_and_the_hooks(root: Path, tmp_path: Path) -> None:
    commit(root, "file.py")
    linked = tmp_path / "linked"
    git(root, "worktree", "add", "--quiet", str(linked))
    paths = find_git(linked)
    assert paths is not None
    assert (paths.worktree, paths.git_dir) == (linked, root / ".git/worktrees/linked")
    assert (paths.common_dir, paths.hooks_dir) == (root / ".git", root / ".git/hooks")


@pytest.mark.parametrize("folder", [".", "a/b"])
def test_a_configured_hooks_folder_is_found_from_anywhere(root: Path, tmp_path: Path, folder: str) -> None:
    (root / "a/b").mkdir(parents=True)
    for setting, expected in [
        (".husky", root / ".husky"),
        (str(tmp_path / "absolute"), tmp_path / "absolute"),
        ("~/hooks", tmp_path / "home/hooks"),
    ]:
        git(root, "config", "core.hooksPath", setting)
        assert hooks_dir(root / folder) == expected


def test_a_relative_hooks_folder_belongs_to_each_worktree(root: Path, tmp_path: Path) -> None:
    commit(root, "file.py")
    git(root, "config", "core.hooksPath", ".husky")
    git(root, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    assert hooks_dir(tmp_path / "linked") == tmp_path / "linked/.husky"


def test_a_bare_repository_is_refused_with_a_hint(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    with pytest.raises(GitError, match="work tree") as caught:
        find_git(tmp_path / "bare.git")
    assert "git worktree add" in caught.value.hint


def test_a_repository_of_another_owner_is_refused_with_git_s_own_remedy(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitError, match="dubious ownership") as caught:
        find_git(root)
    assert "git config --global --add safe.directory" in caught.value.hint


def test_a_worktree_whose_repository_is_gone_is_refused_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text(f"gitdir: {tmp_path}/gone\n", encoding="utf-8")
    with pytest.raises(GitError) as caught:
        find_git(tmp_path)
    assert "git worktree repair" in caught.value.hint


def test_variables_that_git_exports_to_hooks_do_not_lead_to_another_repository(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(root, "file.py")
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", "other")
    commit(other, "other.py")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    paths = find_git(root)
    assert paths is not None
    assert paths.worktree == root
    assert list_files(root) == ["file.py"]


def test_tracked_and_untracked_files_are_listed_and_ignored_ones_are_not(root: Path) -> None:
    commit(root, "src/tracked.py")
    commit(root, ".gitignore", "*.log\n")
    (root / "untracked.py").touch()
    (root / "noise.log").touch()
    assert sorted(list_files(root)) == [".gitignore", "src/tracked.py", "untracked.py"]
    assert list_files(root / "src") == ["tracked.py"]


def test_an_ignored_file_that_is_tracked_is_listed(root: Path) -> None:
    commit(root, "kept.log")
    commit(root, ".gitignore", "*.log\n")
    assert "kept.log" in list_files(root)


def test_odd_names_survive_the_listing(root: Path) -> None:
    names = ["with space.py", "ünï\ncode.py", "quo\"te'.py", os.fsdecode(b"latin\xe9.py")]
    for name in names:
        (root / name).touch()
    git(root, "add", "with space.py")
    assert sorted(list_files(root)) == sorted(names)


def test_a_file_in_conflict_is_listed_once(root: Path) -> None:
    commit(root, "file.py", "base\n")
    git(root, "checkout", "--quiet", "-b", "side")
    commit(root, "file.py", "side\n")
    git(root, "checkout", "--quiet", "main")
    commit(root, "file.py", "main\n")
    assert subprocess.run(["git", "merge", "side"], cwd=root, capture_output=True, check=False).returncode
    assert git(root, "ls-files", "--unmerged").count("file.py") == 3
    assert list_files(root) == ["file.py"]


@pytest.fixture
def superproject(root: Path, tmp_path: Path) -> Path:
    library = tmp_path / "library"
    git(tmp_path, "init", "--quiet", "library")
    commit(library, "src/lib.py")
    commit(root, "main.py")
    git(root, "submodule", "--quiet", "add", str(library), "vendor/library")
    return root


def test_the_files_of_a_checked_out_submodule_are_listed(superproject: Path) -> None:
    (superproject / "vendor/library/new.py").touch()
    files = [".gitmodules", "main.py", "vendor/library/new.py", "vendor/library/src/lib.py"]
    assert sorted(list_files(superproject)) == files


def test_a_submodule_that_is_not_checked_out_is_left_out(superproject: Path) -> None:
    git(superproject, "submodule", "--quiet", "deinit", "--force", "vendor/library")
    assert sorted(list_files(superproject)) == [".gitmodules", "main.py"]


def test_a_broken_submodule_is_left_out_with_a_warning(
    superproject: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (superproject / "vendor/library/.git").write_text("gitdir: gone\n", encoding="utf-8")
    assert sorted(list_files(superproject)) == [".gitmodules", "main.py"]
    assert "vendor/library" in caplog.text


def test_a_nested_repository_that_is_not_a_submodule_is_left_out(root: Path) -> None:
    commit(root, "main.py")
    git(root, "worktree", "add", "--quiet", "trees/feature")
    assert list_files(root) == ["main.py"]


def test_listing_outside_git_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not a git repository") as caught:
        list_files(tmp_path)
    assert caught.value.hint


def test_before_the_first_commit_there_is_a_branch_and_no_commit(root: Path) -> None:
    assert (head_commit(root), current_branch(root)) == ("", "main")


def test_the_commit_and_the_branch_follow_the_checkout(root: Path) -> None:
    commit(root, "file.py")
    git(root, "checkout", "--quiet", "-b", "topic/ünï")
    assert head_commit(root) == git(root, "rev-parse", "HEAD")
    assert current_branch(root) == "topic/ünï"
    git(root, "checkout", "--quiet", "--detach")
    assert current_branch(root) == ""


def test_head_outside_git_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GitError):
        head_commit(tmp_path)


def test_a_folder_is_tracked_once_git_knows_a_file_in_it(root: Path) -> None:
    assert not has_tracked_files(root / ".husky")
    (root / ".husky").mkdir()
    (root / ".husky/post-commit").touch()
    assert not has_tracked_files(root / ".husky")
    git(root, "add", ".husky")
    assert has_tracked_files(root / ".husky")
