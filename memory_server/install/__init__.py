"""Setting a user's repository up for the server, and taking that back."""

from memory_server.install.changes import Finding, State, Step
from memory_server.install.installer import (
    StepOutcome,
    StepReport,
    check,
    find_executable,
    install,
    plan_install,
    remove,
)

__all__ = [
    "Finding",
    "StepOutcome",
    "State",
    "Step",
    "StepReport",
    "check",
    "find_executable",
    "install",
    "plan_install",
    "remove",
]
