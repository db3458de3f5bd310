"""Whatever is written, in whatever order: what a site's ranges leave out belongs to none of its profiles."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.warehouses import partitions
from engine.warehouses.local import publishing, reading
from engine.warehouses.partitions import END, MOST_RANGES, Layout, Sites

SITES = Sites("users", "key", "site")
DIVIDED = Layout("events", "who", "ts", kind="kind", hot="cat", sites=SITES, monthly=True)
_PEOPLE = 12


def make(folder: Path, rows: int = 400) -> None:
    """Profiles of three sites and a year of their events, as they came."""
    with publishing(folder, "test") as made:
        made.execute(f"CREATE TABLE users AS SELECT 'u' || i AS key, 's' || i % 3 AS site FROM range({_PEOPLE}) t(i)")
        made.execute(f"CREATE TABLE events AS {events(rows, 0)}")


def events(rows: int, seed: int) -> str:
    """Rows of profiles that are there and of some that are not."""
    return (
        f"SELECT 'u' || hash(i, {seed}) % {_PEOPLE + 4} AS who, TIMESTAMP '2026-01-01' + INTERVAL (hash(i, {seed}, 1) % 8760) "
        f"HOUR AS ts, ['a', 'b', NULL][1 + (hash(i, {seed}, 2) % 3)::INT] AS kind, hash(i, {seed}, 3) % 20 AS cat "
        f"FROM range({rows}) t(i)"
    )


def lay(connection: Any, layout: Layout = DIVIDED) -> None:
    partitions.lay(connection, layout)


def add(connection: Any, seed: int) -> None:
    """As a load that sorts."""
    since = partitions.rows_of(connection, "events")
    layout = partitions.layout_of(connection, "events")
    connection.execute("SET preserve_insertion_order = true")
    rows = events(30, seed)
    connection.execute(f"INSERT INTO events {rows if layout is None else layout.sorted(rows, few=True)}")
    if layout is not None and since is not None:
        partitions.note_runs(connection, layout, since)


def add_unsorted(connection: Any, seed: int) -> None:
    connection.execute(f"INSERT INTO events {events(30, seed)}")


def change_profiles(statement: str) -> Callable[[Any, int], None]:
    """As a load into the table of profiles."""

    def changed(connection: Any, seed: int) -> None:
        partitions.remember_profiles(connection, "users")
        connection.execute(statement.format(key=f"'u{seed % (_PEOPLE + 4)}'", site=f"'s{seed // 20 % 3}'"))

    return changed


def remove_events(connection: Any, seed: int) -> None:
    connection.execute(f"DELETE FROM events WHERE cat = {seed % 20}")
    partitions.forget_layout(connection, "events")


STEPS: dict[str, Callable[[Any, int], None]] = {
    "lay": lambda connection, _: lay(connection),
    "lay by site": lambda connection, _: lay(connection, replace(DIVIDED, monthly=False)),
    "lay by month": lambda connection, _: lay(connection, replace(DIVIDED, sites=None)),
    "add": add,
    "add unsorted": add_unsorted,
    "move": change_profiles("UPDATE users SET site = {site} WHERE key = {key}"),
    "come": change_profiles("INSERT INTO users SELECT {key}, {site} WHERE {key} NOT IN (SELECT key FROM users)"),
    "of two sites": change_profiles("INSERT INTO users SELECT {key}, {site}"),
    "go": change_profiles("DELETE FROM users WHERE key = {key}"),
    "of no site": change_profiles("UPDATE users SET site = NULL WHERE key = {key}"),
    "remove": remove_events,
}


def check(folder: Path) -> int:
    """Compare what each site reads with what it would read of everything; how many rows are left out in all."""
    left_out = 0
    with reading(folder) as connection:
        counted = "SELECT who, count(*) FROM events WHERE who IN (SELECT key FROM users WHERE site = ?)"
        for site in ("s0", "s1", "s2"):
            ranges = partitions.ranges_of(connection, "events", "who", SITES, site)
            if ranges is None:
                continue
            assert len(ranges) <= MOST_RANGES
            inside = partitions.within(ranges, "rowid")
            whole = connection.execute(f"{counted} GROUP BY 1 ORDER BY 1", [site]).fetchall()
            assert connection.execute(f"{counted} AND {inside} GROUP BY 1 ORDER BY 1", [site]).fetchall() == whole
            left_out += connection.execute(f"SELECT count(*) FROM events WHERE NOT {inside}").fetchone()[0]  # type: ignore[index]
    return left_out


@settings(max_examples=12, deadline=None)
@example([("of two sites", 49), ("lay", 0)])
@example([("go", 1), ("come", 49)])
@example([("of no site", 1), ("lay", 0), ("move", 49)])
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 999)), max_size=7))
def test_no_site_misses_a_row(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make(folder)
        for name, seed in [("lay", 0), *steps]:
            with publishing(folder, "test", keep=True) as connection:
                STEPS[name](connection, seed)
            check(folder)


def test_of_a_table_that_is_divided_a_site_reads_its_part(tmp_path: Path) -> None:
    make(tmp_path)
    assert check(tmp_path) == 0
    with publishing(tmp_path, "test", keep=True) as connection:
        lay(connection)
    with reading(tmp_path) as connection:
        rows = connection.execute("SELECT who, ts, kind, cat FROM events").fetchall()
        runs = partitions.runs_of(connection, "events")
        assert {(one.site, one.month.month) for one in runs if one.month} == {
            (site, month) for site in ("s0", "s1", "s2", None) for month in range(1, 13)
        }
        assert [one.first for one in runs] == [0, *(one.next for one in runs[:-1])]
        for run in runs:
            part = rows[run.first : run.next]
            assert part == sorted(part, key=lambda one: (one[2] is None, one[2] or "", one[3], one[0], one[1]))
        assert partitions.rows_of(connection, "events") == 400
    assert check(tmp_path) == 600


def test_parts_that_lie_well_are_taken_over(tmp_path: Path) -> None:
    make(tmp_path)
    for _ in range(2):
        with publishing(tmp_path, "test", keep=True) as connection:
            lay(connection)
    with publishing(tmp_path, "test", keep=True) as connection:
        assert partitions.untouched(connection, DIVIDED) == [(0, 400)]
        connection.execute("INSERT INTO events SELECT 'u1', TIMESTAMP '2026-12-24', 'a', i FROM range(9, 0, -1) t(i)")
        partitions.note_runs(connection, DIVIDED, 400)
        (*_, late) = partitions.runs_of(connection, "events")
        assert (late.site, str(late.month), late.first, late.next) == ("s1", "2026-12-01", 400, 409)
        (first, (after, end)) = partitions.untouched(connection, DIVIDED)
        before = connection.execute(f"SELECT * FROM events WHERE rowid < {first[1]}").fetchall()
        lay(connection)
        assert connection.execute(f"SELECT * FROM events WHERE rowid < {first[1]}").fetchall() == before
        (*_, last) = partitions.runs_of(connection, "events")
        assert (last.site, last.next, last.next - last.first) == ("s1", 409, after - first[1] + 9)
        assert end == 400
    assert check(tmp_path) == 618


def test_rows_of_nobody_go_to_their_site_once_it_is_known(tmp_path: Path) -> None:
    make(tmp_path)
    with publishing(tmp_path, "test", keep=True) as connection:
        lay(connection)
    with publishing(tmp_path, "test", keep=True) as connection:
        STEPS["come"](connection, 653)  # the one called u13, to s2
    before = check(tmp_path)
    with publishing(tmp_path, "test", keep=True) as connection:
        assert sum(after - first for first, after in partitions.untouched(connection, DIVIDED)) < 400
        lay(connection)
        assert partitions.untouched(connection, DIVIDED) == [(0, 400)]
    assert check(tmp_path) > before


def test_who_does_not_say_what_he_wrote_makes_nothing_of_it_hold(tmp_path: Path) -> None:
    make(tmp_path)
    with publishing(tmp_path, "test", keep=True) as connection:
        lay(connection)
        partitions.begin_writing(connection)  # as a writer who ends without end_writing
        partitions.begin_writing(connection)
    with reading(tmp_path) as connection:
        assert partitions.ranges_of(connection, "events", "who", SITES, "s1") is None
        assert partitions.layout_of(connection, "events") is None


def test_only_the_same_question_is_answered(tmp_path: Path) -> None:
    make(tmp_path)
    with publishing(tmp_path, "test", keep=True) as connection:
        lay(connection)
    with reading(tmp_path) as connection:
        assert partitions.ranges_of(connection, "EVENTS", "who", SITES, "s1") is not None
        assert partitions.ranges_of(connection, "users", "who", SITES, "s1") is None
        assert partitions.ranges_of(connection, "events", "kind", SITES, "s1") is None
        assert partitions.ranges_of(connection, "events", "who", replace(SITES, column="country"), "s1") is None


def test_rows_out_of_order_are_not_told_as_if_they_lay_so(tmp_path: Path) -> None:
    make(tmp_path)
    with publishing(tmp_path, "test", keep=True) as connection:
        lay(connection)
        add_unsorted(connection, 5)
        with pytest.raises(EngineError, match="do not lie as they were written"):
            partitions.note_runs(connection, DIVIDED, 400)


def test_many_ranges_become_few() -> None:
    ranges = [(10 * place, 10 * place + 5 + place % 3) for place in range(20)] + [(1000, END)]
    few = partitions._fewer(ranges)
    assert len(few) == MOST_RANGES
    assert few[-1] == (1000, END)
    assert all(any(low <= first and after <= high for low, high in few) for first, after in ranges)
