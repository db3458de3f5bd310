"""Rules survive writing and reading; hashes see through form; edits and descriptions work for any rule."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain import edit
from engine.domain.audience_codec import read_audience, write_audience
from engine.domain.canonical import canonical, canonical_json, exact_number, rule_hash
from engine.domain.check import check_operator
from engine.domain.describe import Describer
from engine.domain.diff import diff_rules
from engine.domain.documents import dump_yaml, load_one
from engine.domain.edit import Place
from engine.domain.phrases import LANGUAGES
from engine.domain.rule import All, AnyOf, Node, Not, TraitIs
from engine.domain.rule_codec import read_rule
from engine.domain.rule_writing import write_rule
from engine.domain.schema import audience_schema
from engine.domain.values import ValueType
from engine.errors import EngineError
from tests.support.equivalence import make_world
from tests.support.rules import RuleMaker

_MADE = make_world(Random(3))


def some_rule(rng: Random) -> Node:
    return read_rule(load_one(dump_yaml(RuleMaker(rng, _MADE).rule())))


def places(node: Node, place: Place = ()) -> list[Place]:
    found = [place]
    kids = node.children if isinstance(node, All | AnyOf) else (node.child,) if isinstance(node, Not) else ()
    for i, kid in enumerate(kids):
        found += places(kid, (*place, i))
    return found


rules = st.randoms(use_true_random=False).map(some_rule)


@settings(max_examples=30)
@given(rules)
def test_writing_and_reading_give_the_same_rule(rule: Node) -> None:
    again = read_rule(load_one(dump_yaml(write_rule(rule))))
    assert again == rule
    assert rule_hash(again) == rule_hash(rule)


@settings(max_examples=30)
@given(rules, rules)
def test_the_hash_sees_through_form(a: Node, b: Node) -> None:
    assert rule_hash(All((a, b))) == rule_hash(All((b, All((a,)))))
    assert rule_hash(Not(Not(a))) == rule_hash(All((a,)))
    assert rule_hash(AnyOf((a, a, b))) == rule_hash(AnyOf((b, AnyOf((a,)))))


def test_the_canonical_form_is_the_one_of_the_rules() -> None:
    def form(plain: Any) -> str:
        return canonical_json(canonical(read_rule(plain)))

    assert form({"trait": "a", "neq": 1}) == '{"not":{"eq":1,"trait":"a"}}'
    assert form({"not": {"trait": "a", "not_in": ["b", "a", "b"]}}) == '{"in":["a","b"],"trait":"a"}'
    assert form({"trait": "n", "in": [10, 9, 10]}) == '{"in":[9,10],"trait":"n"}'
    assert form({"did": "buy"}) == form({"did": "buy", "times": {"gte": 1}, "where": [], "note": "x"})
    assert form({"did": "buy", "times": 3}) == '{"did":"buy","times":{"eq":3}}'
    assert form({"all": [{"trait": "a", "eq": 1, "muted": True}]}) == '{"all":[]}'
    near = [Decimal("0.123456789012345678"), Decimal("0.123456789012345679")]  # one float
    assert form({"trait": "n", "in": [near[1], near[0]]}) == f'{{"in":[{near[0]},{near[1]}],"trait":"n"}}'
    assert form({"any": [{"trait": "n", "eq": one} for one in near]}).count("eq") == 2
    assert form({"trait": "n", "eq": Decimal("2.50")}) == '{"eq":2.5,"trait":"n"}'
    text = canonical_json({"near": near, "short": Decimal("19.90"), "whole": Decimal("1E+20")})
    assert json.loads(text, parse_float=exact_number) == {"near": near, "short": 19.9, "whole": 10**20}


@settings(max_examples=30)
@given(rules, st.randoms(use_true_random=False))
def test_edits_give_new_trees_and_leave_the_old_one(rule: Node, rng: Random) -> None:
    written = write_rule(rule)
    for place in places(rule):
        edit.negate(rule, place)
        edit.mute(rule, place, True)
        edit.wrap(rule, place, "any")
        assert edit.at(edit.put(rule, place, All()), place) == All()
        edit.duplicate(rule, place)
        edit.remove(rule, place)
        assert edit.unwrap(edit.wrap(rule, place, "all"), place) == rule
        here = edit.at(rule, place)
        once = edit.negate(rule, place)
        if isinstance(here, Not):
            assert edit.at(once, place) == here.child
        else:
            assert edit.at(once, place) == Not(here)
            assert edit.negate(once, place) == rule
    groups = [p for p in places(rule) if isinstance(edit.at(rule, p), All | AnyOf)]
    for group in groups:
        inserted = edit.insert(rule, group, 0, All(note="new"))
        assert edit.remove(inserted, (*group, 0)) == rule
        for source in places(rule):
            if source and group[: len(source)] != source:
                _check_move(rule, source, group, rng)
    assert write_rule(rule) == written


def _check_move(rule: Node, source: Place, group: Place, rng: Random) -> None:
    node = edit.at(rule, source)
    count = len(edit.at(rule, group).children)  # type: ignore[union-attr]
    try:
        moved = edit.move(rule, source, group, rng.randint(0, count))
    except EngineError:
        return
    kept = [sum(not isinstance(edit.at(tree, p), Not) for p in places(tree)) for tree in (rule, moved)]
    assert kept[0] == kept[1]
    assert node in [edit.at(moved, p) for p in places(moved)]


@settings(max_examples=30)
@given(rules)
def test_any_rule_has_a_sentence_in_each_language(rule: Node) -> None:
    sentences = [Describer(language, _MADE.model).rule(rule) for language in LANGUAGES]
    for sentence in sentences:
        assert sentence.endswith(".")
        assert "{" not in sentence
    assert "\n\n" not in sentences[0]


@settings(max_examples=30)
@given(rules, rules)
def test_a_diff_is_empty_only_for_equal_rules(a: Node, b: Node) -> None:
    assert diff_rules(a, a) == []
    assert (diff_rules(a, b) == []) == (a == b)


@settings(max_examples=30)
@given(rules)
def test_the_schema_admits_what_the_codec_reads(rule: Node) -> None:
    import jsonschema

    document = json.loads(canonical_json({"kind": "audience", "id": "x", "name": "X", "rule": write_rule(rule)}))
    jsonschema.Draft202012Validator(audience_schema()).validate(document)
    assert write_audience(read_audience(load_one(json.dumps(document))))["id"] == "x"


def test_sentences_people_would_say() -> None:
    rule = read_rule(
        {
            "all": [
                {"trait": "state", "in": ["SP", "RJ"]},
                {
                    "did": "purchase",
                    "where": [{"property": "category", "eq": "phones"}],
                    "times": {"gte": 2},
                    "within": "90d",
                },
                {"not": {"audience": "fraud-watch"}},
            ]
        }
    )
    assert Describer("en").rule(rule) == (
        "People for whom state is one of “SP”, “RJ” and “purchase” happened at least 2 times with category is “phones” "
        "in the last 90 days and not (they are in audience “fraud-watch”)."
    )
    assert Describer("pt_BR").rule(rule).startswith("Pessoas para as quais state é um de")
    assert Describer("es").rule(AnyOf()) == "Nadie."


def test_numbers_are_written_out() -> None:
    rule = read_rule({"trait": "n", "in": [Decimal("1E+20"), Decimal("1.50"), Decimal("1E-3")]})
    assert isinstance(rule, TraitIs)
    assert [str(v) for v in rule.operator.values] == ["100000000000000000000", "1.50", "0.001"]  # type: ignore[union-attr]


@pytest.mark.parametrize("large", [10**28, Decimal("1E+28"), -(10**30), Decimal("1.5E+300"), 1e29])
def test_only_a_float_is_compared_with_a_very_large_number(large: Any) -> None:
    for plain in ({"trait": "n", "gte": large}, {"trait": "n", "in": [1, large]}):
        rule = read_rule(plain)
        assert isinstance(rule, TraitIs)
        check_operator(rule.operator, ValueType.FLOAT, "rule", "n")
        assert read_rule(load_one(dump_yaml(write_rule(rule)))) == rule
        for kind in (ValueType.INTEGER, ValueType.DECIMAL):
            with pytest.raises(EngineError, match=r"(gte|in) must be a finite number below 1e28") as error:
                check_operator(rule.operator, kind, "rule", "n")
            assert error.value.path == "rule"
    for plain in ({"did": "buy", "times": {"lt": large}}, {"did": "buy", "measure": {"distinct": "n"}, "lt": large}):
        with pytest.raises(EngineError, match="must be a finite number below 1e28"):
            read_rule(plain)
    for beyond in (10**309, Decimal("Infinity"), Decimal("NaN"), Decimal("2E+308")):
        with pytest.raises(EngineError, match="must be a finite number below 1e28"):
            read_rule({"trait": "n", "lt": beyond})
