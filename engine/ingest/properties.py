"""Properties of a message as columns: one column for each value, and never two values in one.

A name depends on the message alone, so that it is the same after a restart and in whatever order messages come. Two
properties of one message whose plain names are equal (``total``, ``Total``) get two columns: the one that is spelled as
the column keeps it, the other one has the hash of its own spelling behind the name.
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from engine.ingest import exact
from engine.ingest.files import plain_name

_DEEPEST = 4
_HASH = 8
"""Characters of a hash behind a name."""
_LONGEST = 60
"""Characters of a name."""
Path = tuple[str, ...]


def name_of(text: str) -> str:
    """The plain name of an event; see :func:`columns` for those of properties."""
    return plain_name(_spelled(text))


def columns(values: Mapping[str, Any], taken: Collection[str]) -> dict[str, Any]:
    """Properties by columns: what is inside an object has both names in its own; a list is JSON. One whose name is
    taken by another column has an underscore behind it."""
    found: dict[str, Any] = {}
    paths: dict[str, Path] = {}
    again: dict[str, dict[Path, Any]] = {}
    for path, name, value in _leaves(values, (), "", 1):
        while name in taken:
            name += "_"
        if name not in paths:
            paths[name], found[name] = path, value
        else:
            again.setdefault(name, {paths[name]: found[name]})[path] = value
    for name, some in again.items():
        first, *others = sorted(some, key=lambda path: (path != (name,), len(path), path))
        found[name] = some[first]
        for path in others:
            own = _hashed(name, json.dumps(path))
            while own in found:
                own += "_"
            found[own] = some[path]
    return {name: value for name, value in found.items() if value is not None}


def _leaves(values: Mapping[str, Any], path: Path, prefix: str, depth: int) -> Iterator[tuple[Path, str, Any]]:
    """Each value with where it is and the plain name of that."""
    for key, value in values.items():
        name = _plain(prefix, key) if len(key) <= _LONGEST else _named(prefix, key)
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _leaves(value, (*path, key), name, depth + 1)
        else:
            yield (*path, key), name, _value(value)


def _value(value: Any) -> Any:
    if isinstance(value, dict | list):
        return exact.written(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _named(prefix: str, key: str) -> str:
    spelled = _spelled(key)
    return plain_name(f"{prefix}_{spelled}" if prefix else spelled)


_plain = lru_cache(4_096)(_named)
"""The same for names of usual length: a source sends few of them, and each of them in every message."""


def _spelled(text: str) -> str:
    """A name as it is, or by its hash where it has letters and none of them is a Latin one (цена, 购入): nothing else
    would tell such names apart."""
    parts = unicodedata.normalize("NFKD", text)
    if any(one.isascii() and one.isalpha() for one in parts) or not any(one.isalpha() for one in parts):
        return text
    return f"c_{_hash(text)}"


def _hashed(name: str, spelled: str) -> str:
    return f"{name[: _LONGEST - _HASH - 1]}_{_hash(spelled)}"


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH // 2).hexdigest()
