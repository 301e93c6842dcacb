"""Hostile: repositories that somebody laid out to do harm, arguments of commands, and messages to the server."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path

from eval.faults.frames import GREETED, answer, make_frames
from eval.faults.ground.commands import Ended
from eval.faults.ground.equality import find_differences
from eval.faults.ground.place import Fingerprints, Place
from eval.faults.ground.server import Server
from eval.faults.trials import Plan, Trial
from indexers.git import run_git
from memory_server.visible import show_hidden

SECRET = "a-secret-of-somebody-else"
ESCAPES = "\x1b]0;title\x07\x1b]52;c;Zm9v\x07\x1b[2J\x9b31m\x7f\u202e"
_DEEP = "[" * 20_000
_PATTERNS = "\n".join(["*a" * 40 + "b", "**/" * 60 + "*x", "[" * 3_000, "(" * 3_000, "{a,b}" * 900])
_PROGRAMS = (
    "core.fsmonitor", "core.pager", "core.sshCommand", "core.askPass", "core.editor", "diff.external",
    "credential.helper", "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process",
    "gpg.program", "pager.log", "core.alternateRefsCommand", "uploadpack.packObjectsHook", "alias.ls-files",
)  # fmt: skip

Lay = Callable[[Place], object]


def text(path: str, content: str) -> Lay:
    """A text in a file, the longest of which go beyond any limit."""

    def lay(place: Place) -> None:
        file = place.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(content, encoding="utf-8", errors="surrogateescape")

    return lay


def hole(path: str, size: int) -> Lay:
    """A file of so many bytes, none of which is on the disk."""

    def lay(place: Place) -> None:
        with (place.root / path).open("wb") as file:
            file.truncate(size)

    return lay


def pipe(path: str) -> Lay:
    """A named pipe, which keeps whoever reads it waiting."""
    return lambda place: os.mkfifo(place.root / path)


def link(path: str, target: str) -> Lay:
    """A link, in place of what is there."""

    def lay(place: Place) -> None:
        file = place.root / path
        if file.is_dir() and not file.is_symlink():
            file.rename(place.scratch / "temporary" / f"away-{place.rng.random()}")
        file.unlink(missing_ok=True)
        file.symlink_to(target.format(scratch=place.scratch))

    return lay


def names(place: Place) -> None:
    """Files with names that shells, terminals, parsers and lists of paths trip over."""
    odd = (
        "-rf",
        "--help",
        "a b",
        "a\nb",
        f"a{ESCAPES}",
        "a:1-2",
        "a::b",
        "*",
        "[x]",
        "\udcff\udcfe",
        "é" * 60,
        "x" * 251,
    )
    for name in odd:
        (place.root / f"{name}.py").write_text(f"def odd(): return {name!r}\n", "utf-8", errors="replace")
    deep = place.root.joinpath(*["deep"] * 200)
    deep.mkdir(parents=True)
    (deep / "end.py").write_text("def at_the_end(): ...\n", "utf-8")


def programs(place: Place) -> None:
    """Settings of git's that name a program, and hooks; it leaves a mark outside of the repository."""
    program = place.scratch / "temporary/program"
    program.write_text(f"#!/bin/sh\ntouch {place.scratch}/ran\n", encoding="utf-8")
    program.chmod(0o755)
    for name in _PROGRAMS:
        run_git(place.root, "config", name, str(program))
    (place.root / ".gitattributes").write_text("* filter=evil diff=evil\n", encoding="utf-8")
    for name in ("post-index-change", "reference-transaction", "post-checkout"):
        (place.root / ".git/hooks").mkdir(exist_ok=True)
        (place.root / ".git/hooks" / name).symlink_to(program)


def listen(place: Place) -> None:
    """A socket among the files."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(place.root / "socket.py"))


STATES: dict[str, Lay] = {
    "the index is a link outside": link(".git/repo-memory", "{scratch}/victim"),
    "the store is a link outside": link(".git/repo-memory/lance", "{scratch}/victim/lance"),
    "the views are a link outside": link(".git/repo-memory/views", "{scratch}/victim/views"),
    "the stamp is a link outside": link(".git/repo-memory/store.json", "{scratch}/victim/store.json"),
    "store.uri outside": text(".repo-memory.toml", '[store]\nuri = "../victim"\n'),
    "store.uri remote": text(".repo-memory.toml", '[store]\nuri = "s3://bucket/index"\n'),
    "a model on the hub": text(".repo-memory.toml", '[embedder]\nmodel = "nobody/nothing"\n'),
    "the git folder is a link": link(".git", "{scratch}/victim"),
    "a source file is a link outside": link("part_0/leak.py", "{scratch}/victim/dear.py"),
    "a folder is a link to the root": link("everything", "/"),
    "a link to itself": link("loop.py", "loop.py"),
    "a link to a device": link("zero.py", "/dev/zero"),
    "settings are a device": link(".repo-memory.toml", "/dev/zero"),
    "a registration is a link outside": link(".mcp.json", "{scratch}/victim/dear.json"),
    **{f"{path} is a pipe": pipe(path) for path in (
        ".repo-memory.toml", ".repo-memoryignore", ".gitignore", ".gitattributes", ".mcp.json", "part_0/pipe.py",
        ".git/info", ".git/description",
    )},
    **{f"{path} has 120 MB": hole(path, 120_000_000) for path in (
        ".repo-memory.toml", ".repo-memoryignore", ".mcp.json", "part_0/large.py",
    )},
    "settings nested deep": text(".repo-memory.toml", f"a = {_DEEP}"),
    "settings with a long number": text(".repo-memory.toml", f"a = {'9' * 9_000}"),
    "settings of other types": text(".repo-memory.toml", "store = 5\nindex = []\nembedder = 'x'\n"),
    "a registration nested deep": text(".mcp.json", f'{{"mcpServers": {_DEEP}'),
    "patterns that go back and forth": text(".repo-memoryignore", _PATTERNS),
    "the same in .gitignore": text(".gitignore", _PATTERNS),
    "code nested deep": text("part_0/deep.js", _DEEP * 4),
    "one long chain": text("part_0/chain.rs", "fn a() { x" + ".b()" * 20_000),
    "one long line": text("part_0/line.py", "x = [" + "1, " * 300_000 + "]\n"),
    "bytes that are no text": text("part_0/bytes.py", "def a\udcff\udcfe(): ...\n" * 40),
    "contents that a terminal obeys": text("part_0/escapes.py", f'def settle():\n    """{ESCAPES}"""\n'),
    "hostile names": names,
    "programs in git's settings": programs,
    "a socket": listen,
    "git's HEAD is garbage": text(".git/HEAD", "garbage\n"),
    "git's settings are garbage": text(".git/config", "[garbage\n"),
    "git's index is garbage": text(".git/index", "garbage\n"),
}  # fmt: skip

DOORS = (
    ("index",), ("search", "settle an invoice"), ("read", "part_0"), ("outline",), ("related", "settle", "callers"),
    ("status",), ("status", "--compression"), ("doctor",), ("tune", "--undo"), ("serve",), ("init", "--dry-run"),
    ("remove", "--dry-run"), ("init",), ("remove",),
)  # fmt: skip
"""Every command; those that change a repository come last."""


_TEXTS = (
    "", " ", "x" * 100_000, "x " * 50_000, "a/" * 60_000, "*" * 40 + "b", "**/*" * 12 + "q", "[" * 50_000, "\\" * 9_999,
    "a.b" * 30_000, "\udcff\udcfe", ESCAPES, "../victim/dear.py", "{scratch}/victim/dear.py", "/etc/passwd", "~", "-",
    "part_0/../../victim/dear.py", ":1-2", "::", "x:99999999999999999999-5", "x::y::z", 'File "x", line 9' * 4_000,
)  # fmt: skip
_VALUES = ("", "x" * 100_000, "*" * 40 + "b", "-5", "0", "9" * 40, "\udcff", ESCAPES)
_SYMBOLS = ("", "x" * 100_000, "a." * 40_000, ESCAPES, "settle")

ARGUMENTS = (
    *product(("search", "read", "outline"), _TEXTS),
    *product(("search",), ("tax",), ("--path", "--kind", "--budget", "--limit"), _VALUES),
    *product(("related",), _SYMBOLS, ("callers", "nothing")),
    ("related", "settle", "callers", "--depth", "9" * 40), ("read", *["x"] * 3_000), ("status", "--nothing"),
    ("search",), ("read",),
)  # fmt: skip


def trials(plan: Plan) -> Iterator[Trial]:
    """Every state tried by every command and the server, every argument, every message."""
    place = Place(plan)
    _lay_victim(plan.scratch / "victim")
    place.prepare()
    place.keep()
    for state in plan.pick(list(STATES)):
        yield Trial(f"repository: {state}", partial(enter, place, state, plan.pick(DOORS)))
    place.restore()
    for words in plan.pick(ARGUMENTS):
        yield Trial(f"arguments: {str(words)[:80]}", partial(pass_arguments, place, words))
    frames = list(make_frames())
    with Server(place.root) as server:
        server.greet()
        for name, frame in plan.pick(frames):
            yield Trial(f"message: {name}", partial(answer, server, frame))
        yield Trial("the server goes on after all of them", partial(answer, server, b""))
    for name, frame in plan.pick(frames[:: len(frames) // 12]):
        yield Trial(f"first message: {name}", partial(begin, place, frame))


def enter(place: Place, state: str, doors: Sequence[Sequence[str]]) -> list[str]:
    """Go through some doors of a hostile repository: none may hang, or change anything outside of the index."""
    place.restore()
    STATES[state](place)
    wrong = []
    for words in doors:
        before = place.outside()
        if words == ("serve",):
            with Server(place.root) as server:
                wrong += answer(server, GREETED)
        else:
            ended = place.run(*words)
            wrong += [*ended.wrong(), *_leaks(ended)]
            if words == ("index",) and ended.code == 0:
                wrong += find_differences(place.root)
        if words in {("init",), ("remove",)}:  # these do change the repository
            before = _beyond(place.root, before) | _within(place.root, place.outside())
        wrong += place.changed_outside(before)
    return wrong


def pass_arguments(place: Place, words: Sequence[str]) -> list[str]:
    """Call a command with odd arguments, which it may refuse as the library for options does."""
    before = place.outside()
    ended = place.run(*(word.replace("{scratch}", str(place.scratch)) for word in words))
    refused = ended.code == 2 and "Usage: " in ended.err
    return ([] if refused else ended.wrong()) + _leaks(ended) + place.changed_outside(before)


def begin(place: Place, frame: bytes) -> list[str]:
    """Send a message before the greeting."""
    with Server(place.root) as server:
        return answer(server, frame + GREETED)


def _leaks(ended: Ended) -> list[str]:
    told = ended.out + ended.err
    found = ["it shows what lies outside"] if SECRET in told else []
    shown = all(show_hidden(line) == line for line in told.split("\n"))
    return found + ([] if shown else ["it sends what a terminal obeys"])


def _lay_victim(folder: Path) -> None:
    """A folder of somebody's, which has what an index has."""
    for name in ("lance/x", "views/x", "models/x"):
        (folder / name).mkdir(parents=True)
        (folder / name / "dear").write_text(SECRET, encoding="utf-8")
    for name in ("store.json", "checksums.json", "dear.json"):
        (folder / name).write_text(f'{{"{SECRET}": 1}}', encoding="utf-8")
    (folder / "dear.py").write_text(f"def dear(): return '{SECRET}'\n", encoding="utf-8")


def _within(root: Path, fingerprints: Fingerprints) -> dict[str, tuple[object, ...]]:
    return {path: found for path, found in fingerprints.items() if Path(path).is_relative_to(root)}


def _beyond(root: Path, fingerprints: Fingerprints) -> dict[str, tuple[object, ...]]:
    return {path: found for path, found in fingerprints.items() if not Path(path).is_relative_to(root)}
