"""Small faults of many kinds, found in the syntax tree of a module; the same ones at every call.

A fault has a name that does not depend on lines or on the folder a module lies in: the module's own name, the function,
the kind, the text at the place, and its number among equal ones of that function. So a fault keeps its name, and with it
its reason in ``survivors.json``, when other code moves.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.syntax import Edit, Finder, Source, in_sql


@dataclass(frozen=True)
class Fault:
    """One change of one file."""

    path: Path
    room: str
    function: str
    kind: str
    detail: str
    number: int
    edit: Edit
    line: int
    tests: tuple[str, ...] = ()
    """Tests beside the module's own that must notice it."""

    @property
    def name(self) -> str:
        """How reports and reasons call it."""
        number = f" #{self.number}" if self.number else ""
        return f"{self.room}/{self.path.name.removesuffix('.py')} {self.function}: {self.kind}: {self.detail}{number}"

    @property
    def rank(self) -> str:
        """Its place in the lot that is drawn: by its name alone."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    def applied(self) -> bytes:
        """The file with the fault in it."""
        data = self.path.read_bytes()
        begin, end, text = self.edit
        return data[:begin] + text.encode() + data[end:]


def faults_of(path: Path, room: str) -> list[Fault]:
    """Every fault of a module, or of a file of SQL."""
    if path.suffix == ".sql":
        return _of_sql(path, room)
    source = Source(path)
    return list(_numbered(path, room, Finder(source).found, source))


def _numbered(path: Path, room: str, found: list[tuple[str, str, str, Edit]], source: Source) -> Iterator[Fault]:
    seen: Counter[tuple[str, str, str]] = Counter()
    for function, kind, detail, edit in sorted(found, key=lambda one: (one[3][0], one[3][1], one[1])):
        detail = re.sub(r"\s+", " ", detail)[:90]
        number = seen[function, kind, detail]
        seen[function, kind, detail] += 1
        line = source.data.count(b"\n", 0, edit[0]) + 1
        yield Fault(path, room, function, kind, detail, number, edit, line)


def _of_sql(path: Path, room: str) -> list[Fault]:
    text = path.read_text(encoding="utf-8")
    seen: Counter[tuple[str, str]] = Counter()
    result = []
    for kind, detail, (begin, end, new) in in_sql(text):
        span = len(text[:begin].encode()), len(text[:end].encode()), new
        result.append(Fault(path, room, "sql", kind, detail, seen[kind, detail], span, text[:begin].count("\n") + 1))
        seen[kind, detail] += 1
    return result


def drawn(faults: list[Fault], count: int, of_one_function: int = 4) -> list[Fault]:
    """As many faults as wanted, by turns of each kind, in the order of their ranks."""
    by_kind: dict[str, list[Fault]] = defaultdict(list)
    for fault in sorted(faults, key=lambda one: one.rank):
        by_kind[fault.kind].append(fault)
    taken: list[Fault] = []
    functions: Counter[tuple[Path, str]] = Counter()
    while len(taken) < count and any(by_kind.values()):
        for kind in sorted(by_kind):
            while by_kind[kind] and len(taken) < count:
                fault = by_kind[kind].pop(0)
                place = fault.path, fault.function
                if functions[place] < of_one_function and _is_sound(fault):
                    functions[place] += 1
                    taken.append(fault)
                    break
    return taken


def _is_sound(fault: Fault) -> bool:
    """Whether the file with the fault in it is still a program."""
    if fault.path.suffix != ".py":
        return True
    try:
        compile(fault.applied(), str(fault.path), "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True
