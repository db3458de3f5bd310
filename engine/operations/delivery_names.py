"""What an audience's delivery names, and who names an audience: nothing that is not there is named, and nothing that is
named is deleted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from engine.domain.audience import Audience
from engine.domain.delivery import read_delivery
from engine.domain.destination import read_destination
from engine.domain.model import DataModel
from engine.domain.references import referring_to
from engine.errors import EngineError, nearest
from engine.operations.workspace import Workspace
from engine.store.activation import Destinations

DELIVERY = ("destinations", "consent", "suppress", "splits")
"""The settings of an audience that name something."""


class Names:
    """What deliveries may name in a workspace: its destinations, lists and audiences, and the model's consents."""

    def __init__(self, workspace: Workspace, model: DataModel, audiences: Collection[str]) -> None:
        self._destinations = set(Destinations(workspace.database).all())
        self._lists = set(workspace.lists.sizes())
        self._consents, self._audiences = set(model.consents), audiences

    def check(self, audience: Audience) -> None:
        """Raise EngineError("unknown_name") with the path of the first thing that an audience's delivery names and that
        there is not, and EngineError("cycle") for an audience that suppresses itself: nobody would ever be sent."""
        if not any(key in audience.settings for key in DELIVERY):
            return
        delivery = read_delivery(audience.settings)
        for i, name in enumerate(delivery.destinations):
            if name not in self._destinations:
                raise _unknown(f"destinations[{i}]", "destination", name, self._destinations)
        for i, name in enumerate(delivery.consent):
            if name not in self._consents:
                raise _unknown(f"consent[{i}]", "consent", name, self._consents)
        for i, (kind, name) in enumerate(delivery.suppress):
            if name == audience.id and (kind == "audience" or (kind == "any" and name not in self._lists)):
                raise EngineError(
                    "cycle",
                    f'the audience "{name}" suppresses itself',
                    f"suppress[{i}]",
                    "Name another audience or a list.",
                )
            if kind == "list" and name not in self._lists:
                raise _unknown(f"suppress[{i}].list", "list", name, self._lists)
            if kind == "audience" and name not in self._audiences:
                raise _unknown(f"suppress[{i}].audience", "audience", name, self._audiences)
            if kind == "any" and name not in self._lists and name not in self._audiences:
                known = self._lists.union(self._audiences)
                raise _unknown(f"suppress[{i}]", "list or audience", name, known)


def _unknown(path: str, what: str, name: str, known: Collection[str]) -> EngineError:
    return EngineError("unknown_name", f'there is no {what} "{name}"', path, nearest(name, known, what))


def users_of(
    workspace: Workspace,
    identifier: str,
    audiences: Mapping[str, Audience],
    there: Callable[[str], Audience | None],
) -> list[str]:
    """Who needs an audience: of some ``audiences`` those that refer to it or suppress it, and the destinations where it
    goes before another one. ``there`` finds any audience."""
    found = set(referring_to(identifier, audiences))
    found.update(one.id for one in audiences.values() if one.id != identifier and _suppresses(one, identifier))
    ranking = []
    for row in Destinations(workspace.database).all().values():
        priority = read_destination(row.document).priority if row.document.get("priority") else ()
        later = priority[priority.index(identifier) + 1 :] if identifier in priority else ()
        if any(_goes(there(one), row.id) for one in later):
            ranking.append(f"destination {row.id}")
    return [*sorted(found), *ranking]


def _goes(audience: Audience | None, destination: str) -> bool:
    if audience is None or "destinations" not in audience.settings:
        return False
    try:
        return destination in read_delivery(audience.settings).destinations
    except EngineError:  # it cannot be read, so it goes nowhere
        return False


def _suppresses(audience: Audience, identifier: str) -> bool:
    if "suppress" not in audience.settings:
        return False
    try:
        suppress = read_delivery(audience.settings).suppress
    except EngineError:  # it cannot be read, so it suppresses nobody
        return False
    return any(kind != "list" and name == identifier for kind, name in suppress)
