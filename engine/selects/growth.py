"""Functions that make long values of short ones: the length is written beside them, and has a limit.

DuckDB does not count the texts that a function makes within its memory limit, so a length that a column says could take
all the memory there is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import EngineError

LONGEST = 10_000
"""Characters, bits, or elements of a list."""
_LENGTHS = {"repeat": 1, "lpad": 1, "rpad": 1, "array_resize": 1, "list_resize": 1, "bitstring": 1, "bar": 3}
"""Which argument is the length."""
_SERIES = ("range", "generate_series")
_TEMPLATES = ("format", "printf")


def must_be_short(name: str, arguments: Sequence[Mapping[str, Any]], path: str) -> None:
    """Raise EngineError("bad_sql") where a function would make values that are too long."""
    if name in _LENGTHS:
        place = _LENGTHS[name]
        length = _number(arguments[place]) if len(arguments) > place else 0
        if length is None or length > LONGEST:
            raise _too_long(name, path)
    elif name in _SERIES:
        ends = [_number(one) for one in arguments]
        if ends and None not in ends and _steps([one or 0 for one in ends]) > LONGEST:
            raise _too_long(name, path)
    elif name in _TEMPLATES and arguments and not _is_short_template(arguments[0]):
        raise _too_long(name, path)


def _too_long(name: str, path: str) -> EngineError:
    return EngineError(
        "bad_sql",
        f"the SQL calls {name} with a length that is not a number up to {LONGEST:,}",
        path,
        f"Write the length into it, at most {LONGEST:,}.",
    )


def _steps(ends: Sequence[int]) -> int:
    first, past = (0, ends[0]) if len(ends) == 1 else (ends[0], ends[1])
    step = ends[2] if len(ends) > 2 else 1
    return abs(past - first) // abs(step) if step else 0


def _number(node: Mapping[str, Any]) -> int | None:
    """The whole number that a value is, as either version of DuckDB writes it; None for any other value."""
    if node.get("class") == "FUNCTION" and node.get("function_name") == "-":
        operands = [one["expression"] for one in node.get("arguments", ())]  # a sign is a part of the number in 1.5
        number = _number(operands[0]) if len(operands) == 1 else None
        return None if number is None else -number
    if node.get("class") != "CONSTANT":
        return None
    told = node.get("literal") or node.get("value") or {}
    if "kind" in told:
        text = str(told["text"]).replace("_", "")
        return int(text) if told["kind"] == "INTEGER" and text.isdecimal() else None
    value = told.get("value")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def written_text(node: Mapping[str, Any]) -> str | None:
    """The text that a value is, as either version of DuckDB writes it; None for any other value."""
    if node.get("class") != "CONSTANT":
        return None
    told = node.get("literal") or node.get("value") or {}
    value = told.get("text") if told.get("kind") == "STRING" else told.get("value")
    return value if isinstance(value, str) else None


def _is_short_template(node: Mapping[str, Any]) -> bool:
    """Whether a template is written out and asks for no wide field."""
    if node.get("class") != "CONSTANT":
        return False
    told = node.get("literal") or node.get("value") or {}
    text = str(told.get("text", told.get("value", "")))
    numbers = "".join(one if one.isdecimal() else " " for one in text).split()
    widths_elsewhere = re.search(r"%[^a-zA-Z%]*\*|\{[^}]*\{", text) is not None
    return not widths_elsewhere and max(map(int, numbers), default=0) <= LONGEST
