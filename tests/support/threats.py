"""The lines of the threat model and the tests that prove them, as docs/threat-model.md names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threat-model.md"
_LINE = re.compile(r"^\| `([a-z]+-[0-9]+)` \|(.*)\|$")
_TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")


@dataclass(frozen=True)
class Threat:
    """A line of the page: its name, and the tests that prove it as (file, function)."""

    name: str
    tests: tuple[tuple[str, str], ...]


def threats(page: str) -> list[Threat]:
    """The lines of the page in its order."""
    rows = [_LINE.match(line) for line in page.splitlines()]
    return [Threat(row[1], tuple((test[1], test[2]) for test in _TEST.finditer(row[2]))) for row in rows if row]


def main() -> None:
    """Print the tests as pytest takes them, each once."""
    named = [f"{file}::{test}" for threat in threats(PAGE.read_text(encoding="utf-8")) for file, test in threat.tests]
    print(*dict.fromkeys(named))  # noqa: T201


if __name__ == "__main__":
    main()
