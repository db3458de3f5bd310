"""A part put together anew is what all of it put together anew would be, and nobody else is touched."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.identity import IdentityDocument, Kind
from engine.identity.graph import U64
from engine.identity.linking import NO_TIME
from engine.identity.mending import Part, mended
from engine.identity.records import Hashed
from engine.identity.resolving import Candidate, Decisions, candidate, gathered
from engine.identity.stability import EMPTY, as_known

DOCUMENT = IdentityDocument(
    "p", "p", (Kind("profile", "text", most=3), Kind("cpf", "cpf", most=1), Kind("email", "email", links=4))
)
records = st.lists(
    st.tuples(
        st.integers(1, 8), st.one_of(st.just(0), st.integers(11, 14)), st.one_of(st.just(0), st.integers(21, 26))
    ),
    min_size=1,
    max_size=25,
)


def slices(rows: list[tuple[int, ...]]) -> list[Hashed]:
    table = np.array(rows, dtype=np.uint64)
    high: dict[int, U64] = {kind: table[:, kind] for kind in range(3)}
    return [Hashed(0, high, high, np.full(len(rows), NO_TIME))]


def groups(found: Candidate) -> set[frozenset[int]]:
    by: dict[int, set[int]] = {}
    for node, person in zip(found.graph.high.tolist(), found.persons.person.tolist(), strict=True):
        by.setdefault(person, set()).add(node)
    return {frozenset(one) for one in by.values()}


@given(records, st.data())
def test_a_part_anew_is_the_whole_anew(rows: list[tuple[int, ...]], data: st.DataObject) -> None:
    graph = gathered(DOCUMENT, slices(rows))
    before = candidate(DOCUMENT, graph, Decisions(), EMPTY, 1)
    known = as_known(before.graph.high, before.persons.person, before.names)
    nodes = sorted(graph.high.tolist())
    one = data.draw(st.sampled_from(nodes))
    other = data.draw(st.sampled_from(nodes))
    what = data.draw(st.sampled_from(["block", "apart", "together"])) if one != other else "block"
    said = Decisions(
        together=((one, other),) if what == "together" else (),
        apart=((one, other),) if what == "apart" else (),
        blocked=(one,) if what == "block" else (),
    )
    part = mended(DOCUMENT, before, said, Part([one, other] if what != "block" else [one], 2))
    whole = candidate(DOCUMENT, graph, said, known, 2)
    assert groups(part.whole) == groups(whole)
    assert len(set(part.whole.names.ids)) == part.whole.persons.count
    ids = {
        node: before.names.ids[person]
        for node, person in zip(before.graph.high.tolist(), before.persons.person.tolist(), strict=True)
    }
    touched = {node for node in nodes if ids[node] in {person for *_, person in part.before}}
    for node, person in zip(part.whole.graph.high.tolist(), part.whole.persons.person.tolist(), strict=True):
        if node not in touched:
            assert part.whole.names.ids[person] == ids[node]
    again = mended(
        DOCUMENT,
        Candidate(graph, part.whole.persons, part.whole.names, part.whole.home) if what != "together" else part.whole,
        Decisions(),
        Part([one, other], 3, {}, {high: person for _, high, _, person in part.before}),
    )
    if what != "together":
        assert groups(again.whole) == groups(before)
