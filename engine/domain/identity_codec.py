"""The identity document to and from plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.domain import reading
from engine.domain.audience_codec import read_id
from engine.domain.identity import (
    PROFILE,
    PROFILES,
    IdentityDocument,
    Kind,
    Manual,
    Probable,
    Quality,
    RecordSource,
    RuleSet,
)
from engine.domain.model_codec import read_source, write_source
from engine.domain.schedule import read_schedule, write_schedule
from engine.errors import nearest

COMPARISONS = ("name", "text", "email", "date", "exact")
DOCUMENTS = ("cpf", "cnpj", "rfc", "curp", "cuit", "cuil", "rut", "dni", "cedula", "nit", "ruc", "rif", "dui", "cui")
"""Normalisers of documents; engine.domain.national reads them."""
NEED_COUNTRY = frozenset({"phone", "rut", "dni", "cedula", "nit", "ruc"})
"""Normalisers that read a value by its country."""
NORMALISERS = ("email", "phone", *DOCUMENTS, "device", "cookie", "account", "partner", "text")
KEYS = (
    "kind",
    "id",
    "name",
    "tenant",
    "kinds",
    "sources",
    "rules",
    "manual",
    "households",
    "quality",
    "refresh",
    "probable",
)
KIND_KEYS = ("normaliser", "country", "blocked", "most", "within", "shared", "links")
SOURCE_KEYS = ("table", "sql", "where", "time", "watermark", "country", "identifiers")
MOST_KINDS, MOST_SOURCES = 60, 64
_IDENTIFIER = re.compile(r"[^:\s]{1,63}:[0-9a-f]{32}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_COUNTRY = re.compile(r"[A-Z]{2}")


def read_identity(value: Any) -> IdentityDocument:
    """The identity in a plain value; raises EngineError with the path of what is wrong."""
    found = reading.mapping(value, "", "the document")
    if found.get("kind") != "identity":
        raise reading.fail("kind", f"this is not an identity document: kind is {reading.shown(found.get('kind'))}")
    reading.known_keys(found, KEYS, "", "an identity document")
    hint = "Use lower-case letters, digits, - and _, at most 63, such as persons."
    identifier = read_id(found.get("id"), hint)
    kinds = _kinds(found.get("kinds"))
    names = [one.name for one in kinds]
    return IdentityDocument(
        identifier,
        reading.optional_text(found.get("name"), "name", "name") or identifier,
        kinds,
        reading.optional_text(found.get("tenant"), "tenant", "tenant") or "default",
        _sources(found.get("sources"), names),
        _rules(found.get("rules"), names),
        _manual(found.get("manual"), names),
        _names(found.get("households"), "households", names),
        _quality(found.get("quality")),
        read_schedule(found.get("refresh")),
        None if found.get("probable") is None else _probable(found["probable"]),
    )


def _kinds(value: Any) -> tuple[Kind, ...]:
    items = reading.mapping(value or {}, "kinds", "the kinds")
    if not items:
        raise reading.fail("kinds", "there is no kind of identifier", "Write kinds: {email: {most: 5}}.")
    if PROFILE not in items:
        items = {PROFILE: {}, **items}
    if len(items) > MOST_KINDS:
        raise reading.fail("kinds", f"there are {len(items)} kinds, at most {MOST_KINDS}")
    return tuple(_kind(name, spec) for name, spec in items.items())


def _kind(name: str, value: Any) -> Kind:
    path = f"kinds.{name}"
    if not _NAME.fullmatch(name):
        raise reading.fail("kinds", f"{reading.shown(name)} cannot be a kind", "Use lower-case letters, digits and _.")
    found = reading.mapping(value or {}, path, "a kind")
    reading.known_keys(found, KIND_KEYS, path, "a kind of identifier")
    normaliser = found.get("normaliser", name if name in NORMALISERS else "text")
    if normaliser not in NORMALISERS:
        hint = nearest(str(normaliser), NORMALISERS, "normaliser")
        raise reading.fail(f"{path}.normaliser", f"there is no normaliser {reading.shown(normaliser)}", hint)
    country = _country(found, path)
    within = found.get("within")
    most = _number(found, "most", path)
    if within is not None and most is None:
        raise reading.fail(f"{path}.within", "within limits nothing without most", "Write most: 5 too.")
    shared = 1 if "shared" not in found else _number(found, "shared", path)
    return Kind(
        name,
        normaliser,
        country,
        tuple(_pattern(one, f"{path}.blocked[{i}]") for i, one in enumerate(_list(found, "blocked", path))),
        most,
        None if within is None else reading.duration(within, f"{path}.within", "within"),
        shared,
        _number(found, "links", path),
    )


def _country(found: Mapping[str, Any], path: str) -> str | None:
    country = reading.optional_text(found.get("country"), f"{path}.country", "country")
    if country is not None and not _COUNTRY.fullmatch(country):
        hint = "Write its two letters, such as BR."
        raise reading.fail(f"{path}.country", f"{reading.shown(country)} is not a country", hint)
    return country


def _number(found: Mapping[str, Any], key: str, path: str) -> int | None:
    return None if found.get(key) is None else reading.whole(found[key], f"{path}.{key}", key, 1)


def _list(found: Mapping[str, Any], key: str, path: str) -> list[Any]:
    return reading.sequence(found.get(key) or [], f"{path}.{key}", key)


def _pattern(value: Any, path: str) -> str:
    text = reading.text(value, path, "a pattern")
    try:
        re.compile(text)
    except re.error as error:
        raise reading.fail(path, f"the expression cannot be read: {error}", "Use RE2 syntax.") from None
    return text


def _sources(value: Any, kinds: Sequence[str]) -> tuple[RecordSource, ...]:
    items = reading.mapping(value or {}, "sources", "the sources")
    if len(items) > MOST_SOURCES:
        raise reading.fail("sources", f"there are {len(items)} sources, at most {MOST_SOURCES}")
    return tuple(_source(name, spec, kinds) for name, spec in items.items())


def _source(name: str, value: Any, kinds: Sequence[str]) -> RecordSource:
    path = f"sources.{name}"
    found = reading.mapping(value, path, "a source")
    reading.known_keys(found, SOURCE_KEYS, path, "a source")
    rows = read_source(found, path)
    listed = reading.mapping(found.get("identifiers") or {}, f"{path}.identifiers", "identifiers")
    if not listed:
        raise reading.fail(f"{path}.identifiers", "the source names nobody", "Write identifiers: {email: COLUMN}.")
    columns = {}
    for kind, given in listed.items():
        _known(kind, f"{path}.identifiers", kinds)
        some = [given] if isinstance(given, str) else given
        parts = reading.sequence(some, f"{path}.identifiers.{kind}", "the columns")
        columns[kind] = tuple(reading.text(one, f"{path}.identifiers.{kind}", "a column") for one in parts)
        if not columns[kind]:
            raise reading.fail(f"{path}.identifiers.{kind}", "there is no column", "Name one.")
    if name == PROFILES and len(columns.get(PROFILE, ())) != 1:
        hint = "Write profile: and the column of the profile key."
        raise reading.fail(f"{path}.identifiers", "profiles are named by their key, and it is not there", hint)
    time, watermark = (reading.optional_text(found.get(key), f"{path}.{key}", key) for key in ("time", "watermark"))
    return RecordSource(name, rows, columns, time, watermark, _country(found, path))


def _probable(value: Any) -> Probable:
    found = reading.mapping(value, "probable", "probable")
    names = ("table", "sql", "where", "profile", "compare", "block", "recall", "threshold")
    reading.known_keys(found, names, "probable", "probable")
    compare = reading.mapping(found.get("compare") or {}, "probable.compare", "what is compared")
    for name, kind in compare.items():
        if kind not in COMPARISONS:
            hint = nearest(str(kind), COMPARISONS, "comparison")
            raise reading.fail(f"probable.compare.{name}", f"there is no comparison {reading.shown(kind)}", hint)
    if len(compare) < 2:
        raise reading.fail("probable.compare", "fewer than two fields are compared", "Name two columns at least.")
    blocks = []
    for i, one in enumerate(reading.sequence(found.get("block") or [], "probable.block", "the blocks")):
        path = f"probable.block[{i}]"
        fields = reading.sequence([one] if isinstance(one, str) else one, path, "a block")
        for name in fields:
            if name not in compare:
                hint = nearest(str(name), compare, "column")
                raise reading.fail(path, f"{reading.shown(name)} is not compared", hint)
        blocks.append(tuple(fields))
    if not blocks or not all(blocks):
        raise reading.fail("probable.block", "pairs of what are looked at?", "Write block: [[last_name, birth_date]].")
    return Probable(
        read_source(found, "probable"),
        reading.text(found.get("profile"), "probable.profile", "the column of the profile key"),
        dict(compare),
        tuple(blocks),
        _share(found.get("recall", Probable.recall), "probable.recall"),
        _share(found.get("threshold", Probable.threshold), "probable.threshold"),
    )


def _share(value: Any, path: str) -> Decimal:
    number = reading.scalar(value, path, "a share")
    if not isinstance(number, int | Decimal) or isinstance(number, bool) or not 0 < number <= 1:
        raise reading.fail(path, f"{reading.shown(value)} is no share of one", "Write a number such as 0.95.")
    return Decimal(number)


def _known(name: Any, path: str, kinds: Sequence[str]) -> str:
    if name not in kinds:
        raise reading.fail(path, f"there is no kind {reading.shown(name)}", nearest(str(name), kinds, "kind"))
    return str(name)


def _names(value: Any, path: str, kinds: Sequence[str]) -> tuple[str, ...]:
    return tuple(_known(one, f"{path}[{i}]", kinds) for i, one in enumerate(reading.sequence(value or [], path, path)))


def _rules(value: Any, kinds: Sequence[str]) -> tuple[RuleSet, ...]:
    found: list[RuleSet] = []
    for i, one in enumerate(reading.sequence(value or [], "rules", "the rule sets")):
        path = f"rules[{i}]"
        spec = reading.mapping(one, path, "a rule set")
        reading.known_keys(spec, ("name", "kinds"), path, "a rule set")
        names = _names(spec.get("kinds"), f"{path}.kinds", kinds)
        for before in found:
            for name in names:
                if name in before.kinds:
                    message = f'"{name}" is in the rule set "{before.name}" already'
                    raise reading.fail(f"{path}.kinds", message, "Name it once.")
        found.append(RuleSet(reading.optional_text(spec.get("name"), f"{path}.name", "name") or f"{i + 1}", names))
    return tuple(found)


def identifier(value: Any, path: str, kinds: Sequence[str]) -> str:
    """An identifier as Convoke writes it: its kind and the hash, as convoke identity lookup prints it."""
    text = reading.text(value, path, "an identifier")
    if not _IDENTIFIER.fullmatch(text):
        hint = "Write it as convoke identity lookup prints it: KIND:HASH. Never write the address or number itself."
        raise reading.fail(path, "this is not an identifier", hint)
    _known(text.split(":")[0], path, kinds)
    return text


def _manual(value: Any, kinds: Sequence[str]) -> tuple[Manual, ...]:
    found = []
    for i, one in enumerate(reading.sequence(value or [], "manual", "the manual rules")):
        path = f"manual[{i}]"
        spec = reading.mapping(one, path, "a manual rule")
        reading.known_keys(spec, ("together", "apart", "reason"), path, "a manual rule")
        given = [name for name in ("together", "apart") if name in spec]
        if len(given) != 1:
            raise reading.fail(path, "give either together or apart", "Write apart: [KIND:HASH, KIND:HASH].")
        ends = reading.sequence(spec[given[0]], f"{path}.{given[0]}", given[0])
        if len(ends) != 2:
            raise reading.fail(f"{path}.{given[0]}", f"there are {len(ends)} identifiers, it takes two")
        one_, other = (identifier(end, f"{path}.{given[0]}", kinds) for end in ends)
        reason = reading.text(spec.get("reason"), f"{path}.reason", "a reason")
        found.append(Manual(given[0] == "together", one_, other, reason))
    return tuple(found)


def _quality(value: Any) -> Quality:
    found = reading.mapping(value or {}, "quality", "quality")
    defaults = Quality()
    names = ("largest", "churn", "quarantine", "precision")
    reading.known_keys(found, names, "quality", "quality")
    given = {
        name: reading.whole(found.get(name, getattr(defaults, name)), f"quality.{name}", name, 0) for name in names
    }
    for name in ("churn", "precision"):
        if given[name] > 100:
            raise reading.fail(f"quality.{name}", f"{given[name]} is no share of a hundred", "Write 0 to 100.")
    return Quality(**given)


def write_identity(document: IdentityDocument) -> dict[str, Any]:
    """The document as plain values, defaults left out."""
    result: dict[str, Any] = {"kind": "identity", "id": document.id, "name": document.name}
    if document.tenant != "default":
        result["tenant"] = document.tenant
    result["kinds"] = {one.name: _write_kind(one) for one in document.kinds}
    if document.sources:
        result["sources"] = {one.name: _write_source(one) for one in document.sources}
    if document.rules:
        result["rules"] = [{"name": one.name, "kinds": list(one.kinds)} for one in document.rules]
    if document.manual:
        result["manual"] = [
            {"together" if one.together else "apart": [one.one, one.other], "reason": one.reason}
            for one in document.manual
        ]
    if document.households:
        result["households"] = list(document.households)
    if document.quality != Quality():
        result["quality"] = dict(vars(document.quality))
    if document.probable is not None:
        result["probable"] = _write_probable(document.probable)
    refresh = write_schedule(document.refresh)
    return result if refresh is None else result | {"refresh": refresh}


def _write_kind(kind: Kind) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if kind.normaliser != (kind.name if kind.name in NORMALISERS else "text"):
        result["normaliser"] = kind.normaliser
    if kind.blocked:
        result["blocked"] = list(kind.blocked)
    if kind.within is not None:
        result["within"] = str(kind.within)
    if kind.shared != 1:
        result["shared"] = kind.shared
    for key in ("country", "most", "links"):
        if getattr(kind, key) is not None:
            result[key] = getattr(kind, key)
    return result


def _write_probable(found: Probable) -> dict[str, Any]:
    result = {**write_source(found.source), "profile": found.profile, "compare": dict(found.compare)}
    result["block"] = [list(one) for one in found.block]
    for name in ("recall", "threshold"):
        if getattr(found, name) != getattr(Probable, name):
            result[name] = getattr(found, name)
    return result


def _write_source(found: RecordSource) -> dict[str, Any]:
    result = write_source(found.source)
    for key in ("time", "watermark", "country"):
        if getattr(found, key) is not None:
            result[key] = getattr(found, key)
    result["identifiers"] = {
        kind: columns[0] if len(columns) == 1 else list(columns) for kind, columns in found.identifiers.items()
    }
    return result
