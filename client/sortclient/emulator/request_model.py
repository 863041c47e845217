"""Requests checked against botocore's model of the service, before any operation sees them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import ListShape, Shape, StructureShape

_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "list": list,
    "string": str,
    "blob": str,
    "float": (int, float),
    "integer": int,
    "boolean": bool,
}


class Refused(Exception):
    """The request gets AWS's error ``code`` and ``message``; ``status`` is the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def checked(shape: Shape, value: object) -> Any:
    """``value`` (decoded JSON) with its blobs as bytes.

    Raises Refused as AWS does: SerializationException for a wrong type, ValidationException that lists what breaks the
    model's constraints. In one thing stricter than AWS, which ignores members it does not know: they are refused too.
    """
    decoded = _typed(shape, value, "request")
    problems = list(_problems(shape, decoded, ""))
    if problems:
        errors = "error" if len(problems) == 1 else "errors"
        raise Refused("ValidationException", f"{len(problems)} validation {errors} detected: {'; '.join(problems)}")
    return decoded


def _typed(shape: Shape, value: object, where: str) -> Any:
    expected = _PYTHON_TYPES[shape.type_name]
    if not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean"):
        raise Refused("SerializationException", f"{where} is not a {shape.type_name}")
    if shape.type_name == "structure":
        return _members(shape, value, where)  # type: ignore[arg-type]
    if shape.type_name == "list":
        return [_typed(shape.member, item, where) for item in value]  # type: ignore[attr-defined]
    if shape.type_name == "blob":
        try:
            return base64.b64decode(value, validate=True)  # type: ignore[arg-type]
        except (binascii.Error, ValueError) as error:
            raise Refused("SerializationException", f"{where} is not base64") from error
    return value


def _members(shape: StructureShape, value: dict[str, Any], where: str) -> dict[str, Any]:
    unknown = value.keys() - shape.members.keys()
    if unknown:
        raise Refused("SerializationException", f"{where} has no member {', '.join(sorted(unknown))}")
    # A null member is an absent one.
    return {name: _typed(shape.members[name], item, name) for name, item in value.items() if item is not None}


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _member_problems(shape, value, path)  # type: ignore[arg-type]
    elif shape.type_name == "list":
        yield from _item_problems(shape, value, path)  # type: ignore[arg-type]
    else:
        for constraint in _broken_constraints(shape, value):
            shown = "of bytes" if isinstance(value, bytes) else f"'{value}'"
            yield f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _member_problems(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        # AWS's messages write members with a small first letter.
        below = f"{path}.{name[0].lower()}{name[1:]}".lstrip(".")
        if name in value:
            yield from _problems(member, value[name], below)
        elif name in shape.required_members:
            yield f"Value null at '{below}' failed to satisfy constraint: Member must not be null"


def _item_problems(shape: ListShape, value: list[Any], path: str) -> Iterator[str]:
    for number, item in enumerate(value, 1):
        yield from _problems(shape.member, item, f"{path}.{number}.member")


def _broken_constraints(shape: Shape, value: Any) -> Iterator[str]:
    sized = isinstance(value, str | bytes)
    size, what = (len(value), "length") if sized else (value, "value")
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    # Written so that a nan, which Python's JSON reads, is outside.
    if low is not None and not size >= low:
        yield f"Member must have {what} greater than or equal to {low}"
    if high is not None and not size <= high:
        yield f"Member must have {what} less than or equal to {high}"
    options = shape.metadata.get("enum")
    if options and value not in options:
        yield f"Member must satisfy enum value set: [{', '.join(options)}]"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield f"Member must satisfy regular expression pattern: {pattern}"
