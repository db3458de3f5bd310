"""The harness itself: faults are the same ones every time, each is a program, and one that is put in is really there."""

from __future__ import annotations

import gc
import json
from collections import Counter
from pathlib import Path
from types import FunctionType

import pytest

from tests.mutants.faults import Fault, drawn, faults_of
from tests.mutants.named import NAMED
from tests.mutants.patching import exchange, pairs
from tests.mutants.rooms import ROOMS, files_of, mirror, plan
from tests.mutants.rooms import by_hand as find

SAMPLE = '''"""A module."""
from contextlib import contextmanager

MOST = 5


def small(a: int, b: int | None = None) -> bool:
    """A function."""
    if a < MOST and b is not None:
        raise ValueError("too small")
    with lock():
        note(a, b)
    return sorted([a, a + 1, b or 3])[0] >= 2


class Thing:
    def get(self, rows):
        def inner(x):
            return x > 1
        return [one for one in rows if inner(one)]


QUERY = "SELECT a FROM t WHERE a >= 1 AND b IS NULL ORDER BY c DESC"
'''


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.py"
    path.write_text(SAMPLE, encoding="utf-8")
    return path


def test_every_kind_of_fault_is_found(sample: Path) -> None:
    found = faults_of(sample, "room")
    details = {(one.kind, one.detail) for one in found}
    assert details >= {
        ("edge", "a < MOST → <="),
        ("and or", "a < MOST and b is not None → or"),
        ("condition dropped", "b is not None of a < MOST and b is not None"),
        ("comparison turned", "b is not None → is"),
        ("condition negated", "a < MOST and b is not None"),
        ("check removed", 'raise raise ValueError("too small")'),
        ("lock removed", "with lock()"),
        ("call removed", "note(a, b)"),
        ("arguments swapped", "note(a, b)"),
        ("constant", "5 → 6"),
        ("arithmetic", "a + 1 → -"),
        ("entry dropped", "b or 3 of [a, a + 1, b or 3]"),
        ("return value", "return [one for one in rows if inner(one)]"),
        ("condition dropped", "if inner(one)"),
    }
    kinds = {one.kind for one in found}
    assert {"SQL edge", "SQL and or", "SQL NULL turned", "SQL order"} <= kinds
    assert not any("too small" in one.applied().decode()[one.edit[0] : one.edit[0] + 3] for one in found)
    assert len({one.name for one in found}) == len(found), "each has a name of its own"
    for one in found:
        compile(one.applied(), "sample.py", "exec")
        assert one.applied() != sample.read_bytes()


def test_names_and_the_draw_do_not_depend_on_lines_or_folders(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere" / "sample.py"
    moved.write_text('"""Another."""\n\n\n' + SAMPLE.split("\n", 1)[1], encoding="utf-8")
    first, second = faults_of(sample, "room"), faults_of(moved, "room")
    assert [one.name for one in first] == [one.name for one in second]
    assert [one.name for one in drawn(first, 8)] == [one.name for one in drawn(second, 8)]
    assert len(drawn(first, 8)) == 8
    assert max(Counter(one.function for one in drawn(first, 100, 2)).values()) == 2


def test_a_fault_in_a_function_is_put_into_what_is_loaded(sample: Path) -> None:
    space: dict[str, object] = {"lock": None, "note": None}
    exec(compile(SAMPLE, str(sample), "exec", dont_inherit=True), space)  # noqa: S102 — the text above
    thing = space["Thing"]()  # type: ignore[operator]
    (fault,) = (one for one in faults_of(sample, "room") if one.detail == "x > 1 → >=")
    assert thing.get([0, 1, 2]) == [2]
    assert exchange(pairs(sample, sample.read_bytes(), fault.applied())) == 1
    assert thing.get([0, 1, 2]) == [1, 2]
    assert isinstance(space["small"], FunctionType)
    assert gc.is_tracked(thing.get.__func__)


@pytest.mark.parametrize("detail", ["5 → 6", "a >= 1"])
def test_a_fault_in_what_runs_at_import_is_not_exchanged(sample: Path, detail: str) -> None:
    fault = next(one for one in faults_of(sample, "room") if one.function == "module" and detail[:2] in one.detail)
    with pytest.raises(ValueError, match="runs at import"):
        pairs(sample, sample.read_bytes(), fault.applied())


def test_queries_have_faults_too(tmp_path: Path) -> None:
    path = tmp_path / "due.sql"
    path.write_text("SELECT id FROM t WHERE at <= :now AND state IS NOT NULL OR x IN (1)\n", encoding="utf-8")
    found = faults_of(path, "store")
    assert {one.kind for one in found} == {"edge", "NULL turned", "and or"}
    assert {one.applied() for one in found} >= {
        b"SELECT id FROM t WHERE at < :now AND state IS NOT NULL OR x IN (1)\n",
        b"SELECT id FROM t WHERE at <= :now AND state IS NULL OR x IN (1)\n",
    }


def test_every_room_has_its_faults_and_every_fault_its_tests() -> None:
    found: list[Fault] = plan()
    assert len(found) >= 340
    assert len({one.name for one in found}) == len(found)
    by_hand = Counter(one.kind == "by hand" for one in found)
    assert by_hand[True] >= 0.9 * len(NAMED) > 44, [one for one in NAMED if find(one) is None]
    rooms = Counter(one.room for one in found if one.kind != "by hand")
    for room, (_, count) in ROOMS.items():
        assert rooms[room] == count, room
        assert files_of(room), room
    for fault in found:
        assert mirror(fault.path) or fault.tests, fault.name
        assert all((Path(__file__).parents[2] / one).exists() for one in fault.tests), fault.name


def test_a_reason_says_whether_the_fault_changes_anything() -> None:
    kept = json.loads(Path(__file__).with_name("survivors.json").read_text(encoding="utf-8"))
    assert all(reason.startswith(("equivalent: ", "accepted: ")) for reason in kept.values())
