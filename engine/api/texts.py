"""Texts that no place can hold: half characters (lone surrogates) and NUL. They are refused before they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def odd_body(media_type: str, body: bytes) -> str | None:
    """What is wrong with a body of JSON; None when nothing is, or it is none."""
    if not body or (media_type and "json" not in media_type.lower()):
        return None
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "the body is not UTF-8"
    return _odd_escape(body) if b"\\u" in body else None


def _odd_escape(body: bytes) -> str | None:
    """Whether an escape stands for NUL, or for half a character whose other half does not follow at once."""
    high = -1  # where a first half ended
    for found in _ESCAPE.finditer(body):
        code = -1 if found[1] is None else int(found[1], 16)
        if high >= 0 and (found.start() != high or not 0xDC00 <= code < 0xE000):
            return "a text has half a character (a lone surrogate)"
        if high >= 0:
            high = -1
        elif code == 0:
            return "a text has the character NUL"
        elif 0xD800 <= code < 0xDC00:
            high = found.end()
        elif 0xDC00 <= code < 0xE000:
            return "a text has half a character (a lone surrogate)"
    return "a text has half a character (a lone surrogate)" if high >= 0 else None


def odd_address(scope: Mapping[str, Any]) -> str | None:
    """What is wrong with a path or a query; None when nothing is."""
    for name, raw in (("path", scope.get("raw_path") or b""), ("query", scope.get("query_string") or b"")):
        plain = unquote_to_bytes(raw)
        if b"\0" in plain:
            return f"the {name} has the character NUL"
        try:
            plain.decode("utf-8")
        except UnicodeDecodeError:
            return f"the {name} is not UTF-8"
    return None
