"""The data model document to and from plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.domain import reading
from engine.domain.model import (
    DEFAULT_SITE,
    SITE_MONEY,
    ByIdentity,
    Consent,
    DataModel,
    EventType,
    Field,
    Identifier,
    Labels,
    ObjectType,
    ProfileTable,
    Site,
    Source,
)
from engine.domain.values import ValueType
from engine.errors import nearest

_SOURCE_KEYS = ("table", "sql", "where")
_CURRENCY = re.compile(r"[A-Z]{3}")  # as ISO 4217 writes them
_NAME = re.compile(r"[^\x00-\x1f]{1,128}")


def read_model(value: Any) -> DataModel:
    """The model in a plain value; raises EngineError with the path of what is wrong."""
    found = reading.mapping(value, "", "the document")
    if found.get("kind") != "model":
        raise reading.fail("kind", f"this is not a data model: kind is {reading.shown(found.get('kind'))}")
    keys = ("kind", "sites", "profile", "events", "objects", "identifiers", "consents")
    reading.known_keys(found, keys, "", "the data model")
    site_column, sites = _sites(found.get("sites"))
    return DataModel(
        _profile(found.get("profile"), site_column),
        sites,
        {name: _event(name, spec) for name, spec in _named(found, "events")},
        {name: _object(name, spec) for name, spec in _named(found, "objects")},
        {name: _identifier(name, spec) for name, spec in _named(found, "identifiers")},
        {name: _consent(name, spec) for name, spec in _named(found, "consents")},
    )


def _named(found: Mapping[str, Any], section: str) -> list[tuple[str, Any]]:
    items = reading.mapping(found.get(section) or {}, section, section)
    for name in items:
        if not _NAME.fullmatch(name):
            raise reading.fail(section, f"{reading.shown(name)} cannot be a name")
    return list(items.items())


def _sites(value: Any) -> tuple[str | None, dict[str, Site]]:
    if value is None:
        return None, {DEFAULT_SITE.id: DEFAULT_SITE}
    found = reading.mapping(value, "sites", "sites")
    reading.known_keys(found, ("column", "list"), "sites", "sites")
    column = reading.optional_text(found.get("column"), "sites.column", "column")
    listed = reading.mapping(found.get("list"), "sites.list", "the list of sites")
    sites = {str(key): _site(str(key), spec) for key, spec in listed.items()}
    if not sites:
        raise reading.fail("sites.list", "the list of sites is empty", "Leave sites out for a single site.")
    if column is None and len(sites) > 1:
        raise reading.fail(
            "sites.column", "several sites need the column that tells them apart", "Add column: site_id."
        )
    return column, sites


def _site(key: str, value: Any) -> Site:
    path = f"sites.list.{key}"
    found = reading.mapping(value or {}, path, "a site")
    reading.known_keys(found, ("name", "timezone", "currency"), path, "a site")
    name = reading.optional_text(found.get("name"), path, "name") or key
    zone = reading.time_zone(found.get("timezone", "UTC"), f"{path}.timezone")
    return Site(key, name, zone, reading.optional_text(found.get("currency"), path, "currency"))


def read_source(found: Mapping[str, Any], path: str) -> Source:
    """Rows of the warehouse: a table or a SELECT, and a condition."""
    table = reading.optional_text(found.get("table"), f"{path}.table", "table")
    sql = reading.optional_text(found.get("sql"), f"{path}.sql", "sql")
    if (table is None) == (sql is None):
        raise reading.fail(path, "give either a table or a sql", "Write table: NAME.")
    return Source(table, sql, reading.optional_text(found.get("where"), f"{path}.where", "where"))


def _labels(value: Any, path: str) -> Labels:
    if isinstance(value, str):
        return {"en": value}
    found = reading.mapping(value or {}, path, "label")
    return {str(k): reading.text(v, f"{path}.{k}", "a label") for k, v in found.items()}


def _fields(value: Any, path: str) -> dict[str, Field]:
    return {
        name: _field(name, spec, f"{path}.{name}")
        for name, spec in reading.mapping(value or {}, path, "the fields").items()
    }


def _field(name: str, value: Any, path: str) -> Field:
    found = reading.mapping(value, path, "a field")
    reading.known_keys(found, ("type", "column", "timezone", "label", "personal", "money"), path, "a field")
    kind = found.get("type")
    if kind not in list(ValueType):
        hint = nearest(str(kind), list(ValueType), "type")
        raise reading.fail(f"{path}.type", f"{reading.shown(kind)} is not a type", hint)
    zone = found.get("timezone")
    return Field(
        name,
        ValueType(kind),
        reading.optional_text(found.get("column"), f"{path}.column", "column") or name,
        None if zone is None else reading.time_zone(zone, f"{path}.timezone"),
        _labels(found.get("label"), f"{path}.label"),
        reading.flag(found.get("personal", False), f"{path}.personal", "personal"),
        _money(found.get("money", False), ValueType(kind), f"{path}.money"),
    )


def _money(value: Any, kind: ValueType, path: str) -> str | None:
    """True (in the currency of the row's site) or a currency."""
    if value is False:
        return None
    if not kind.is_number:
        raise reading.fail(path, f"a {kind} cannot be money", "Only an integer or a decimal is an amount.")
    if value is True:
        return SITE_MONEY
    if isinstance(value, str) and _CURRENCY.fullmatch(value):
        return value
    raise reading.fail(path, f"{reading.shown(value)} is not a currency", "Write true (the site's currency) or BRL.")


def _profile(value: Any, site_column: str | None) -> ProfileTable:
    found = reading.mapping(value, "profile", "profile")
    reading.known_keys(found, (*_SOURCE_KEYS, "key", "traits", "identity"), "profile", "profile")
    return ProfileTable(
        read_source(found, "profile"),
        reading.text(found.get("key"), "profile.key", "key"),
        _fields(found.get("traits"), "profile.traits"),
        site_column,
        _by_identity(found.get("identity", False)),
    )


def _by_identity(value: Any) -> ByIdentity | None:
    """True, or a mapping with the column that tells which of a person's rows is the latest."""
    if isinstance(value, bool):
        return ByIdentity() if value else None
    found = reading.mapping(value, "profile.identity", "identity")
    reading.known_keys(found, ("latest",), "profile.identity", "identity")
    return ByIdentity(reading.text(found.get("latest"), "profile.identity.latest", "a column"))


def _event(name: str, value: Any) -> EventType:
    path = f"events.{name}"
    found = reading.mapping(value, path, "an event")
    keys = (*_SOURCE_KEYS, "profile", "time", "timezone", "properties", "label")
    reading.known_keys(found, keys, path, "an event")
    zone = found.get("timezone")
    return EventType(
        name,
        read_source(found, path),
        reading.text(found.get("profile"), f"{path}.profile", "profile"),
        reading.text(found.get("time"), f"{path}.time", "time"),
        _fields(found.get("properties"), f"{path}.properties"),
        None if zone is None else reading.time_zone(zone, f"{path}.timezone"),
        _labels(found.get("label"), f"{path}.label"),
    )


def _object(name: str, value: Any) -> ObjectType:
    path = f"objects.{name}"
    found = reading.mapping(value, path, "an object")
    reading.known_keys(found, (*_SOURCE_KEYS, "profile", "properties", "label"), path, "an object")
    return ObjectType(
        name,
        read_source(found, path),
        reading.text(found.get("profile"), f"{path}.profile", "profile"),
        _fields(found.get("properties"), f"{path}.properties"),
        _labels(found.get("label"), f"{path}.label"),
    )


def _identifier(name: str, value: Any) -> Identifier:
    path = f"identifiers.{name}"
    found = reading.mapping(value, path, "an identifier")
    reading.known_keys(found, (*_SOURCE_KEYS, "profile", "column", "kind"), path, "an identifier")
    return Identifier(
        name,
        read_source(found, path),
        reading.text(found.get("profile"), f"{path}.profile", "profile"),
        reading.text(found.get("column"), f"{path}.column", "column"),
        reading.optional_text(found.get("kind"), f"{path}.kind", "kind") or name,
    )


def _consent(name: str, value: Any) -> Consent:
    path = f"consents.{name}"
    found = reading.mapping(value, path, "a consent")
    reading.known_keys(found, (*_SOURCE_KEYS, "profile", "column"), path, "a consent")
    return Consent(
        name,
        read_source(found, path),
        reading.text(found.get("profile"), f"{path}.profile", "profile"),
        reading.text(found.get("column"), f"{path}.column", "column"),
    )


def write_model(model: DataModel) -> dict[str, Any]:
    """The model as plain values, defaults left out."""
    result: dict[str, Any] = {"kind": "model"}
    if list(model.sites.values()) != [DEFAULT_SITE]:
        column = {} if model.profile.site_column is None else {"column": model.profile.site_column}
        result["sites"] = column | {"list": {site.id: _write_site(site) for site in model.sites.values()}}
    profile = model.profile
    result["profile"] = {
        **write_source(profile.source),
        "key": profile.key,
        **_write_identity(profile.identity),
        "traits": {name: _write_field(field) for name, field in profile.traits.items()},
    }
    if model.events:
        result["events"] = {name: _write_event(event) for name, event in model.events.items()}
    if model.objects:
        result["objects"] = {
            name: {
                **write_source(o.source),
                "profile": o.profile,
                **_write_properties(o.properties),
                **_label(o.label),
            }
            for name, o in model.objects.items()
        }
    if model.identifiers:
        result["identifiers"] = {
            name: {**write_source(i.source), "profile": i.profile, "column": i.column, "kind": i.kind}
            for name, i in model.identifiers.items()
        }
    if model.consents:
        result["consents"] = {
            name: {**write_source(c.source), "profile": c.profile, "column": c.column}
            for name, c in model.consents.items()
        }
    return result


def _write_identity(found: ByIdentity | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {"identity": True if found.latest is None else {"latest": found.latest}}


def _write_site(site: Site) -> dict[str, Any]:
    currency = {} if site.currency is None else {"currency": site.currency}
    return {"name": site.name, "timezone": site.timezone} | currency


def write_source(source: Source) -> dict[str, Any]:
    """The same as plain values."""
    parts = (("table", source.table), ("sql", source.sql), ("where", source.where))
    return {key: value for key, value in parts if value is not None}


def _label(labels: Labels) -> dict[str, Any]:
    return {"label": dict(labels)} if labels else {}


def _write_field(field: Field) -> dict[str, Any]:
    result: dict[str, Any] = {"type": str(field.type)}
    if field.column != field.name:
        result["column"] = field.column
    if field.timezone is not None:
        result["timezone"] = field.timezone
    if field.personal:
        result["personal"] = True
    if field.money is not None:
        result["money"] = field.money == SITE_MONEY or field.money
    return result | _label(field.label)


def _write_properties(properties: Mapping[str, Field]) -> dict[str, Any]:
    if not properties:
        return {}
    return {"properties": {name: _write_field(field) for name, field in properties.items()}}


def _write_event(event: EventType) -> dict[str, Any]:
    zone = {} if event.timezone is None else {"timezone": event.timezone}
    return {
        **write_source(event.source),
        "profile": event.profile,
        "time": event.time,
        **zone,
        **_write_properties(event.properties),
        **_label(event.label),
    }
