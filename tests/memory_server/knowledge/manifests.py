"""Manifests of the Knowledge Context Protocol as text."""

from __future__ import annotations


def with_units(*units: str) -> str:
    """A manifest of some units."""
    return "project: shop\nkcp_version: '0.20'\nunits:\n" + "".join(f"- {unit}\n" for unit in units)


def unit(**fields: str) -> str:
    """A unit with what it needs, and other fields."""
    known = {
        "id": "one",
        "path": "README.md",
        "intent": "What?",
        "scope": "global",
        "audience": "[agent]",
    } | fields
    return "{" + ", ".join(f"{name}: {value}" for name, value in known.items()) + "}"
