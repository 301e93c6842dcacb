"""The limits that keep the code base readable, and who may import whom; import-linter holds the layers."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from grimp import ImportGraph, build_graph

from tests.support.places import CHECKOUT

PRODUCT = ("indexers", "memory_server", "eval")
PACKAGES = (*PRODUCT, "tests")
SAMPLES = CHECKOUT / "tests/languages"
"""Data, in the syntax of any version of its language."""

MODULES_IN_A_FOLDER = 12
LINES_IN_A_MODULE = 400
LINES_IN_A_CLASS = 200
LINES_IN_A_FUNCTION = 60


@cache
def module_texts() -> dict[str, str]:
    """Every module's text by its path."""
    files = sorted(file for package in PACKAGES for file in (CHECKOUT / package).rglob("*.py"))
    return {
        file.relative_to(CHECKOUT).as_posix(): file.read_text("utf-8")
        for file in files
        if not file.is_relative_to(SAMPLES)
    }


@cache
def syntax_nodes() -> dict[str, list[ast.AST]]:
    """All nodes of every module's syntax tree by its path."""
    return {path: list(ast.walk(ast.parse(text))) for path, text in module_texts().items()}


@cache
def import_graph() -> ImportGraph:
    """Which module imports which, inside functions too; imports for type checkers alone are left out."""
    return build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)


def longer_than(limit: int, *kinds: type[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]) -> list[str]:
    """The definitions that have more lines, with how many."""
    return [
        f"{path}: {node.name} has {lines} lines"
        for path, nodes in syntax_nodes().items()
        for node in nodes
        if isinstance(node, kinds) and (lines := (node.end_lineno or 0) - node.lineno + 1) > limit
    ]


def lines_with(
    is_meant: Callable[[ast.AST], bool], packages: tuple[str, ...], besides: str = "\n"
) -> list[str]:
    """Where packages have such a node, besides in one file or folder."""
    return [
        f"{path}:{getattr(node, 'lineno', 1)}"
        for path, nodes in syntax_nodes().items()
        if path.startswith(packages) and not path.startswith(besides)
        for node in nodes
        if is_meant(node)
    ]


def names_lancedb(node: ast.AST) -> bool:
    """Whether lancedb, or a part of it, is imported here or named for an import."""
    match node:
        case ast.Import(names=names):
            modules = [alias.name for alias in names]
        case ast.ImportFrom(module=str(module)):
            modules = [module]
        case ast.Constant(value=str(text)):
            modules = [text]
        case _:
            modules = []
    return any(module.split(".")[0] == "lancedb" and " " not in module for module in modules)


def is_git_command(node: ast.AST) -> bool:
    """Whether this is the list of arguments of a git command."""
    match node:
        case ast.List(elts=[ast.Constant(value="git"), *_]) | ast.Tuple(elts=[ast.Constant(value="git"), *_]):
            return True
    return False


def catches_anything(node: ast.AST) -> bool:
    """Whether this handler takes exceptions that nobody thought of."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    caught = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)} if node.type else set()
    return node.type is None or bool(caught & {"Exception", "BaseException"})


def writes_to_terminal(node: ast.AST) -> bool:
    """Whether this writes past the one way to a terminal."""
    match node:
        case ast.Attribute(value=ast.Name(id="typer" | "click"), attr="echo" | "secho" | "style"):
            return True
        case ast.ImportFrom(module="rich.console", names=names):
            return any(alias.name == "Console" for alias in names)
    return False


def hold_none(offenders: list[str]) -> None:
    """Fail with every offender, one a line."""
    assert not offenders, "\n" + "\n".join(offenders)


def test_a_folder_holds_few_modules() -> None:
    modules = [path for path in map(Path, module_texts()) if path.name != "__init__.py"]
    counts = Counter(path.parent for path in modules)
    hold_none(
        [f"{folder}: {count} modules" for folder, count in counts.items() if count > MODULES_IN_A_FOLDER]
    )


def test_modules_are_short() -> None:
    lengths = {path: text.count("\n") for path, text in module_texts().items()}
    hold_none([f"{path}: {lines} lines" for path, lines in lengths.items() if lines > LINES_IN_A_MODULE])


def test_classes_are_short() -> None:
    hold_none(longer_than(LINES_IN_A_CLASS, ast.ClassDef))


def test_functions_are_short() -> None:
    hold_none(longer_than(LINES_IN_A_FUNCTION, ast.FunctionDef, ast.AsyncFunctionDef))


def test_imports_make_no_circle() -> None:
    graph = import_graph()
    imported = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    circle: list[str] = []
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        circle = error.args[1]
    hold_none(circle)


def test_the_server_knows_the_harness_only_as_commands() -> None:
    graph = import_graph()
    hold_none(
        [
            f"{module} -> {imported}"
            for module in sorted(graph.find_descendants("memory_server"))
            for imported in sorted(graph.find_modules_directly_imported_by(module))
            if imported.split(".")[0] == "eval"
            and not (
                module.startswith("memory_server.cli.") and imported in {"eval.cli", "eval.usage.command"}
            )
        ]
    )


def test_lancedb_is_known_in_one_wing() -> None:
    hold_none(lines_with(names_lancedb, PRODUCT, besides="memory_server/store/"))


def test_a_terminal_is_written_to_in_one_module() -> None:
    """Names and contents of a repository hold sequences that a terminal obeys."""
    hold_none(lines_with(writes_to_terminal, PRODUCT, besides="memory_server/cli/terminal.py"))


def test_git_is_run_in_one_module() -> None:
    hold_none(lines_with(is_git_command, PRODUCT, besides="indexers/git.py"))


def test_no_handler_catches_just_anything_but_the_one_before_the_client() -> None:
    """A crash tells a client nothing of itself: the SDK's public server would send it the exception's text."""
    hold_none(lines_with(catches_anything, PACKAGES, besides="memory_server/serve/server.py"))
