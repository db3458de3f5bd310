"""Waterfall, near misses, intersections, reach, composition and thresholds against plain Python over member keys."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import operations
from engine.operations import Workspace

AS_OF = datetime(2026, 6, 15, 12, tzinfo=UTC)
PARTS: list[dict[str, Any]] = [
    {"trait": "age", "between": [25, 60]},
    {"not": {"did": "purchase", "within": "60d"}},
    {"any": [{"trait": "gender", "eq": "female"}, {"trait": "loyalty_level", "gte": 4}]},
    {"trait": "uses_app", "eq": True},
]


def keys(workspace: Workspace, rule: Any) -> set[Any]:
    from engine.operations.looking import subject

    one = subject(workspace, {"kind": "audience", "id": "x", "rule": rule}, AS_OF)
    return set(one.context.evaluator.members(one.audience, one.sites).tolist())


def document(step: str) -> dict[str, Any]:
    return {"kind": "audience", "id": "x", "rule": {step: PARTS}}


@pytest.mark.parametrize("step", ["all", "any"])
def test_parts_are_those_of_sets(step: str, demo: Workspace) -> None:
    found = operations.insights(demo, document(step), as_of=AS_OF)
    sets = [keys(demo, part) for part in PARTS]
    everyone = keys(demo, {"all": []})
    whole = set.intersection(*sets) if step == "all" else set.union(*sets)
    assert (found.size, found.base, found.every) == (len(whole), len(everyone), step == "all")
    running = set(everyone) if step == "all" else set()
    for i, (part, own) in enumerate(zip(found.parts, sets, strict=True)):
        rest = [s for j, s in enumerate(sets) if j != i]
        running = running & own if step == "all" else running | own
        only = set.intersection(*rest) - own if step == "all" else own - set.union(*rest)
        assert (part.path, part.size, part.after, part.only) == (
            f"rule.{step}[{i}]",
            len(own),
            len(running),
            len(only),
        )
    cells = Counter(tuple(i for i, s in enumerate(sets) if key in s) for key in everyone)
    del cells[()]
    assert {c.parts: c.size for c in found.combinations} == dict(cells.most_common(12))
    assert found.left_out == max(0, len(cells) - 12)


def test_muted_parts_are_left_out(demo: Workspace) -> None:
    rule = {"all": [PARTS[0], PARTS[3] | {"muted": True}]}
    found = operations.insights(demo, {"kind": "audience", "id": "x", "rule": rule}, as_of=AS_OF)
    assert [part.path for part in found.parts] == ["rule.all[0]"]
    assert operations.insights(demo, {"kind": "audience", "id": "x", "rule": {"all": []}}).parts == ()


def test_reach(demo: Workspace) -> None:
    found = operations.reachable(demo, document("all"), as_of=AS_OF)
    members = keys(demo, {"all": PARTS})
    rows = demo.warehouse.rows("SELECT DISTINCT user_id FROM user_emails WHERE email IS NOT NULL")
    email = {row[0] for row in rows}
    rows = demo.warehouse.rows("SELECT user_id FROM consents WHERE profiling")
    profiling = {row[0] for row in rows}
    assert found.size == len(members)
    assert found.identifiers["email"] == len(members & email)
    assert found.consents["profiling"] == len(members & profiling)
    assert found.both["email"]["profiling"] == len(members & email & profiling)


@pytest.mark.parametrize("trait", ["gender", "uses_app", "age", "registered_at"])
def test_composition_counts_everyone_once(trait: str, demo: Workspace) -> None:
    found = operations.breakdown(demo, document("all"), trait, as_of=AS_OF)
    members = keys(demo, {"all": PARTS})
    assert found.size == len(members)
    assert found.base == len(keys(demo, {"all": []}))
    if trait in ("age", "registered_at"):
        assert sum(s.members for s in found.shares) == found.size
        assert sum(s.base for s in found.shares) == found.base
        return
    for one in found.shares:
        node = {"trait": trait, "is_set": False} if one.value is None else {"trait": trait, "eq": one.value}
        everywhere = keys(demo, node)
        assert (one.members, one.base) == (len(everywhere & members), len(everywhere))
        assert one.index == pytest.approx(100 * (one.members / found.size) / (one.base / found.base))
        assert (one.low_index or 0) < (one.index or 0) < (one.high_index or 0)


AGE = {"trait": "age", "gte": 40}
PLACES: list[tuple[str, Any]] = [
    ("rule", AGE),
    ("rule.all[1]", {"all": [PARTS[3], AGE, PARTS[1]]}),
    ("rule.any[1]", {"any": [PARTS[3], AGE]}),
    ("rule.not", {"not": AGE}),
    ("rule.all[1].not.any[0]", {"all": [PARTS[3], {"not": {"any": [AGE, PARTS[1]]}}]}),
    ("rule.any[0].all[0]", {"any": [{"all": [AGE, PARTS[3]]}, {"all": [{"trait": "age", "gte": 60}, PARTS[1]]}]}),
]


@pytest.mark.parametrize("top", [None, {"n": 100, "by": {"trait": "age"}}])
@pytest.mark.parametrize(("path", "rule"), PLACES, ids=[path for path, _ in PLACES])
def test_thresholds_are_the_sizes_of_the_changed_rules(path: str, rule: Any, top: Any, demo: Workspace) -> None:
    """Wherever the condition stands: below ANY, below `not`, with a `top` for each site."""
    written = {"kind": "audience", "id": "x", "rule": rule} | ({} if top is None else {"top": top})
    found = operations.thresholds(demo, written, path, as_of=AS_OF)
    assert len(found.thresholds) > 20
    for name in ("lt", "lte", "gt", "gte"):
        for number in range(0, len(found.thresholds), 13):
            changed = replaced(rule, {"trait": "age", name: found.thresholds[number]})
            size = operations.size_document(demo, written | {"rule": changed}, as_of=AS_OF).size
            assert found.sizes[name][number] == size, (name, found.thresholds[number])


def replaced(node: Any, by: Any) -> Any:
    """A rule with another condition in the place of AGE."""
    if node is AGE:
        return by
    if isinstance(node, dict):
        return {key: replaced(value, by) for key, value in node.items()}
    return [replaced(one, by) for one in node] if isinstance(node, list) else node


def test_thresholds_of_times(demo: Workspace) -> None:
    rule = {"all": [{"trait": "registered_at", "gte": "2025-01-01"}, PARTS[0]]}
    found = operations.thresholds(demo, {"kind": "audience", "id": "x", "rule": rule}, "rule.all[0]", as_of=AS_OF)
    for number in range(0, len(found.thresholds), 37):
        day = found.thresholds[number]
        assert len(day) == 10
        for name in ("lt", "lte", "gt", "gte"):  # nine sites in seven zones: their days begin at other moments
            members = keys(demo, {"all": [{"trait": "registered_at", name: day}, PARTS[0]]})
            assert found.sizes[name][number] == len(members), (name, day)


def test_overlap(demo: Workspace) -> None:
    found = {one.id: one for one in operations.overlap(demo, document("all"), as_of=AS_OF)}
    members = keys(demo, {"all": PARTS})
    for identifier in ("lapsed-buyers", "loyal-gold"):
        other = set(operations.members(demo, [identifier], as_of=AS_OF)[0].keys)
        assert (found[identifier].size, found[identifier].both) == (len(other), len(other & members))


def test_past_sizes_are_sizes_then(demo: Workspace) -> None:
    rule = {"did": "purchase", "within": "7d"}
    now, _, then = operations.past_sizes(demo, {"kind": "audience", "id": "x", "rule": rule}, 2, as_of=AS_OF)
    for one in (now, then):
        document_ = {"kind": "audience", "id": "x", "rule": rule}
        assert one.size == operations.size_document(demo, document_, as_of=one.as_of).size
    assert (now.as_of - then.as_of).days == 2


def test_a_few_members_are_masked(demo: Workspace) -> None:
    found = operations.sample_members(demo, document("all"), 5, as_of=AS_OF)
    members = keys(demo, {"all": PARTS})
    assert len({row.key for row in found} & members) == 5
    for row in found:
        assert str(row.key) not in row.as_json()["member"]
        assert {"age", "gender", "loyalty_level", "uses_app"} <= set(row.traits)
    nobody = {"kind": "audience", "id": "x", "rule": {"any": []}}
    assert operations.sample_members(demo, nobody) == []


def test_what_cannot_be_looked_into_is_said(demo: Workspace, tmp_path: Path) -> None:
    from engine.errors import EngineError

    with pytest.raises(EngineError, match='no trait "agee"'):
        operations.breakdown(demo, document("all"), "agee")
    with pytest.raises(EngineError, match="no trait condition"):
        operations.thresholds(demo, document("all"), "rule.all[2]")
    with pytest.raises(EngineError, match="no thresholds"):
        operations.thresholds(demo, document("all"), "rule.all[3]")
