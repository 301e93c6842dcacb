"""The harness's errors: one root, each with a hint."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import typer

from eval import errors
from eval.console import exit_on_error
from eval.errors import EvalError, MeasureError

EVAL = Path(errors.__file__).parent


def test_every_error_is_declared_under_the_one_root() -> None:
    declared = {
        (file.relative_to(EVAL).as_posix(), found.name)
        for file in EVAL.rglob("*.py")
        for found in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(found, ast.ClassDef) and found.name.endswith(("Error", "Exception"))
    }
    assert {file for file, _ in declared} == {"errors.py"}
    for _, name in declared:
        assert issubclass(getattr(errors, name), EvalError)
        assert getattr(errors, name)("it failed", "do that").hint == "do that"


def test_an_error_ends_a_command_with_its_hint_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, exit_on_error():
        raise MeasureError("no [folder]", "name one")
    assert caught.value.exit_code == 1
    assert capsys.readouterr().err == "error: no [folder]\n\nhint: name one\n"
