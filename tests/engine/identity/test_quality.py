"""The checks: each can be red, and says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.domain.identity import IdentityDocument, Kind, Quality
from engine.identity.candidates import Candidate
from engine.identity.linking import NO_TIME
from engine.identity.quality import Pair, added, checked, measured, shape_of, unusable_in, value_checks, wilson
from engine.identity.records import Hashed
from engine.identity.resolving import Decisions, candidate, gathered
from engine.identity.stability import EMPTY

DOCUMENT = IdentityDocument("p", "p", (Kind("profile", "text"), Kind("email", "email")), quality=Quality(5, 20, 50, 90))


def found(links: list[tuple[int, int]]) -> Candidate:
    table = np.array(links, dtype=np.uint64)
    halves = {0: table[:, 0], 1: table[:, 1]}
    return candidate(
        DOCUMENT, gathered(DOCUMENT, [Hashed(0, halves, halves, np.full(len(links), NO_TIME))]), Decisions(), EMPTY, 1
    )


def states(
    one: Candidate, before: dict[str, int] | None = None, gone: int = 0, pairs: list[Pair] | None = None
) -> dict[str, str]:
    return {check.name: check.state for check in checked(DOCUMENT, shape_of(one), before, gone, pairs or [])}


def test_each_check_can_be_red() -> None:
    good = found([(1, 11), (2, 12)])
    assert states(good) == {"uniqueness": "green", "consistency": "green", "size tail": "green", "accuracy": "yellow"}
    assert states(found([(i, 11) for i in range(1, 6)]))["size tail"] == "red"
    twice = replace(good, names=replace(good.names, ids=("pa", "pa")))
    assert states(twice)["uniqueness"] == "red"
    over = IdentityDocument("p", "p", (Kind("profile", "text", most=1), Kind("email", "email")))
    together = found([(1, 11), (2, 11)])
    assert [one.state for one in checked(over, shape_of(together), None, 0, []) if one.name == "consistency"] == ["red"]
    before = {"persons": 200, "quarantined": 10}
    assert states(good, before, gone=10)["churn"] == "green"
    assert states(good, before, gone=50)["churn"] == "red"
    assert states(good, before)["quarantine"] == "green"
    right = [Pair(1, 11, True)] * 40
    assert states(good, pairs=right)["accuracy"] == "green"
    assert states(good, pairs=right + [Pair(2, 12, False)] * 20)["accuracy"] == "red"
    assert states(good, pairs=[Pair(1, 99, True)])["accuracy"] == "yellow", "who is not there says nothing"
    assert measured(shape_of(good))["persons"] == 2


def test_wilsons_interval() -> None:
    low, up = wilson(81, 263)  # the example of Newcombe (1998), method 3
    assert (round(low, 4), round(up, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 20)[0] == 0.0


def test_values_that_name_nobody_are_told_by_kind_and_reason_and_never_hold_a_map_back() -> None:
    read = {
        "email": {"values": 2_000, "form": 3, "country": 1, "length": 2, "check": 4, "placeholder": 500, "blocked": 1}
    }
    unusable = unusable_in(DOCUMENT, shape_of(found([(1, 11), (2, 12)])), read)
    assert unusable["email"] == {**read["email"], "different": 2}
    assert unusable["profile"] == {"values": 0, "different": 2}
    told = value_checks({"email": {**unusable["email"], "shared": 1}})
    assert [one.state for one in told] == ["green"] * 4 + ["yellow", "green", "yellow"]
    assert told[4].sentence == "email: 500 of 2,000 values stand for no value"
    assert added(read, {"email": {"values": 10, "form": 1}, "phone": {"values": 1}})["email"]["form"] == 4
