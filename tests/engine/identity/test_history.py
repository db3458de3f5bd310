"""What became of ids and households is told with time, why and by which identifiers; erased ones leave it too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.identity.history import JOINED_REASON, LEFT_REASON, Step
from engine.operations import Workspace
from tests.engine.operations.test_increment import GROWING, rows
from tests.support.people import DOCUMENT, PEOPLE, Row, make, persons, publish

KEYS = [row[0] for row in PEOPLE]
TABLET: Row = ("carla-1", None, None, "tablet-77")
APART = [(*one[:2], "111.444.777-35", one[3]) if one[0] == "carla-1" else one for one in PEOPLE]
"""Carla has a tax number too, so that a tablet makes nobody one with her."""
KINDS = DOCUMENT["kinds"] | {"device": {"links": 20}}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with make(tmp_path, document=DOCUMENT | {"kinds": KINDS}) as made:
        operations.run_identity(made)
        yield made


def history(workspace: Workspace, whom: str) -> tuple[Step, ...]:
    return operations.find_person(workspace, whom).history


def hashed(workspace: Workspace, kind: str, value: str) -> str | None:
    return operations.resolve_identifiers(workspace, [(kind, value)])[0].identifier


def put(workspace: Workspace, people: list[Row]) -> None:
    publish(workspace.folder.parent, people)
    workspace.reload()
    operations.run_identity(workspace, even_if_red=True)


def test_a_merge_names_the_link_that_holds_them_together(workspace: Workspace) -> None:
    before = persons(workspace, KEYS)
    assert history(workspace, "profile:carla-1") == ()
    put(workspace, [*PEOPLE, ("carla-1", "bruno@mail.com", None, None)])
    (step,) = [one for one in history(workspace, "profile:carla-1") if one.what == "merged"]
    assert {step.id, step.other} == {before["carla-1"], before["bruno-1"]}
    assert (step.run, step.reason) == (2, "they share an identifier now")
    ends = {hashed(workspace, "profile", "carla-1"), hashed(workspace, "email", "bruno@mail.com")}
    assert set(step.evidence) == ends
    assert step.at.startswith("20")


def test_who_moves_into_a_household_and_out_again_is_told(workspace: Workspace) -> None:
    put(workspace, APART)
    put(workspace, [*APART, TABLET])
    moved = [step for one in ("ana-1", "bruno-1", "carla-1") for step in history(workspace, f"profile:{one}")]
    assert moved
    carla = operations.find_person(workspace, "profile:carla-1")
    assert carla.household == operations.find_person(workspace, "profile:ana-1").household
    tablet = hashed(workspace, "device", "tablet-77")
    assert {(step.what, step.other, step.evidence) for step in moved} == {("rehoused", carla.household, (tablet,))}
    put(workspace, APART)
    left = [step for one in ("ana-1", "bruno-1", "carla-1") for step in history(workspace, f"profile:{one}")][-1]
    assert (left.run, left.what) == (4, "rehoused")
    last = [step for step in moved if step.id == carla.id]
    if last:  # she was not the household's first person
        assert (left.other, left.reason, left.evidence) == (carla.id, LEFT_REASON, ())
        assert last[0].reason == JOINED_REASON


def test_a_cut_is_told_with_its_reason_and_the_link_that_was_cut(workspace: Workspace) -> None:
    operations.cut_identifiers(workspace, "profile:ana-2", "profile:ana-3", "a phone that was sold")
    (step,) = [one for one in history(workspace, "profile:ana-1") if one.what == "split"]
    assert (step.reason, step.run) == ("a phone that was sold", 2)
    now = persons(workspace, KEYS)
    assert {step.id, step.other} == {now["ana-2"], now["ana-3"]}
    sides = {operations.resolve_identifiers(workspace, [(one.split(":")[0], one)])[0].person for one in step.evidence}
    assert sides == {step.id, step.other}, "a link between the two, which holds no longer"


def test_new_rows_alone_tell_what_everybody_anew_tells(tmp_path: Path) -> None:
    told = []
    for name in ("grown", "anew"):
        with make(tmp_path / name) as made:
            rows(tmp_path / name, APART)
            made.reload()
            operations.apply_identity_text(made, dump_yaml(GROWING | {"kinds": KINDS}))
            operations.run_identity(made)
            rows(tmp_path / name, [*APART, TABLET])
            made.reload()
            assert operations.run_identity(made, everything=name == "anew").increment == (name == "grown")
            ids = {person: key for key, person in persons(made, KEYS).items()}
            steps = {step for key in KEYS for step in history(made, f"profile:{key}")}
            told.append({(step.what, ids[step.id]) for step in steps if step.reason == JOINED_REASON})
            kinds = {one.split(":")[0] for step in steps for one in step.evidence}
            assert kinds == {"device"}, "the tablet speaks for all of them"
    assert all(told)


def test_an_erased_identifier_leaves_what_is_told_too(workspace: Workspace) -> None:
    put(workspace, APART)
    put(workspace, [*APART, TABLET])
    operations.forget_person(workspace, "profile:bruno-1")
    assert "rehoused" in {step.what for one in ("ana-1", "carla-1") for step in history(workspace, f"profile:{one}")}
    for path in (workspace.folder / "identity").glob("map-*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as found:
            assert not found.execute(
                "SELECT * FROM changes WHERE first NOT IN (SELECT high FROM identifiers) "
                "OR second NOT IN (SELECT high FROM identifiers)"
            ).fetchall()


def test_another_pepper_keeps_what_speaks_for_a_change(workspace: Workspace) -> None:
    put(workspace, [*PEOPLE, ("carla-1", "bruno@mail.com", None, None)])
    before = history(workspace, "profile:carla-1")
    operations.rotate_pepper(workspace)
    after = history(workspace, "profile:carla-1")
    assert [(one.what, one.id, one.at) for one in after] == [(one.what, one.id, one.at) for one in before]
    merged = next(one for one in after if one.what == "merged")
    assert set(merged.evidence) == {
        hashed(workspace, "profile", "carla-1"),
        hashed(workspace, "email", "bruno@mail.com"),
    }
    assert set(merged.evidence).isdisjoint(next(one for one in before if one.what == "merged").evidence)


def test_a_map_of_before_evidence_was_kept_is_taken_over(tmp_path: Path) -> None:
    with make(tmp_path) as made:
        rows(tmp_path, PEOPLE)
        made.reload()
        operations.apply_identity_text(made, dump_yaml(GROWING))
        operations.run_identity(made)
        (path,) = (made.folder / "identity").glob("map-*.duckdb")
        with duckdb.connect(str(path)) as found:
            found.execute("ALTER TABLE changes DROP COLUMN first")
            found.execute("ALTER TABLE changes DROP COLUMN second")
            person = persons(made, ["ana-1"])["ana-1"]
            found.execute("INSERT INTO changes VALUES (1, '2026-01-01T00:00:00Z', 'merged', 'p0', ?, 'once')", [person])
        made.reload()
        assert [(one.id, one.evidence) for one in history(made, "profile:ana-1")] == [("p0", ())]
        rows(tmp_path, [*PEOPLE, TABLET])
        made.reload()
        assert operations.run_identity(made).increment
        assert "p0" in {one.id for one in history(made, "profile:ana-1")}
