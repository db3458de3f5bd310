"""A region put together anew is what everybody put together anew would be, nobody else is touched, and the files say so."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.identity import IdentityDocument, Kind
from engine.identity.arrays import U64
from engine.identity.candidates import Candidate, Graph
from engine.identity.index import Index, identifier_of
from engine.identity.linking import NO_TIME
from engine.identity.mending import Mended, Part, mended
from engine.identity.patching import Replacement, Taken, replace_region
from engine.identity.publication import Fresh, Map, Pointer, candidate_of, point_to, publish
from engine.identity.records import Hashed
from engine.identity.region import region_of
from engine.identity.resolving import Decisions, candidate, gathered
from engine.identity.stability import EMPTY, as_known

DOCUMENT = IdentityDocument(
    "p",
    "p",
    (Kind("profile", "text", most=3), Kind("cpf", "cpf", most=1), Kind("email", "email", links=4)),
    households=("email",),
)
Rows = list[tuple[int, ...]]
row = st.tuples(
    st.integers(1, 8), st.one_of(st.just(0), st.integers(11, 14)), st.one_of(st.just(0), st.integers(21, 26))
)
records = st.lists(row, min_size=1, max_size=25)
FIRST = Pointer(1, "now", "data", 1, 1)


def slices(rows: Rows, source: int = 0) -> list[Hashed]:
    table = np.array(rows, dtype=np.uint64).reshape(-1, 3)
    high: dict[int, U64] = {kind: table[:, kind] for kind in range(3)}
    return [Hashed(source, high, high, np.full(len(rows), NO_TIME))]


def keys_of(graph: Graph) -> pa.Table:
    high = graph.high[graph.kinds == 0]
    return pa.table({"key": [f"u{one}" for one in high.tolist()], "high": high})


def in_force(folder: Path, found: Candidate) -> Pointer:
    """The candidate's map, put in force."""
    keys = keys_of(found.graph)
    places = np.searchsorted(found.graph.high, np.asarray(keys.column("high")))
    profiles = keys.append_column("place", pa.array(found.persons.person[places].astype(np.int32)))
    names = [one.name for one in DOCUMENT.kinds], ["a", "b"]
    publish(folder, Fresh(found, FIRST, profiles, names))
    return FIRST


def changed(
    folder: Path,
    before: Pointer,
    said: Decisions,
    touched: list[int],
    more: Graph | None = None,
    former: dict[int, str] | None = None,
) -> tuple[Pointer, Mended]:
    """A region replaced."""
    fresh = replace(before, run=before.run + 1)
    with closing(Map(folder, before)) as found:
        region = region_of(found, np.array(touched, dtype=np.uint64), more, np.array(said.blocked, dtype=np.uint64))
        done = mended(DOCUMENT, region, said, Part(fresh.run, Taken(found, region), former or {}))
        replace_region(folder, before, fresh, Replacement(done, DOCUMENT, (), None if more is None else keys_of(more)))
    point_to(folder, fresh)
    return fresh, done


def told(found: Candidate) -> dict[str, object]:
    """Everything that a map says, however its persons are numbered."""
    ids, graph = found.names.ids, found.graph
    person = [ids[one] for one in found.persons.person.tolist()]
    links = zip(graph.first.tolist(), graph.second.tolist(), graph.kind.tolist(), found.refused.tolist(), strict=True)
    seen = zip(graph.evidence.records.tolist(), graph.evidence.sources.tolist(), strict=True)
    return {
        "persons": dict(zip(graph.high.tolist(), person, strict=True)),
        "aside": graph.high[found.persons.quarantined].tolist(),
        "links": sorted((*link, *said) for link, said in zip(links, seen, strict=True)),
        "homes": {one: ids[home] for one, home in zip(ids, found.home.tolist(), strict=True)},
    }


def on_disk(folder: Path, pointer: Pointer) -> dict[str, object]:
    """The same from the map, having seen that the index and the profile keys say it too."""
    with closing(Map(folder, pointer)) as found, closing(Index(folder / pointer.index)) as index:
        said = told(candidate_of(found, by_people=True))
        persons, homes = said["persons"], said["homes"]
        assert isinstance(persons, dict)
        assert isinstance(homes, dict)
        assert set(homes) == set(persons.values())
        for node, person in persons.items():
            assert index.person(identifier_of(node, node)) == person
        for one, home in homes.items():
            profile = index.profile(one)
            assert profile is not None
            assert (profile.id, profile.household) == (one, home)
            mine = {int.from_bytes(digest[:8], "big") for _, digest in profile.identifiers}
            assert mine == {node for node, person in persons.items() if person == one}
        for one, into in found.redirects().items():
            profile = index.profile(one)
            assert profile is not None
            assert profile.id == into
        assert dict(found.rows("SELECT key, person FROM profiles")) == {
            f"u{node}": person for node, person in persons.items() if node < 10
        }
    return said


@given(records, st.data())
@settings(max_examples=20, deadline=None)
def test_a_decision_changes_whom_it_touches_as_if_all_were_put_together_anew(rows: Rows, data: st.DataObject) -> None:
    graph = gathered(DOCUMENT, slices(rows))
    before = candidate(DOCUMENT, graph, Decisions(), EMPTY, 1)
    known = as_known(before.graph.high, before.persons.person, before.names)
    nodes = sorted(graph.high.tolist())
    one, other = data.draw(st.sampled_from(nodes)), data.draw(st.sampled_from(nodes))
    what = data.draw(st.sampled_from(["block", "apart", "together"])) if one != other else "block"
    said = Decisions(
        together=((one, other),) if what == "together" else (),
        apart=((one, other),) if what == "apart" else (),
        blocked=(one,) if what == "block" else (),
    )
    touched = [one] if what == "block" else [one, other]
    with TemporaryDirectory() as name:
        folder = Path(name)
        first = in_force(folder, before)
        was = on_disk(folder, first)
        second, done = changed(folder, first, said, touched)
        whole = told(candidate(DOCUMENT, graph, said, known, 2))
        assert on_disk(folder, second) == whole
        former = {high: person for _, high, _, person in done.before}
        third, _ = changed(folder, second, Decisions(), touched, former=former)
        assert on_disk(folder, third) == was


@given(records, st.lists(row, min_size=1, max_size=6), st.lists(row, min_size=1, max_size=4), st.data())
@settings(max_examples=20, deadline=None)
def test_new_records_alone_make_what_all_records_make(rows: Rows, more: Rows, again: Rows, data: st.DataObject) -> None:
    blocked = data.draw(st.lists(st.integers(21, 23), max_size=1))
    said = Decisions(blocked=tuple(blocked))
    before = candidate(DOCUMENT, gathered(DOCUMENT, slices(rows)), said, EMPTY, 1)
    with TemporaryDirectory() as name:
        pointer, every, known = in_force(Path(name), before), [*slices(rows)], before
        for run, part in enumerate((more, again), 2):
            fresh = gathered(DOCUMENT, slices(part, 1))
            every += slices(part, 1)
            pointer, _ = changed(Path(name), pointer, said, fresh.high.tolist(), fresh)
            before_ = as_known(known.graph.high, known.persons.person, known.names)
            known = candidate(DOCUMENT, gathered(DOCUMENT, every), said, before_, run)
            assert on_disk(Path(name), pointer) == told(known)


def test_the_files_in_force_are_left_alone(tmp_path: Path) -> None:
    before = candidate(DOCUMENT, gathered(DOCUMENT, slices([(1, 11, 21), (2, 0, 21)])), Decisions(), EMPTY, 1)
    pointer = in_force(tmp_path, before)
    shutil.copytree(tmp_path, tmp_path / "kept")
    with closing(Map(tmp_path, pointer)) as found:
        region = region_of(found, np.array([1, 2], dtype=np.uint64))
        done = mended(DOCUMENT, region, Decisions(apart=((1, 2),)), Part(2, Taken(found, region)))
        replace_region(tmp_path, pointer, replace(pointer, run=2), Replacement(done, DOCUMENT))
    for one in (pointer.map, pointer.index, "current.json"):
        assert (tmp_path / one).read_bytes() == (tmp_path / "kept" / one).read_bytes()
