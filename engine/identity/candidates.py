"""What persons are found in, and what is found: all identifiers with their links, and a candidate for the next map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.identity.arrays import U64, Bools, Ints
from engine.identity.graph import Persons
from engine.identity.linking import Evidence
from engine.identity.stability import Named


@dataclass(frozen=True)
class Graph:
    """All identifiers and links. ``high`` (sorted) and ``low`` are the halves of each hash, ``kinds`` the place of its
    kind in the document; of each link ``kind`` is that of its weaker end, or MANUAL."""

    high: U64
    low: U64
    kinds: NDArray[np.uint8]
    first: U64
    second: U64
    kind: NDArray[np.uint8]
    evidence: Evidence


@dataclass(frozen=True)
class Candidate:
    """A graph with its persons: ``person`` is the place of each identifier's among ``names.ids``; ``home`` that of each
    person's household (a place of its own for who lives alone)."""

    graph: Graph
    persons: Persons
    names: Named
    home: Ints

    @property
    def refused(self) -> Bools:
        """Links that a limit or a decision kept out."""
        return self.persons.refused
