"""Random histories whose truth is known: a symbol is never taken for another."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexers.anchors.follow import Revisions, Trace, follow
from indexers.git import head_commit
from tests.support.code_base import write_files

WORDS = (
    "order",
    "price",
    "ledger",
    "stock",
    "parcel",
    "route",
    "invoice",
    "refund",
    "margin",
    "basket",
    "coupon",
)


@dataclass(frozen=True)
class Method:
    """A method: who it is, where it stands, what it is called, and what its statements are made of."""

    key: int
    file: str
    owner: str
    name: str
    parts: tuple[tuple[str, int], ...]


def python(owner: str, methods: list[Method]) -> str:
    lines = [f"class {owner}:"]
    for one in methods:
        lines += [f"    def {one.name}(self, source):"]
        lines += [f"        {word}_{n} = source.{word}(limit={n})" for word, n in one.parts]
        lines += [f"        return {one.parts[0][0]}_{one.parts[0][1]}", ""]
    return "\n".join(lines) + "\n"


def braces(head: str, method: str, statement: str, closing: str) -> Callable[[str, list[Method]], str]:
    """A language whose classes have braces."""

    def write(owner: str, methods: list[Method]) -> str:
        lines = [head.format(owner=owner)]
        for one in methods:
            lines += [method.format(name=one.name, owner=owner)]
            lines += [statement.format(word=word, n=n) for word, n in one.parts]
            lines += ["  }", ""]
        return "\n".join([*lines, closing]) + "\n"

    return write


LANGUAGES: dict[str, Callable[[str, list[Method]], str]] = {
    "py": python,
    "ts": braces(
        "export class {owner} {{", "  {name}(source: Source): void {{", "    source.{word}({n});", "}"
    ),
    "java": braces("class {owner} {{", "  void {name}(Source source) {{", "    source.{word}({n});", "}"),
    "go": braces(
        "package shop\n\ntype {owner} struct {{ x int }}\n",
        "func (o *{owner}) {name}(source Source) {{",
        "    source.{word}({n})",
        "",
    ),
}


class Shop:
    """A repository of random methods, changed at random; what became of each is known."""

    def __init__(self, root: Path, suffix: str, random: Random) -> None:
        self.root, self.suffix, self.random = root, suffix, random
        self.count = 0
        self.methods: list[Method] = []
        self.git("init", "--quiet")
        for number in range(2):
            for _ in range(3):
                self.methods.append(self.make(f"file{number}.{suffix}", f"Shop{number}"))
        self.commit()

    def git(self, *arguments: str) -> None:
        person = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *person, *arguments], cwd=self.root, check=True, capture_output=True)

    def make(self, file: str, owner: str) -> Method:
        self.count += 1
        parts = tuple((self.random.choice(WORDS), self.random.randint(1, 99)) for _ in range(8))
        return Method(self.count, file, owner, f"{self.random.choice(WORDS)}{self.count}", parts)

    def commit(self) -> None:
        for old in self.root.glob(f"*.{self.suffix}"):
            old.unlink()
        places = dict.fromkeys((one.file, one.owner) for one in self.methods)
        write = LANGUAGES[self.suffix]
        texts = {
            file: write(owner, [one for one in self.methods if one.file == file]) for file, owner in places
        }
        write_files(self.root, texts)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change it")

    def change(self, what: str) -> None:
        """One change at random, committed."""
        place = self.random.randrange(len(self.methods))
        one = self.methods[place]
        if what == "rename":
            self.count += 1
            self.methods[place] = replace(one, name=f"{self.random.choice(WORDS)}{self.count}")
        elif what == "edit":
            parts = (*one.parts[:-1], (self.random.choice(WORDS), self.random.randint(1, 99)))
            self.methods[place] = replace(one, parts=parts)
        elif what == "delete" and len(self.methods) > 2:
            del self.methods[place]
        elif what == "add":
            self.methods.insert(place, self.make(one.file, one.owner))
        elif what == "look alike":
            alike = self.make(one.file, one.owner)
            self.methods.insert(place, replace(alike, parts=(*one.parts[:3], *alike.parts[3:])))
        elif what == "move":
            other = self.random.choice(self.methods)
            self.methods[place] = replace(one, file=other.file, owner=other.owner)
        elif what == "rename file":
            self.count += 1
            file, owner = f"file{self.count}.{self.suffix}", f"Shop{self.count}"
            self.methods = [
                replace(m, file=file, owner=owner) if m.file == one.file else m for m in self.methods
            ]
        self.commit()

    def target(self, key: int) -> str:
        """Where a method is; empty where it is gone."""
        found = [one for one in self.methods if one.key == key]
        return f"{found[0].file}::{found[0].owner}.{found[0].name}" if found else ""


CHANGES = ("rename", "edit", "delete", "add", "look alike", "move", "rename file")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", LANGUAGES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), changes=st.lists(st.sampled_from(CHANGES), min_size=1, max_size=6))
def test_a_symbol_is_never_taken_for_another_nor_lost_where_it_stays(
    suffix: str, seed: int, changes: list[str]
) -> None:
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder), suffix, Random(seed))
        since, first = head_commit(shop.root), list(shop.methods)
        for what in changes:
            shop.change(what)
        revisions, head = Revisions(shop.root), head_commit(shop.root)
        for one in first:
            version = revisions.version(since, one.file)
            assert version is not None
            start = next(known for known in version.identities if known.own_name == one.name)
            found = follow(revisions, Trace((start,)), since, head).one
            if found is not None:
                assert found.target == shop.target(one.key), changes
            elif not {"move", "look alike"} & set(changes):
                assert not shop.target(one.key), changes
