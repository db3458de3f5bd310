"""The audience document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.domain.model import DataModel, Site
from engine.domain.rule import EVERYONE, Node


@dataclass(frozen=True, slots=True)
class Top:
    """Keep the first ``count`` by a trait: missing values last, ties by smaller key; for each site."""

    count: int
    trait: str
    order: Literal["asc", "desc"] = "desc"


@dataclass(frozen=True, slots=True)
class Audience:
    """A named rule. ``sites`` None means every site of the model.

    ``settings`` keeps what the engine does not evaluate yet (refresh, destinations, holdout …) as it was written.
    """

    id: str
    name: str
    rule: Node = EVERYONE
    sites: tuple[str, ...] | None = None
    top: Top | None = None
    description: str | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    folder: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def sites_in(self, model: DataModel) -> list[Site]:
        """The sites this audience covers, in the model's order."""
        return [site for site in model.sites.values() if self.sites is None or site.id in self.sites]
