"""`convoke trait values`: what profiles have of a computed trait, as of the moment it was computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.domain.values import ValueType
from engine.errors import EngineError, nearest
from engine.operations.replacing import KeyForms
from engine.operations.traits import trait_show
from engine.operations.workspace import Workspace


@dataclass(frozen=True)
class TraitValues:
    """Values of a trait by key, sorted by key: ``as_of`` is the moment they are of. A value is None for a profile that
    has none."""

    id: str
    type: str
    as_of: str
    values: tuple[tuple[str, Any], ...]


def trait_values(
    workspace: Workspace, identifier: str, keys: Sequence[str] = (), *, after: str = "", most: int | None = None
) -> TraitValues:
    """The values in force of a computed trait: of these profiles, or of all that have one (``most`` of them, after a
    key, by text). Raises EngineError("not_found") for a trait that was not computed, or a key that no profile has."""
    from engine.warehouses.computed import state, values_of

    known = trait_show(workspace)
    if identifier not in known:
        hint = nearest(identifier, known, "computed trait")
        raise EngineError("not_found", f'no trait "{identifier}" was computed', hint=hint)
    told, computed = known[identifier], state(workspace.warehouse_folder)
    assert computed is not None  # noqa: S101 - it holds the trait
    if not keys:
        found = values_of(computed, identifier, None, after, most)
        return TraitValues(identifier, told.type, told.as_of, tuple(found))
    wanted = _as_stored(workspace, keys)
    have = dict(values_of(computed, identifier, list(wanted.values())))
    nothing = _without(ValueType(told.type)) if told.zero else None
    values = tuple((key, have.get(key, nothing)) for key in sorted(set(wanted.values())))
    return TraitValues(identifier, told.type, told.as_of, values)


def _without(kind: ValueType) -> Any:
    """What nothing means of a trait that counts or tells who is in a list."""
    return False if kind is ValueType.BOOLEAN else 0


def _as_stored(workspace: Workspace, keys: Sequence[str]) -> dict[str, str]:
    """The keys as the warehouse writes them, by how they were given."""
    forms = KeyForms(workspace)
    plain = {key: forms.plain(key) or key for key in keys}
    persons = forms.persons(list(plain.values()))
    found = {key: persons.get(one, one) for key, one in plain.items()}
    there = forms.known(list(found.values()))
    for key, one in found.items():
        if there is not None and one not in there:
            raise EngineError("not_found", f'there is no profile "{key}"', hint="Give a profile's key as it is stored.")
    return found
