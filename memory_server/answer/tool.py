"""A question as a value: what the MCP schema, the commands and the README's table are derived from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, signature
from types import SimpleNamespace
from typing import Any, get_type_hints

from pydantic import BaseModel, ValidationError, create_model

from memory_server.answer.reply import Reply
from memory_server.errors import QueryError


@dataclass(frozen=True, slots=True)
class Tool:
    """A question that can be asked: what it is called, what the model and people are told, how it is answered.

    The parameters of ``ask`` are declared with the aliases of `memory_server.answer.parameters`, which hold what the
    schema and ``--help`` say of each.
    """

    name: str
    description: str
    """For the model, in the MCP schema."""
    help: str
    """For people, in ``--help`` and the README."""
    ask: Callable[..., Reply]
    """Takes the repository, then what is asked; what is keyword-only is for people and scripts, not for the model."""
    writes: bool = False
    """Whether it changes what is remembered."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of ``ask`` after the repository, their types resolved."""
        _, *asked = signature(self.ask).parameters.values()
        declared = SimpleNamespace(__annotations__={one.name: one.annotation for one in asked})
        types = get_type_hints(declared, self.ask.__globals__, include_extras=True)
        return tuple(one.replace(annotation=types[one.name]) for one in asked)

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments, as the model is sent it."""
        slim: dict[str, Any] = _slim(_arguments_model(self).model_json_schema())
        return slim

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as ``ask`` takes them, with the defaults of those that are not given.

        Raises:
            QueryError: an argument is unknown, missing or wrong.
        """
        model = _arguments_model(self)
        if unknown := sorted(arguments.keys() - model.model_fields.keys()):
            raise QueryError(
                f"{self.name} takes no {unknown[0][:40]}", f"it takes: {', '.join(model.model_fields)}"
            )
        try:
            checked = model.model_validate(arguments)
        except ValidationError as error:
            raise _first_problem(error, model) from error
        return {name: getattr(checked, name) for name in model.model_fields}


@cache
def _arguments_model(tool: Tool) -> type[BaseModel]:
    fields: dict[str, Any] = {
        one.name: (one.annotation, ... if one.default is Parameter.empty else one.default)
        for one in tool.parameters
        if one.kind is not Parameter.KEYWORD_ONLY
    }
    return create_model(tool.name, **fields)


def _first_problem(error: ValidationError, model: type[BaseModel]) -> QueryError:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    field = model.model_fields.get(name)
    problem = first["msg"].lower().removesuffix(".")
    return QueryError(f"{name}: {problem}", field.description if field else None)


_UNSENT = frozenset({"title", "default", "minimum", "maximum", "minItems", "maxItems"})
"""Keys of a JSON schema that the model does without; arguments are checked against the whole schema."""


def _slim(schema: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON schema without what would only be tokens in every conversation."""
    if isinstance(schema, dict):
        return {
            key: _slim(value)
            for key, value in schema.items()
            if key not in _UNSENT or isinstance(value, dict)
        }
    return [_slim(item) for item in schema] if isinstance(schema, list) else schema
