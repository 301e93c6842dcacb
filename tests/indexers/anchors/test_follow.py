"""A symbol followed through a repository's history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from indexers.anchors.follow import Revisions, Trace, follow
from indexers.git import head_commit
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


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make_project(tmp_path, monkeypatch)
    commit(made, {"app.py": INVOICE, "other.py": "def show(page):\n    print(page)\n"})
    return made


def commit(project: Project, files: dict[str, str]) -> str:
    write_files(project.root, files)
    project.git("add", "--all")
    project.git("commit", "--quiet", "--allow-empty", "--message", "Change it")
    return head_commit(project.root)


def trace(project: Project, name: str, since: str, path: str = "app.py") -> Trace:
    revisions = Revisions(project.root)
    version = revisions.version(since, path)
    assert version is not None
    one = version.find(name)
    assert one is not None
    return follow(revisions, Trace((one,)), since, head_commit(project.root))


def rename(project: Project) -> None:
    commit(project, {"app.py": INVOICE.replace("def pay", "def settle")})


def rename_class(project: Project) -> None:
    commit(project, {"app.py": INVOICE.replace("class Invoice", "class Bill")})


def add_parameter(project: Project) -> None:
    commit(project, {"app.py": INVOICE.replace("retries):", "retries, bank):")})


def rename_file(project: Project) -> None:
    project.git("mv", "app.py", "billing.py")
    commit(project, {})


def move(project: Project) -> None:
    commit(project, {"app.py": f"class Invoice:\n{CANCEL}", "bank.py": f"class Bank:\n{PAY}"})


def step_by_step(project: Project) -> None:
    rename(project)
    project.git("mv", "app.py", "deep.py")
    commit(project, {"deep.py": INVOICE.replace("def pay", "def settle").replace("300", "30")})
    commit(project, {"deep.py": INVOICE.replace("def pay", "def settle_all").replace("300", "30, 40, 50")})


def on_a_side_that_is_merged(project: Project) -> None:
    project.git("checkout", "--quiet", "-b", "side")
    rename(project)
    project.git("checkout", "--quiet", "-")
    commit(project, {"other.py": "def show(page):\n    print(page, page)\n"})
    project.git("merge", "--quiet", "--no-edit", "side")


MOVES: list[tuple[Callable[[Project], None], str]] = [
    (rename, "app.py::Invoice.settle"),
    (rename_class, "app.py::Bill.pay"),
    (add_parameter, "app.py::Invoice.pay"),
    (rename_file, "billing.py::Invoice.pay"),
    (move, "bank.py::Bank.pay"),
    (step_by_step, "deep.py::Invoice.settle_all"),
    (on_a_side_that_is_merged, "app.py::Invoice.settle"),
]


@pytest.mark.parametrize(("change", "target"), MOVES)
def test_it_is_found_where_it_went(project: Project, change: Callable[[Project], None], target: str) -> None:
    since = head_commit(project.root)
    change(project)
    found = trace(project, "Invoice.pay", since).one
    assert found is not None
    assert found.target == target


def test_what_was_deleted_is_gone_and_nothing_else_is_taken_for_it(project: Project) -> None:
    since = head_commit(project.root)
    gone = commit(project, {"app.py": f"class Invoice:\n{CANCEL}"})
    commit(project, {"app.py": f"class Invoice:\n{CANCEL}\n    def other(self):\n        return 1\n"})
    found = trace(project, "Invoice.pay", since)
    assert (found.found, found.commit) == ((), gone)


def test_what_a_side_deleted_is_gone_after_the_merge(project: Project) -> None:
    since = head_commit(project.root)
    project.git("checkout", "--quiet", "-b", "side")
    gone = commit(project, {"app.py": f"class Invoice:\n{CANCEL}"})
    project.git("checkout", "--quiet", "-")
    commit(project, {"app.py": INVOICE + "\n    def other(self):\n        return 1\n"})
    project.git("merge", "--quiet", "--no-edit", "side")
    found = trace(project, "Invoice.pay", since)
    assert not found.found
    assert found.commit == gone


def test_a_body_that_moved_and_left_a_thin_delegate_is_split(project: Project) -> None:
    since = head_commit(project.root)
    thin = "    def pay(self, ledger, retries):\n        return self.settle(ledger, retries)\n"
    commit(project, {"app.py": f"class Invoice:\n{thin}{PAY.replace('def pay', 'def settle')}{CANCEL}"})
    found = trace(project, "Invoice.pay", since)
    assert {one.name for one in found.found} == {"Invoice.pay", "Invoice.settle"}


def test_the_commits_that_changed_it_are_told(project: Project) -> None:
    since = head_commit(project.root)
    commit(project, {"app.py": INVOICE.replace("cancelled", "void")})
    edited = commit(project, {"app.py": INVOICE.replace("300", "30")})
    found = trace(project, "Invoice.pay", since)
    assert found.edits == (edited,)
    assert found.moves == ()


def test_following_on_from_where_it_was_gives_the_same(project: Project) -> None:
    revisions, since = Revisions(project.root), head_commit(project.root)
    version = revisions.version(since, "app.py")
    assert version is not None
    one = version.find("Invoice.pay")
    assert one is not None
    rename(project)
    middle = head_commit(project.root)
    halfway = follow(revisions, Trace((one,)), since, middle)
    project.git("mv", "app.py", "billing.py")
    head = commit(project, {})
    assert follow(revisions, halfway, middle, head) == follow(revisions, Trace((one,)), since, head)


def test_another_of_the_same_name_does_not_stand_for_one_that_was_renamed(project: Project) -> None:
    since = head_commit(project.root)
    other = "    def pay(self, tokens, years, months, days):\n        return [tokens, years, months, days]\n"
    commit(project, {"app.py": f"class Invoice:\n{PAY.replace('def pay', 'def settle')}{other}{CANCEL}"})
    found = trace(project, "Invoice.pay", since).one
    assert found is not None
    assert found.name == "Invoice.settle"


def test_a_part_that_was_taken_out_of_a_body_is_not_the_body(project: Project) -> None:
    since = head_commit(project.root)
    part = "    def charge(self, ledger):\n        return ledger.charge(self.total, timeout=300)\n"
    rest = PAY.replace("ledger.charge(self.total, timeout=300)", "self.charge(ledger)")
    commit(project, {"app.py": f"class Invoice:\n{rest}{part}{CANCEL}"})
    found = trace(project, "Invoice.pay", since).one
    assert found is not None
    assert found.name == "Invoice.pay"
