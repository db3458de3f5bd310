"""A person in values that stand anywhere: which of them lead to the person when they are hashed as any kind is."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.domain.identity import IdentityDocument, Kind, RecordSource
from engine.domain.identity_codec import DOCUMENTS
from engine.identity.explaining import halves
from engine.identity.index import identifier_of
from engine.identity.values import Cleaner, Hasher

_DISTINCT = frozenset({"email", "phone", "device", *DOCUMENTS})
"""A value of these means the same wherever it stands."""
_LONG = 8
"""So long a text is hardly in a column by chance; shorter ones count only where the column's name says so."""
_SENT_AS = frozenset({"user_id", "userid", "anonymous_id", "anonymousid", "previous_id", "previousid", "group_id"})
"""What the tracking protocol calls identifiers."""

Place = tuple[str, str]
"""(the column's name, the value's text)."""


class Recogniser:
    """Knows a person by the hashes of their identifiers (KIND:HASH)."""

    def __init__(
        self,
        document: IdentityDocument,
        sources: Collection[RecordSource],
        hasher: Hasher,
        identifiers: Collection[str],
    ) -> None:
        self._hasher = hasher
        self._hashes = {identifier_of(*halves(one)) for one in identifiers}
        kinds = {one.rsplit(":", 1)[0] for one in identifiers}
        self._kinds = [one for one in document.kinds if one.name in kinds]
        self._cleaners = {
            kind.name: Cleaner(kind.normaliser, kind.country, kind.blocked, document.countries(kind.name))
            for kind in self._kinds
        }
        self._names = {kind.name: _names(kind, sources) for kind in self._kinds}

    def __call__(self, places: Collection[Place]) -> set[Place]:
        """Those that lead to the person. Short texts do only in a column that is called like an identifier: a quantity
        of 12 is not the account 12."""
        found: set[Place] = set()
        for kind in self._kinds:
            some = [one for one in places if self._may(kind, one)]
            texts = list(dict.fromkeys(text for _, text in some))
            normal = self._cleaners[kind.name].cleaned(texts)
            there = [(text, value) for text, value in zip(texts, normal, strict=True) if value is not None]
            hashes = self._hasher.hashed(kind.name, [value for _, value in there])
            leading = {text for (text, _), one in zip(there, hashes, strict=True) if one in self._hashes}
            found |= {one for one in some if one[1] in leading}
        return found

    def _may(self, kind: Kind, place: Place) -> bool:
        name, text = place
        return kind.normaliser in _DISTINCT or len(text) >= _LONG or name.lower() in self._names[kind.name]


def _names(kind: Kind, sources: Collection[RecordSource]) -> frozenset[str]:
    columns: Mapping[str, None] = dict.fromkeys(
        column.lower() for source in sources for column in source.identifiers.get(kind.name, ())
    )
    return _SENT_AS | {kind.name.lower(), *columns}
