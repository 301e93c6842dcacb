"""Every error of the measurements, each with a hint for the person who meets it."""

from __future__ import annotations


class EvalError(Exception):
    """Root of the harness's errors; ``hint`` names what to do next."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class MeasureError(EvalError):
    """Something could not be measured."""


class ClientError(EvalError):
    """The client is not there, cannot be installed, or did not finish."""


class UnfinishedError(ClientError):
    """The client did not finish in time."""
