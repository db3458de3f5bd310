"""What a data model calls its traits, events, objects and properties in one language, and their currencies."""

from __future__ import annotations

from engine.domain.audience import Audience
from engine.domain.model import DataModel, Field, Labels, currency_of, label_of


class Names:
    """Labels by name; without a model, and for what it does not know, the names themselves."""

    def __init__(self, language: str, model: DataModel | None) -> None:
        self._language, self._model = language, model
        self._sites = list(model.sites.values()) if model else []

    def over(self, audience: Audience) -> None:
        """Amounts are in the currency of this audience's sites, from now on."""
        if self._model is not None:
            self._sites = audience.sites_in(self._model)

    def trait(self, name: str) -> str:
        """A trait's name for people."""
        return self._named(name, self.trait_field(name))

    def trait_field(self, name: str) -> Field | None:
        """A trait, if the model knows it."""
        return self._model.profile.traits.get(name) if self._model else None

    def event(self, name: str) -> str:
        """An event's name for people."""
        found = self._model.events.get(name) if self._model else None
        return self._named(name, None, found.label if found else None)

    def object(self, name: str) -> str:
        """An object's name for people."""
        found = self._model.objects.get(name) if self._model else None
        return self._named(name, None, found.label if found else None)

    def property(self, source: str, name: str) -> str:
        """The name of a property of an event or object."""
        return self._named(name, self.property_field(source, name))

    def property_field(self, source: str, name: str) -> Field | None:
        """A property, if the model knows it."""
        if self._model is None:
            return None
        owner = self._model.events.get(source) or self._model.objects.get(source)
        return owner.properties.get(name) if owner else None

    def currency(self, found: Field | None) -> str:
        """The currency of an amount; nothing where there is none or not one alone."""
        return "" if found is None else currency_of(found, self._sites) or ""

    def _named(self, name: str, found: Field | None, labels: Labels | None = None) -> str:
        return label_of(name, labels or (found.label if found else {}), self._language)
