"""Pairs for a person to judge: some that were put together, some kept apart by a limit; what speaks for and against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.operations.finding import open_map
from engine.operations.identity_documents import raw_model
from engine.operations.workspace import Workspace
from engine.store.identity import Identities

if TYPE_CHECKING:
    from engine.identity.publication import Map

_TRAITS = 8


@dataclass(frozen=True)
class PairToJudge:
    """Two profiles (KIND:HASH), whether they are one person now, and (name, of the one, of the other): traits that are
    not personal, and identifiers masked."""

    one: str
    other: str
    together: bool
    facts: tuple[tuple[str, str, str], ...]


def pairs_to_judge(workspace: Workspace, most: int = 20) -> list[PairToJudge]:
    """Up to ``most`` pairs nobody has judged yet: half of them together, the rest kept apart by a limit."""
    judged = {
        frozenset((one.one, one.other))
        for one in Identities(workspace.database).decisions()
        if one.what in ("same", "differ") and one.undone_at is None
    }
    with open_map(workspace) as found:
        pairs = [(*pair, True) for pair in _together(found, 4 * most)]
        apart = [(*pair, False) for pair in _apart(found, 4 * most)]
        hashes = _hashes(found, {key for one, other, _ in (*pairs, *apart) for key in (one, other)})
    pairs = [one for one in pairs if frozenset((hashes[one[0]], hashes[one[1]])) not in judged]
    apart = [one for one in apart if frozenset((hashes[one[0]], hashes[one[1]])) not in judged][: most // 2]
    chosen = [*pairs[: most - len(apart)], *apart]
    facts = _facts(workspace, sorted({key for one, other, _ in chosen for key in (one, other)}))
    return [
        PairToJudge(hashes[one], hashes[other], together, _beside(facts.get(one, {}), facts.get(other, {})))
        for one, other, together in chosen
    ]


def _together(found: Map, most: int) -> list[tuple[str, str]]:
    rows = found.rows(
        "SELECT min(key), max(key) FROM profiles GROUP BY person HAVING count(*) > 1 ORDER BY hash(person) LIMIT ?",
        [most],
    )
    return [(str(one), str(other)) for one, other in rows]


def _apart(found: Map, most: int) -> list[tuple[str, str]]:
    rows = found.rows(
        "WITH ends AS (SELECT DISTINCT least(f.person, s.person) AS a, greatest(f.person, s.person) AS b "
        "FROM links AS l JOIN identifiers AS f ON f.high = l.first JOIN identifiers AS s ON s.high = l.second "
        "WHERE l.refused AND f.person != s.person), "
        "keys AS (SELECT persons.place, min(p.key) AS key FROM profiles AS p "
        "JOIN persons ON persons.id = p.person GROUP BY persons.place) "
        "SELECT one.key, other.key FROM ends "
        "JOIN keys AS one ON one.place = ends.a JOIN keys AS other ON other.place = ends.b "
        "ORDER BY hash(one.key) LIMIT ?",
        [most],
    )
    return [(str(one), str(other)) for one, other in rows]


def _hashes(found: Map, keys: set[str]) -> dict[str, str]:
    """KIND:HASH of profile keys."""
    from engine.identity.explaining import text_of

    rows = found.rows(
        f"SELECT p.key, i.high, i.low FROM {found.pointer.profiles} AS p JOIN identifiers AS i USING (high) "  # noqa: S608
        "WHERE p.key IN (SELECT unnest(?::VARCHAR[]))",
        [sorted(keys)],
    )
    return {str(key): text_of("profile", int(high), int(low)) for key, high, low in rows}


def _facts(workspace: Workspace, keys: Sequence[str]) -> dict[str, dict[str, str]]:
    from engine.sql.facts import identifiers_of, traits_of
    from engine.sql.sources import Sources

    model, warehouse = raw_model(workspace), workspace.warehouse
    sources = Sources(model, warehouse)
    traits = [name for name, field in model.profile.traits.items() if not field.personal][:_TRAITS]
    found: dict[str, dict[str, str]] = {key: {} for key in keys}
    statement = traits_of(sources, keys, traits)
    for key, *values in warehouse.rows(statement.sql, statement.parameters):
        found[key] |= {name: str(value) for name, value in zip(traits, values, strict=True) if value is not None}
    for name, identifier in model.identifiers.items():
        statement = identifiers_of(sources, warehouse, identifier, keys)
        for key, values in warehouse.rows(statement.sql, statement.parameters):
            found[key][name] = ", ".join(masked(str(one)) for one in values if one)
    return found


def _beside(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    names = list(dict.fromkeys([*one, *other]))
    return tuple((name, one.get(name, ""), other.get(name, "")) for name in names)


def masked(text: str) -> str:
    """Enough of a value to compare it with another, not enough to write to anybody: a•••@mail.com, •••4567."""
    text = text.strip()
    local, at, domain = text.rpartition("@")
    if at:
        return f"{local[:1]}•••{local[-1:]}@{domain}"
    return f"•••{text[-4:]}" if len(text) > 5 else "•••"
