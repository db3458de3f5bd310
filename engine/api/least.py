"""The least group at the API's edge: what is answered to a token that may not see members.

Every number that is not known to be something else is a number of people, and is rounded: to nothing below the least
group, otherwise to a multiple of it. The same number is always rounded the same way, so that asking again tells
nothing; the edges between multiples are secret, so that a number cannot be found by adding known people until it jumps.
Rows of few people are left out, shares keep two digits, and numbers in sentences are rounded too. An answer that is not
known here is treated so as well: what need not be rounded is named.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SEES = "members"
"""The scope whose tokens see every number."""
FREE = (
    *("/v1/tokens", "/v1/secrets", "/v1/grants", "/v1/schemas", "/v1/destination-types", "/v1/destinations"),
    *("/v1/model", "/v1/schedules", "/v1/traits/versions", "/v1/identity/document", "/v1/identity/draft"),
    *("/v1/identity/resolve", "/v1/identity/batch", "/v1/quality/lineage", "/v1/doctor", "/metrics"),
)
"""Routes that answer with no number of people, or whose scope is for looking persons up; below them too."""
_WRITTEN = re.compile(r"/v1/audiences(/[^/]+(/(history|diff|explain))?)?")
"""Audiences as they were written."""
ROUNDED = ("/v1/model/check",)
"""Those of them that do."""
NAMES = frozenset(
    (
        *(
            "run",
            "run_id",
            "task",
            "tasks",
            "sync",
            "version",
            "versions",
            "attempt",
            "attempts",
            "parts",
            "pid",
            "line",
        ),
        *("lag_seconds", "elapsed_ms", "seconds", "status", "queued", "running", "failed", "scheduled", "paused"),
        *("audiences", "conditions", "reused", "corrupt", "slices", "bytes", "memory", "unchanged", "days", "number"),
        *("least_group", "seed_version", "port", "priority", "min_size", "max_removal", "rate"),
    )
)
"""Names of numbers that are not of people."""
DOCUMENTS = frozenset(
    ("audience", "document", "rule", "schedule", "settings", "statements", "before", "after", "params", "model")
)
"""Names of documents and what they say: they are as they were written."""
_SENTENCES = frozenset(("message", "detail", "reason", "why", "error", "held", "text", "hint"))
_COUNTED = re.compile(
    r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\w.])|(?<![\w.:/-])\d+(?= (?:of |people|persons?|members|profiles|rows))"
)
_SINGLE = ("rows", "examples", "keys")
"""Names of lists of single people, masked or not."""


@dataclass(frozen=True)
class Least:
    """The least group, and the secret edges of rounding."""

    group: int
    edges: bytes

    def rounded(self, number: int) -> int:
        """A number of people as it is answered.

        >>> Least(10, b"x").rounded(9), Least(10, b"x").rounded(137) in (130, 140)
        (0, True)
        """
        if number < 0:
            return -self.rounded(-number)
        block, rest = divmod(number, self.group)
        if not block:
            return 0
        edge = int.from_bytes(hmac.digest(self.edges, f"{self.group}:{block}".encode(), "sha256")[:4], "big")
        return (block + (rest > edge % self.group)) * self.group

    def answer(self, body: bytes) -> bytes:
        """A body of JSON as it is answered."""
        try:
            found = json.loads(body)
        except ValueError:
            return body  # YAML, or nothing
        return json.dumps(self._value("", found, ()), ensure_ascii=False).encode("utf-8", "replace")

    def _value(self, name: str, value: Any, wholes: Sequence[int]) -> Any:
        match value:
            case bool() | None:
                return value
            case int():
                return value if name in NAMES else self.rounded(self._whole_if_near(value, wholes))
            case float():
                return value if name in NAMES else float(f"{value:.2g}")
            case str():
                return self._sentence(value) if name in _SENTENCES else value
            case list():
                if name in _SINGLE:
                    return []
                return [self._value(name, one, wholes) for one in value if not self._is_of_few(one)]
            case dict():
                return self._row(value, wholes)
        return value

    def _whole_if_near(self, part: int, wholes: Sequence[int]) -> int:
        """A part of which fewer than the least group are missing is the whole: the rest would be single people."""
        for one in wholes:
            part = one if part >= self.group and 0 < one - part < self.group else part
        return part

    def _row(self, row: Mapping[str, Any], outer: Sequence[int]) -> dict[str, Any]:
        wholes = sorted(one for one in (*outer, row.get("size"), row.get("base")) if type(one) is int)
        found: dict[str, Any] = {}
        for name, one in row.items():
            written = name in ("value", "high") or (name in DOCUMENTS and isinstance(one, dict | list | str))
            found[name] = one if written else self._value(name, one, wholes)
        if "least" in row and "greatest" in row:  # of a computed trait: each is the value of a single person
            found |= {"least": None, "greatest": None}
        if "exact" in found:
            found |= {"exact": False, "least_group": self.group}
        if isinstance(row.get("members"), int) and row["members"] < self.group:
            found |= {one: None for one in ("index", "low_index", "high_index") if one in found}
        return found

    def _is_of_few(self, row: Any) -> bool:
        """Whether a row is one value of a trait that few people have: the value itself would tell of them."""
        if not isinstance(row, dict) or "value" not in row:
            return False
        counts = [row[one] for one in ("count", "base") if isinstance(row.get(one), int)]
        return bool(counts) and max(counts) < self.group

    def _sentence(self, text: str) -> str:
        return _COUNTED.sub(lambda found: f"{self.rounded(int(found[0].replace(',', ''))):,}", text)


def is_rounded(path: str) -> bool:
    """Whether the answers of a path hold numbers of people."""
    free = any(path == one or path.startswith(f"{one}/") for one in FREE) or _WRITTEN.fullmatch(path) is not None
    return path in ROUNDED or not free
