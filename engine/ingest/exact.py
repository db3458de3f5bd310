"""JSON whose numbers keep every digit: a number that a double would change is read as a decimal, and written back as it
came."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

_SURE = 16
"""A number of so many characters without an exponent has at most 15 digits, which a double holds."""
_MARK = f"decimal-{secrets.token_hex(16)}:"
"""Stands before a decimal while JSON is written; nobody outside this process can send it."""
_MARKED = re.compile(rf'"{_MARK}([^"]*)"')

_ENCODER = json.JSONEncoder(ensure_ascii=False)


def read(text: str | bytes) -> Any:
    """What JSON says; raises ValueError where it is none, and RecursionError where it is nested too deeply."""
    return json.loads(text, parse_float=number)


def number(text: str) -> float | Decimal | str:
    """A number with a point or an exponent: a double where that is the same number, otherwise a decimal. One whose
    exponent no decimal has stays text."""
    value = float(text)
    if len(text) <= _SURE and "e" not in text and "E" not in text:
        return value
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return text
    return value if exact == Decimal(repr(value)) else exact


def written(value: Any, *, ascii_only: bool = False, default: Callable[[Any], Any] | None = None) -> str:
    """As JSON; ``default`` gives something for what JSON has no form for. Half characters (lone surrogates) stay as
    they are, or become escapes with ``ascii_only``."""
    if default is None and not ascii_only:
        try:
            return _ENCODER.encode(value)  # made once: most messages have nothing that is none of JSON's own types
        except TypeError:
            pass
    found = [False]

    def other(one: Any) -> Any:
        if isinstance(one, Decimal):
            found[0] = True
            return f"{_MARK}{one}"
        if default is None:
            raise TypeError(f"{type(one).__name__} has no form in JSON")
        return default(one)

    text = json.dumps(value, ensure_ascii=ascii_only, default=other)
    return _MARKED.sub(r"\1", text) if found[0] else text


def told(value: Any) -> str:
    """The same as text that can be kept: half characters in it become escapes, as JSON has them."""
    text = written(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return written(value, ascii_only=True)
    return text
