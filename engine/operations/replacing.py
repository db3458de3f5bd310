"""Replacing an uploaded list: keys as the warehouse writes them, and no list that shrinks unnoticed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.errors import ALLOW_SHRINK, EngineError
from engine.ingest.listed import KeyRow
from engine.operations.identity_documents import raw_model
from engine.operations.workspace import Workspace, user_name
from engine.sql.keys import known_keys, plain_key
from engine.sql.sources import Sources

_HALF = 2
"""A replacement with fewer profiles than those before divided by this needs a person's word."""


class KeyForms:
    """The keys that somebody wrote, as this workspace's warehouse writes them. Without a warehouse or a model a key is
    kept as it is written."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        stored = workspace.models.current()
        ready = stored is not None and workspace.settings.warehouse is not None
        self._over_persons = ready and stored is not None and stored.model.profile.identity is not None
        self._raw = Sources(raw_model(workspace), workspace.warehouse) if ready else None

    def plain(self, key: str) -> str | None:
        """A key as the warehouse writes it; None when no profile can have it."""
        if self._raw is None:
            return key
        found = plain_key(key, self._raw)
        return key if found is None and self._over_persons else found  # it may name a person

    def persons(self, keys: Sequence[str]) -> Mapping[str, str]:
        """The person of each key of a profile, where the model is over persons."""
        if not self._over_persons:
            return {}
        from engine.operations.finding import open_map

        with open_map(self._workspace) as found:
            return found.persons_of(list(keys))

    def known(self, keys: Sequence[str]) -> set[str] | None:
        """Those of some keys that profiles have; None where nobody can tell."""
        if self._raw is None:
            return None
        sources = Sources(self._workspace.model, self._workspace.warehouse) if self._over_persons else self._raw
        return known_keys(sources, self._workspace.warehouse, keys) if keys else set()

    def count(self, rows: Iterable[KeyRow]) -> int:
        """How many profiles the keys of some rows name; 0 where nobody can tell."""
        keys = [key for row in rows if row.key is not None and (key := self.plain(row.key)) is not None]
        persons = self.persons(keys)
        return len(self.known([persons.get(key, key) for key in keys]) or ())


def replace_list(workspace: Workspace, identifier: str, keys: Sequence[str], *, allow_shrink: bool = False) -> int:
    """Make these the keys of a list, as they are on record; gives how many there are.

    Raises EngineError("refused") when the list exists and would hold no profile, or less than half of the profiles
    that it holds, unless ``allow_shrink``.
    """
    before = workspace.lists.keys(identifier)
    if before and not allow_shrink:
        _must_not_shrink(workspace, identifier, before, list(dict.fromkeys(keys)))
    return workspace.lists.save(identifier, keys, user_name())


def _must_not_shrink(workspace: Workspace, identifier: str, before: Sequence[str], keys: Sequence[str]) -> None:
    forms = KeyForms(workspace)
    known, left = forms.known(before), forms.known(keys)
    had, has = (len(before), len(keys)) if known is None or left is None else (len(known), len(left))
    if has * _HALF < had:
        raise EngineError(
            "refused",
            f'the list "{identifier}" holds {had:,} profiles and would hold {has:,}',
            ALLOW_SHRINK,
            f"Check the file and its key column. To replace the list all the same: {ALLOW_SHRINK}.",
        )
