"""Questions from history: which commits make one, what they ask, and what counts as found."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.cli import app
from eval.retrieval.changes import HistoryJob, listed_lines, overlaps, read_source
from eval.retrieval.results import RetrievalResult, read_result
from indexers.history.changes import Diff, Target, clean_message, draw_changes, is_code, parse_diff
from memory_server.model import SearchHit
from tests.support.code_base import CODE_BASE, write_files
from tests.support.git_project import Project
from tests.support.indexing import open_memory

DIFF = """\
diff --git a/app/one.py b/app/one.py
index 1..2 100644
--- a/app/one.py
+++ b/app/one.py
@@ -3 +3,2 @@ def f():
--- a/not/a/header
+++ b/not/a/header
+more
@@ -10,0 +12,3 @@
+a
+b
+c
diff --git a/app/new.py b/app/new.py
new file mode 100644
--- /dev/null
+++ b/app/new.py
@@ -0,0 +1,2 @@
+x
+y
diff --git a/app/old name.py b/app/old name.py
--- a/app/old name.py\t
+++ b/app/old name.py\t
@@ -5,4 +4,0 @@
-1
-2
-3
-4
\\ No newline at end of file
"""


def commit(project: Project, message: str, files: dict[str, str], *more: str) -> str:
    write_files(project.root, files)
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", message, *more)
    return project.git("rev-parse", "HEAD").strip()


@pytest.fixture
def history(repository: Project) -> tuple[Project, str]:
    """The shop, a commit that changes what is left to pay, and commits that make no question."""
    billing = CODE_BASE["app/billing.py"]
    fixed = billing.replace("max(0, amount - 10)", "max(0, amount - 12)")
    told = "Lower what is remaining after an amount (#12)\n\nAn invoice paid in time is less.\n\nSigned-off-by: A <a@b>"
    found = commit(repository, told, {"app/billing.py": fixed, "README.md": "# Shop\n"})
    commit(
        repository,
        "Bump version to 2.0 for this release",
        {"app/store.py": CODE_BASE["app/store.py"] + "\n\nX = 1\n"},
    )
    commit(repository, "Add a module that ships the parcels", {"app/parcel.py": "def ship(): pass\n"})
    commit(repository, "Tell people where the parcels go", {"README.md": "# Shop\n\nParcels.\n"})
    commit(repository, "Indent the ledger a bit more deeply", {"app/parcel.py": "def ship():  pass\n"})
    commit(repository, "Rewrite everything there is at once", {"app/store.py": "x = 1\n" * 300})
    commit(repository, "Short one", {"app/billing.py": billing})
    return repository, found


def test_a_message_loses_trailers_numbers_and_links() -> None:
    message = "Fix the parser (#12)\n\nSee https://a.b/c for why gh-3 fails.\n\nFixes: #12\nSigned-off-by: A <a@b>\n"
    assert clean_message(message) == ("Fix the parser\nSee for why fails.", "body")


def test_a_sentence_that_begins_like_a_trailer_stays() -> None:
    assert clean_message("One two\n\nFixes the bug in that parser") == (
        "One two\nFixes the bug in that parser",
        "body",
    )


def test_a_message_of_one_line_is_a_subject() -> None:
    assert clean_message("Fix the parser\n\nCloses #4\n") == ("Fix the parser", "subject")


def test_a_diff_gives_the_old_ranges_of_files_that_were_there() -> None:
    targets = (Target("app/one.py", 3, 3), Target("app/one.py", 10, 10), Target("app/old name.py", 5, 8))
    assert parse_diff(DIFF) == Diff(files=3, lines=12, targets=targets)


def test_code_is_what_calls_something() -> None:
    paths = ("a.py", "b.go", "c.kt", "README.md", "a.toml", "b.json", "c.unknown")
    assert [is_code(path) for path in paths] == [True, True, True, False, False, False, False]


def test_commits_that_change_code_make_questions(history: tuple[Project, str]) -> None:
    project, found = history
    (change,) = draw_changes(project.root, 1)
    assert change.commit == found
    assert change.query == "Lower what is remaining after an amount\nAn invoice paid in time is less."
    line = CODE_BASE["app/billing.py"].split("\n").index("    return max(0, amount - 10)") + 1
    assert change.targets == (Target("app/billing.py", line, line),)
    assert [change.commit for change in draw_changes(project.root, 50)] == [found]


def test_odd_line_ends_and_tabs_in_a_commit_are_read(repository: Project) -> None:
    code = CODE_BASE["app/store.py"]
    odd = code + '\n\nX = "a\rb"\n'
    commit(repository, "Keep\ta carriage\rreturn in the ledger", {"app/store.py": odd}, "--cleanup=verbatim")
    last = commit(
        repository, "Drop what the ledger does not need", {"app/store.py": code.replace("payments", "sums")}
    )
    changes = draw_changes(repository.root, 50)
    assert changes[-1].commit == last
    end = len(odd.split("\n")) - 1
    assert changes[-1].targets == (Target("app/store.py", 2, 2), Target("app/store.py", end - 2, end))


def test_commits_that_a_partial_clone_lacks_files_of_are_left_out(history: tuple[Project, str]) -> None:
    project, found = history
    blob = project.git("rev-parse", f"{found}:README.md").strip()
    (project.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert draw_changes(project.root, 50) == []


def test_a_question_finds_what_its_commit_changed(history: tuple[Project, str]) -> None:
    project, found = history
    before = project.git("status", "--porcelain") + project.git("worktree", "list")
    result = run(project.root)
    (measured,) = result.runs[0].repositories
    assert result.measures == ("hit@1", "hit@5", "source@2000", "reply@2000")
    assert [question.key for question in result.repositories[0].questions] == [found[:12]]
    assert measured.scores[0][1:] == (1.0, 1.0, 1.0)
    assert project.git("status", "--porcelain") + project.git("worktree", "list") == before


@pytest.mark.slow
def test_a_bare_repository_is_measured_like_its_work_tree(history: tuple[Project, str]) -> None:
    project, _ = history
    bare = project.root.parent / "shop.git"
    project.git("clone", "--quiet", "--bare", str(project.root), str(bare))
    ours, theirs = run(project.root), run(bare)
    assert theirs.runs[0].repositories[0].scores == ours.runs[0].repositories[0].scores
    assert theirs.repositories[0].name == "shop"


@pytest.mark.slow
def test_ablations_are_asked_the_same_questions(history: tuple[Project, str]) -> None:
    runs = run(history[0].root, "--ablation", "full", "--ablation", "dense").runs
    assert [run.ablation for run in runs] == ["full", "dense"]
    assert [len(run.repositories[0].scores) for run in runs] == [1, 1]


def test_indexes_go_where_a_relative_path_leads_from_here(
    history: tuple[Project, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here, root = tmp_path / "here", history[0].root
    here.mkdir()
    monkeypatch.chdir(here)
    run(root, "--indexes", "kept")
    assert (here / "kept").is_dir()
    assert not (root / "kept").exists()


def test_a_folder_without_history_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["retrieval", "--from-git", str(tmp_path), "--processes", "1"])
    assert done.exit_code == 1
    assert (
        f"nothing could be measured: {tmp_path.name}: git failed in {tmp_path}: not a git repository"
        in done.stderr
    )


def test_asking_for_nothing_names_the_options() -> None:
    done = CliRunner().invoke(app, ["retrieval"])
    assert done.exit_code == 1
    assert "hint: pass --bench DIR with --checkouts DIR, or --from-git PATH" in done.stderr


def test_a_bare_repository_in_a_folder_is_called_after_the_folder(tmp_path: Path) -> None:
    names = [
        HistoryJob(tmp_path / path, 1, tmp_path, ()).name for path in ("a/.git", "a/repo", "a/b.git", "a/b")
    ]
    assert names == ["a", "a", "b", "b"]


def test_a_result_in_a_file_of_the_same_name_elsewhere_is_no_hit() -> None:
    hits = [SearchHit(path, 3, 5, "", "function", 1.0) for path in ("app/a.py", "a.py", "b.py")]
    assert [overlaps(hit, [Target("a.py", 5, 9)]) for hit in hits] == [False, True, False]


def test_source_is_read_in_order_each_line_once_until_the_budget_is_spent(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": "one\ntwo\nthree\n", "b.py": "four\n"})
    hits = [
        SearchHit(path, start, end, "", "function", 1.0)
        for path, start, end in (("a.py", 2, 3), ("a.py", 1, 3))
    ]
    whole = {("a.py", 1), ("a.py", 2), ("a.py", 3)}
    assert read_source(tmp_path, hits, 100) == whole
    costs_two_lines = next(n / 10 for n in range(1000) if len(read_source(tmp_path, hits, n / 10)) == 2)
    assert read_source(tmp_path, hits, costs_two_lines) == {("a.py", 2), ("a.py", 3)}
    assert read_source(tmp_path, hits, 0) == set()


def test_a_reply_lists_the_lines_of_its_symbols(repository: Project) -> None:
    with open_memory(repository.root) as memory:
        memory.sync()
        hits = memory.search("open_ledger")
        lines = listed_lines(memory.search("open_ledger", budget=2_000))
    ledger = next(hit for hit in hits if hit.name == "open_ledger")
    assert {("app/store.py", ledger.start_line), ("app/store.py", ledger.end_line)} <= lines
    assert all(path in CODE_BASE for path, _ in lines)


def run(root: Path, *more: str) -> RetrievalResult:
    output = root.parent / f"{root.name}.json"
    arguments = ["--from-git", str(root), "--indexes", str(root.parent / "indexes"), "--processes", "1"]
    done = CliRunner().invoke(app, ["retrieval", *arguments, "--output", str(output), *more])
    assert done.exit_code == 0, done.output
    return read_result(output)
