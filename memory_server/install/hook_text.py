"""The text of a git hook: the block that refreshes the index, and where it stands among other lines."""

import os
import re
import shlex
from enum import StrEnum

from indexers.git import REPOSITORY_VARIABLES
from memory_server.errors import InstallError

CHAINED_SUFFIX = ".repo-memory-chained"
SHEBANG = b"#!/bin/sh\n"

_BEGIN = b"# >>> repo-memory >>>"
_END = b"# <<< repo-memory <<<"
_TOOL = re.compile(rb"tool=\$\(command -v ('[^']*'(?:\"'\"'[^']*')*|\S+?)[ )]")
_SHELLS = frozenset({b"sh", b"bash", b"dash", b"ash", b"ksh", b"mksh", b"zsh"})
_RUN_AGAIN = re.compile(rb"exec\b.{0,200}\$\{?0\b")


class Placement(StrEnum):
    """How a block came into its file; the text is its second line, so that removal knows."""

    ADDED = "# `repo-memory remove` takes these lines out."
    CREATED = "# `repo-memory remove` deletes this file."
    CHAINED = "# `repo-memory remove` puts back the hook that was here; it still runs, at the end."


def render_block(name: str, tool: str, placement: Placement) -> bytes:
    """Render the block for the hook ``name``.

    It starts the indexer in the background, tied to nothing of the git command that runs the hook, and
    leaves the arguments, the standard input and the exit status to the lines that follow it. A
    rebase runs post-rewrite when it is through, so the hooks of its single steps do nothing.
    """
    found = " || ".join(f"command -v {word}" for word in dict.fromkeys([shlex.quote(tool), "repo-memory"]))
    lines = [_BEGIN.decode(), placement.value, "("]
    if name == "post-checkout":
        lines.append('\t[ "${3-}" = 1 ] || exit 0 # files were checked out, not a branch')
    if name != "post-rewrite":
        lines.append("\tgit_dir=${GIT_DIR:-.git}")
        lines.append('\t[ -d "$git_dir/rebase-merge" ] || [ -d "$git_dir/rebase-apply" ] && exit 0')
    lines += [
        "\t(",
        f"\t\ttool=$({found}) || exit 0",
        f"\t\tunset {' '.join(REPOSITORY_VARIABLES)}",
        "\t\ttrap '' HUP",
        "\t\troot=$PWD",
        "\t\tcd /",
        '\t\texec "$tool" index --quiet --repo "$root"',
        "\t) &",
        ") </dev/null >/dev/null 2>&1 || :",
    ]
    if placement is Placement.CHAINED:
        chained = f'"${{0%/*}}/{name}{CHAINED_SUFFIX}"'
        lines += [f"if [ -x {chained} ]; then", f'\texec {chained} "$@"', "fi"]
    return "\n".join([*lines, _END.decode()]).encode("utf-8", "surrogateescape")


def find_block(data: bytes) -> bytes | None:
    """Return the block in a hook's text, or None.

    Raises:
        InstallError: the block has no end.
    """
    start = _line_start(data, _BEGIN, 0)
    if start < 0:
        return None
    end = _line_start(data, _END, start)
    if end < 0:
        raise InstallError("the repo-memory block has lost its last line", "take the block out by hand")
    return data[start : end + len(_END)]


def insert_block(data: bytes, block: bytes) -> bytes:
    """Insert a block as lines of its own, first in the script: no ``exit`` or ``exec`` comes before it."""
    lines = data.split(b"\n")
    lines.insert(1 if data.startswith(b"#!") else 0, block)
    return b"\n".join(lines)


def remove_block(data: bytes, block: bytes) -> bytes:
    """Remove a block's lines: the reverse of ``insert_block``."""
    before, _, after = data.partition(block)
    return before + after.removeprefix(b"\n") if after else before.removesuffix(b"\n")


def placement_of(block: bytes) -> Placement:
    """Tell how a block came into its file."""
    second_line = block.split(b"\n")[1].decode("utf-8", "replace")
    return next((placement for placement in Placement if placement.value == second_line), Placement.ADDED)


def tool_of(block: bytes) -> str:
    """Return the executable that a block starts first; empty if it names none."""
    match = _TOOL.search(block)
    return shlex.split(os.fsdecode(match[1]))[0] if match else ""


def can_host(script: bytes) -> bool:
    """Tell whether a hook is a shell script that a block can stand in.

    A script that hands itself to another interpreter is none: that one would read the block too.
    """
    words = first_line(script).removeprefix(b"#!").split()
    if not script.startswith(b"#!"):
        return b"\0" not in script  # git runs it with sh
    if words and words[0].endswith(b"/env"):
        words = [word for word in words[1:] if not word.startswith(b"-") and b"=" not in word]
    shell = bool(words) and words[0].rpartition(b"/")[2] in _SHELLS
    return shell and not _RUN_AGAIN.search(script)


def first_line(script: bytes) -> bytes:
    """Return a script's first line."""
    return script.partition(b"\n")[0]


def _line_start(data: bytes, line: bytes, start: int) -> int:
    match = re.compile(rb"^" + re.escape(line) + rb"$", re.MULTILINE).search(data, start)
    return match.start() if match else -1
