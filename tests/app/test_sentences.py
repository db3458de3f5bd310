"""What the engine says of a rule, of data and of deliveries is there in every language."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from app.i18n import LANGUAGES, Words
from app.sentences import translated
from engine.domain.audience_codec import read_audience
from engine.domain.check import problems
from engine.errors import EngineError
from engine.identity.quality import SAID as UNUSABLE
from tests.support.canvases import SMALL
from tests.support.sentences import said

OTHERS = [language for language in LANGUAGES if language != "en"]
SEEN = [{"name": "v", "did": "view"}, {"did": "purchase", "same": [{"property": "amount", "as": "v.category"}]}]
BROKEN: list[dict[str, Any]] = [
    {"trait": "gone", "gte": 1},
    {"trait": "agee", "gte": 1},
    {"did": "nothing"},
    {"did": "purchase", "where": [{"property": "colour", "eq": "red"}]},
    {"has": "nothing"},
    {"audience": "nobody"},
    {"list": "nothing"},
    {"trait": "age", "contains": "x"},
    {"trait": "vip", "gte": 3},
    {"trait": "state", "within_last": "7d"},
    {"trait": "age", "eq": "x"},
    {"trait": "state", "eq": 3},
    {"did": "purchase", "where": [{"property": "category", "gt": "a", "lt": 3}]},
    {"did": "purchase", "where": [{"property": "category", "within_last": "7d"}]},
    {"did": "purchase", "where": [{"property": "category", "eq": 7}]},
    {"did": "purchase", "measure": {"sum": "category"}, "gte": 3},
    {"did": "purchase", "measure": {"max": "amount"}, "eq": "x"},
]
SAID = [
    "times have no zone and are read as UTC",
    "orphans: their profile is not in the profile table",
    "events.ts has no time zone: it is read as UTC unless the model says otherwise",
    "only 2 people would be there, fewer than 3",
    "3 of 7 people would be removed, more than 30 %; to let it happen: convoke sync sp --allow-removals",
    'it differs from "sp", which is there too, by 1 people, fewer than 3',
    '"vip" cannot be deleted, because user refers to it',
    "audiences refer to each other in a circle: a → b → a",
]


@pytest.mark.parametrize("language", OTHERS)
def test_every_problem_of_a_rule_is_said_in_the_readers_language(language: str) -> None:
    words, checked = Words(language), 0
    for rule in BROKEN:
        try:
            audience = read_audience({"kind": "audience", "id": "a", "name": "a", "rule": rule})
        except EngineError:  # it cannot even be read; the canvas cannot make it
            continue
        for error in problems(audience, SMALL, ["a"], []):
            checked += 1
            assert translated(error.message, language) is not None, error.message
            assert error.hint is None or translated(error.hint, language) is not None, error.hint
            assert error.message not in words.error(error)
    assert checked >= 12


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("sentence", SAID)
def test_findings_and_guards_too(sentence: str, language: str) -> None:
    found = translated(sentence, language)
    assert found is not None
    assert found != sentence
    for number in ("30", "UTC", "sp", "vip"):
        assert (number in sentence) == (number in found)


@pytest.mark.parametrize("language", OTHERS)
def test_why_values_name_nobody_too(language: str) -> None:
    sentences = [one.format(kind="phone", count=12, all=3_400) for one in UNUSABLE.values()]
    assert [one for one in sentences if translated(one, language) is None] == []
    assert len(sentences) == 7


def test_every_sentence_in_the_engines_source_is_there() -> None:
    text = files("resources").joinpath("translations", "sentences.json").read_text(encoding="utf-8")
    known, engine = json.loads(text), said()
    assert len(engine) > 400
    assert {sentence: place for sentence, place in engine.items() if sentence not in known} == {}


def test_templates_have_the_same_places_in_every_language() -> None:
    text = files("resources").joinpath("translations", "sentences.json").read_text(encoding="utf-8")
    templates = json.loads(text)
    assert len(templates) > 100
    for english, others in templates.items():
        assert set(others) == set(OTHERS), english
        for other in others.values():
            least = 0 if "convoke" in english else english.count("{}")
            assert other.count("{}") in (english.count("{}"), least), english


def test_what_is_filled_in_is_translated_unless_it_is_the_readers_own() -> None:
    said_of_a_file = "in sp.yaml: rule must be a list, not nothing"
    assert translated(said_of_a_file, "es") == "en sp.yaml: rule debe ser una lista, no nada"
    assert translated('there is no time zone "nothing"', "es") == 'no existe la zona horaria "nothing"'
    assert translated("Write {list: do-not-contact}.", "pt_BR") == "Escreva {list: do-not-contact}."


def test_what_is_not_known_stays_behind_its_kind() -> None:
    error = EngineError("store", "something nobody thought of", "here", "Do this.")
    assert Words("en").error(error) == str(error)
    for language in OTHERS:
        words = Words(language)
        assert words.error(error) == f"{words('error.store')}: {error}"
        assert words.sentence("something nobody thought of") == "something nobody thought of"
