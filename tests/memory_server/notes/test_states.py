"""What becomes of notes as the code under them changes: over commits, in files that are not committed, without git."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from memory_server.memory import Memory
from memory_server.notes.model import State, StatedNote
from tests.support.answering import WordEmbedder
from tests.support.code_base import write_files
from tests.support.git_project import Project, make_project

PAY = """
    def pay(self, ledger, retries):
        for attempt in range(retries):
            if ledger.charge(self.total, timeout=300):
                return ledger.book(self, attempt)
        raise ValueError("not paid")
"""
CANCEL = """
    def cancel(self, reason):
        self.state = "cancelled"
        self.reason = reason
        return self.notify(reason, self.owner)
"""
INVOICE = f"class Invoice:\n{PAY}{CANCEL}"
TEXT = "Charging waits 300 seconds: the bank is slow"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make_project(tmp_path, monkeypatch)
    write_files(made.root, {"app.py": INVOICE, "other.py": "def show(page):\n    print(page)\n"})
    commit(made)
    return made


def commit(project: Project, message: str = "Change it") -> None:
    project.git("add", "--all")
    project.git("commit", "--quiet", "--allow-empty", "--message", message)


def remember(root: Path, *about: str, text: str = TEXT) -> str:
    with Memory.open(root, embedder=WordEmbedder()) as memory:
        memory.sync()
        return memory.remember(text, about or ["Invoice.pay"], "pitfall").id


def recall(root: Path, key: str) -> StatedNote:
    with Memory.open(root, embedder=WordEmbedder()) as memory:
        memory.sync()
        (found,) = memory.recall(key).found
        return found


def leave(_: Project) -> None:
    """Nothing is done."""


def comment(project: Project) -> None:
    write_files(
        project.root, {"app.py": INVOICE.replace("        raise", "        # give up\n\n        raise")}
    )


def rename(project: Project) -> None:
    write_files(project.root, {"app.py": INVOICE.replace("def pay", "def settle")})


def rename_file(project: Project) -> None:
    project.git("mv", "app.py", "billing.py")


def rename_file_unseen(project: Project) -> None:
    (project.root / "app.py").rename(project.root / "billing.py")


def move(project: Project) -> None:
    write_files(project.root, {"app.py": f"class Invoice:\n{CANCEL}", "bank.py": f"class Bank:\n{PAY}"})


def edit(project: Project) -> None:
    write_files(project.root, {"app.py": INVOICE.replace("300", "60")})


def split(project: Project) -> None:
    thin = "    def pay(self, ledger, retries):\n        return self.settle(ledger, retries)\n"
    body = PAY.replace("def pay", "def settle")
    write_files(project.root, {"app.py": f"class Invoice:\n{thin}{body}{CANCEL}"})


def delete(project: Project) -> None:
    write_files(project.root, {"app.py": f"class Invoice:\n{CANCEL}"})


def delete_file(project: Project) -> None:
    (project.root / "app.py").unlink()


CHANGES: list[tuple[Callable[[Project], None], State, str]] = [
    (leave, State.FRESH, "app.py::Invoice.pay"),
    (comment, State.FRESH, "app.py::Invoice.pay"),
    (rename, State.MOVED, "app.py::Invoice.settle"),
    (rename_file, State.MOVED, "billing.py::Invoice.pay"),
    (rename_file_unseen, State.MOVED, "billing.py::Invoice.pay"),
    (move, State.MOVED, "bank.py::Bank.pay"),
    (edit, State.CHANGED, "app.py::Invoice.pay"),
    (split, State.SPLIT, ""),
    (delete, State.GONE, ""),
    (delete_file, State.GONE, ""),
]


@pytest.mark.parametrize(
    "committed",
    [pytest.param(True, id="committed", marks=pytest.mark.slow), pytest.param(False, id="not committed")],
)
@pytest.mark.parametrize(("change", "state", "target"), CHANGES)
def test_its_state_is_what_became_of_the_code(
    project: Project, change: Callable[[Project], None], state: State, target: str, committed: bool
) -> None:
    key = remember(project.root)
    change(project)
    if committed:
        commit(project)
    found = recall(project.root, key)
    assert (found.state, found.places[0].now) == (state, target)
    if target:
        lines = (project.root / found.places[0].path).read_text("utf-8").split("\n")
        assert "def " in lines[found.places[0].start_line - 1]


def test_what_changed_is_told_with_the_claims_that_no_longer_hold(project: Project) -> None:
    key = remember(project.root)
    edit(project)
    commit(project, "Wait less long")
    found = recall(project.root, key)
    assert found.places[0].broken == ("300",)
    assert found.changes[:2] == ("no longer there: 300", "literals -300, +60")
    assert found.changes[2].endswith("Wait less long")


def test_a_loss_is_told_with_the_commit(project: Project) -> None:
    key = remember(project.root)
    delete(project)
    commit(project, "Drop paying")
    commit(project, "Do nothing")
    assert [change.split()[-2:] for change in recall(project.root, key).changes] == [["Drop", "paying"]]


@pytest.mark.slow
def test_reading_changes_nothing(project: Project) -> None:
    key = remember(project.root)
    edit(project)
    (file,) = (project.root / ".git/repo-memory/notes").glob("*/*.md")
    before = file.read_bytes()
    assert recall(project.root, key) == recall(project.root, key)
    assert file.read_bytes() == before


@pytest.mark.slow
def test_a_lost_record_is_made_anew_from_the_history(project: Project) -> None:
    key = remember(project.root)
    edit(project)
    commit(project)
    told = recall(project.root, key)
    (project.root / f".git/repo-memory/notes/records/{key}.json").unlink()
    assert recall(project.root, key) == told


@pytest.mark.slow
def test_a_note_on_code_that_is_not_committed_follows_it_into_its_commit(project: Project) -> None:
    write_files(project.root, {"new.py": "class New:\n" + PAY})
    key = remember(project.root, "New.pay")
    commit(project)
    assert recall(project.root, key).state is State.FRESH
    project.git("mv", "new.py", "newer.py")
    commit(project)
    assert recall(project.root, key).places[0].now == "newer.py::New.pay"


@pytest.mark.slow
def test_a_branch_that_parted_has_the_code_as_it_is_there(project: Project) -> None:
    project.git("branch", "release")
    key = remember(project.root)
    edit(project)
    commit(project)
    assert recall(project.root, key).state is State.CHANGED
    project.git("checkout", "--quiet", "release")
    assert recall(project.root, key).state is State.FRESH
    rename(project)
    commit(project)
    assert recall(project.root, key).places[0].now == "app.py::Invoice.settle"
    project.git("checkout", "--quiet", "-")
    assert recall(project.root, key).state is State.CHANGED


@pytest.mark.slow
def test_code_of_another_branch_is_elsewhere_until_it_is_merged(project: Project) -> None:
    project.git("checkout", "--quiet", "-b", "side")
    write_files(project.root, {"new.py": "class New:\n" + PAY})
    commit(project)
    key = remember(project.root, "New.pay")
    project.git("checkout", "--quiet", "-")
    found = recall(project.root, key)
    assert (found.state, found.is_staged) == (State.ELSEWHERE, True)
    project.git("merge", "--quiet", "--no-edit", "side")
    found = recall(project.root, key)
    assert (found.state, found.is_staged) == (State.FRESH, False)


@pytest.mark.slow
def test_after_a_rebase_it_is_found_again(project: Project) -> None:
    project.git("checkout", "--quiet", "-b", "side")
    write_files(project.root, {"new.py": "class New:\n" + PAY})
    commit(project)
    key = remember(project.root, "New.pay")
    project.git("checkout", "--quiet", "-")
    commit(project, "Go on")
    project.git("checkout", "--quiet", "side")
    project.git("rebase", "--quiet", "-")
    assert recall(project.root, key).state is State.FRESH


@pytest.mark.slow
def test_files_folders_and_commands_are_followed_too(project: Project) -> None:
    write_files(project.root, {"shop/a.py": INVOICE, "shop/b.py": "x = 1\n", "shop/c.py": "y = 2\n"})
    commit(project)
    file, folder = remember(project.root, "shop/a.py"), remember(project.root, "shop", text="All of the shop")
    command = remember(project.root, "cmd:make test", text="Takes an hour")
    project.git("mv", "shop", "store")
    commit(project)
    assert recall(project.root, file).places[0].now == "store/a.py"
    assert (recall(project.root, folder).state, recall(project.root, folder).places[0].path) == (
        State.MOVED,
        "store/",
    )
    assert recall(project.root, command).state is State.FRESH


def test_a_note_written_by_hand_is_taken_up(project: Project) -> None:
    remember(project.root)
    file = project.root / ".git/repo-memory/notes/howto/handmade.md"
    file.parent.mkdir()
    file.write_text("---\nid: handmade\nkind: howto\nabout: [other.py::show]\n---\nShow pages\n", "utf-8")
    assert recall(project.root, "handmade").state is State.FRESH
    write_files(project.root, {"other.py": "def show(page):\n    print(page, end='')\n"})
    assert recall(project.root, "handmade").state is State.CHANGED


def test_without_git_it_is_found_by_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project(tmp_path, monkeypatch)
    root = tmp_path / "plain"
    write_files(root, {"app.py": INVOICE})
    key = remember(root)
    (root / "app.py").rename(root / "billing.py")
    assert recall(root, key).state is State.MOVED
    write_files(root, {"billing.py": INVOICE.replace("300", "60")})
    assert recall(root, key).state is State.CHANGED


@pytest.mark.parametrize("is_committed", [True, False])
def test_who_kept_its_name_in_another_file_beats_who_is_alike_here(
    project: Project, is_committed: bool
) -> None:
    key = remember(project.root)
    twin = PAY.replace("def pay(self, ledger, retries)", "def pay_late(self, ledger, retries)")
    moved = PAY.replace("timeout=300", "timeout=60")
    write_files(
        project.root,
        {"app.py": f"class Invoice:\n{twin}{CANCEL}", "billing.py": f"class Billing:\n{moved}"},
    )
    if is_committed:
        commit(project)
    (place,) = recall(project.root, key).places
    assert (place.now, place.state) == ("billing.py::Billing.pay", State.CHANGED)
