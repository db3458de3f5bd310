"""`convoke identity forget|check`: erasing a person wherever Convoke has them, and proving that they are gone."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError
from engine.operations.finding import find_person, open_map, rebuild_index
from engine.operations.identity_documents import current_document, document_in_force
from engine.operations.leftovers import remove_leftovers
from engine.operations.mapping import alone, judged, with_places
from engine.operations.peppers import Ask, hasher_for
from engine.operations.scheduling import run_soon
from engine.operations.scoring import forget_features
from engine.operations.workspace import IDENTITY, Workspace
from engine.store.audiences import now
from engine.store.erasures import Erasures
from engine.store.identity import Identities

if TYPE_CHECKING:
    from engine.ingest.forgetting import Leads


@dataclass(frozen=True)
class Forgotten:
    """What was erased: how many identifiers and profile keys; the audiences that were queued, so that destinations lose
    the person; how many places were searched afterwards, and in how many something was found (none)."""

    identifiers: int
    keys: int
    audiences: tuple[str, ...]
    searched: int
    found: int


@dataclass(frozen=True)
class IdentityHealth:
    """The checks of the map in force, whether its index had to be made again, and by kind how many values there are and
    how many of them name nobody, by reason."""

    run: int
    checks: tuple[dict[str, Any], ...]
    rebuilt: bool
    unusable: dict[str, dict[str, int]] = field(default_factory=dict)


def forget_person(workspace: Workspace, text: str, ask: Ask = lambda: None) -> Forgotten:
    """Erase a person, by id or KIND:VALUE, for good: from the map, its index, what was hashed, decisions, uploaded
    lists, computed traits and scores, features, the bad rows of loads and collected events. Destinations lose them at
    the next delivery, which is queued. The rows of the warehouse are its owner's: as long as they are there, they are
    not taken in again.
    """
    import numpy as np

    from engine.identity.erasure import clean_hashed, dropped, mark
    from engine.identity.explaining import halves
    from engine.identity.housing import kinds_of_homes
    from engine.identity.publication import Fresh, candidate_of, publish
    from engine.identity.quality import numbers_of, shape_of
    from engine.identity.recognising import Recogniser
    from engine.identity.records import sources_of

    folder = workspace.folder / IDENTITY
    _, document = current_document(workspace)
    hasher = hasher_for(workspace, document, ask)
    with alone(workspace), open_map(workspace) as before:
        known = find_person(workspace, text, ask).id
        pointer = before.pointer
        identifiers = set(before.identifiers_of(known))
        places, left = _rows_erased(
            workspace, Recogniser(document, sources_of(document, workspace.model), hasher, identifiers)
        )
        pairs = [halves(one) for one in identifiers]
        nodes = np.array([high for high, _ in pairs], dtype=np.uint64)
        keys = [str(key) for (key,) in before.rows("SELECT key FROM profiles WHERE person = ?", [known])]
        erasures = Erasures(workspace.database)
        led = [one for one, into in before.redirects().items() if into == known]
        names = [*keys, known, *led]
        erasures.add(names, [mark(high, low) for high, low in pairs])
        _forget_decisions(Identities(workspace.database), identifiers)
        found = dropped(candidate_of(before, by_people=True), nodes)
        numbers = numbers_of(document_in_force(workspace, pointer), shape_of(found), pointer.summary)
        fresh = replace(pointer, run=pointer.run + 1, at=now(), summary=numbers)
        redirects = {one: into for one, into in before.redirects().items() if known not in (one, into)}
        profiles, homes = with_places(before.profiles(), found), kinds_of_homes(document)
        publish(folder, Fresh(found, fresh, profiles, before.names(), redirects, forgotten=known, households=homes))
        clean_hashed(folder / "hashed", nodes)
    more, still = _swept(workspace, fresh, pairs, known, names)
    places, left = places + more, left + still
    if left:
        raise EngineError(
            "identity",
            f"the person is still in {left} of {places} places",
            hint="Close programs that have an older map open, then forget them again.",
        )
    audiences = sorted({one for key in names for one in erasures.delivered_to(key)})
    with suppress(EngineError):  # an audience that was deleted meanwhile: its end is queued already
        if audiences:
            run_soon(workspace, audiences)
    return Forgotten(len(identifiers), len(keys), tuple(audiences), places, left)


def _swept(
    workspace: Workspace, fresh: Any, pairs: list[tuple[int, int]], known: str, names: list[str]
) -> tuple[int, int]:
    """Take a person out of numberings, computed traits and scores, and features, and look for them everywhere; how many
    places were searched, and in how many they still are."""
    from engine.bitmap.erasing import erase_keys
    from engine.identity.erasure import searched
    from engine.warehouses.computed import erase as erase_traits

    workspace.reload()
    numberings, still = erase_keys(workspace.segments, workspace.library.folder / "ordinals", names)
    traits, there = erase_traits(workspace.warehouse_folder, names)
    removed, kept = remove_leftovers(workspace)
    workspace.database.scrub()
    places, left = searched(workspace.folder / IDENTITY, fresh, pairs, known)
    places += numberings + traits + removed + forget_features(workspace)
    workspace.reload()
    return places, left + still + there + kept


def _forget_decisions(identities: Identities, identifiers: Collection[str]) -> None:
    """Decisions about some identifiers go; others forget that these were there before."""
    for one in identities.decisions():
        if one.one in identifiers or one.other in identifiers:
            identities.forget(one.id)
        elif any(identifier in identifiers for identifier in one.before):
            rest = {identifier: who for identifier, who in one.before.items() if identifier not in identifiers}
            identities.rename(replace(one, before=rest))


def _rows_erased(workspace: Workspace, leads: Leads) -> tuple[int, int]:
    """Take a person's rows out of what loads put aside and what was collected, first of all, while their identifiers
    are still known; how many files were searched, and in how many rows they still are."""
    from engine.ingest.forgetting import Erased, erase_collected, erase_kept
    from engine.operations.collecting import landing_in
    from engine.operations.ingesting import kept_folder

    found = erase_kept(kept_folder(workspace), leads)
    with landing_in(workspace) as lander:
        found += Erased() if lander is None else erase_collected(lander, leads)
    return found.files, found.left


def check_identity(workspace: Workspace, ask: Ask = lambda: None, *, rebuild: bool = False) -> IdentityHealth:
    """Check the map in force: its pepper, its index (made again when it is damaged, or with ``rebuild``), and the
    quality checks against itself."""
    from engine.identity.index import Index
    from engine.identity.quality import checked, numbers_of, shape_in, value_checks
    from engine.identity.stability import Named

    _, document = current_document(workspace)
    hasher_for(workspace, document, ask)
    with open_map(workspace) as found:
        pointer = found.pointer
        again = rebuild
        try:
            Index(workspace.folder / IDENTITY / pointer.index).close()
        except EngineError:
            again = True
        if again:
            rebuild_index(workspace.folder / IDENTITY, pointer)
        shape = shape_in(found, Named((), ()))
        document = document_in_force(workspace, pointer)
        unusable = numbers_of(document, shape, pointer.summary)["unusable"]
        checks = [*checked(document, shape, None, 0, judged(workspace)), *value_checks(unusable)]
    return IdentityHealth(pointer.run, tuple(asdict(one) for one in checks), again, unusable)
