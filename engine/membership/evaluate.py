"""Evaluating audiences against a warehouse: sizes with every condition's own, members, and why.

Up to 60 distinct conditions are one query, whatever their number of sites when these resolve alike. Larger rules are
read in slices of 60 conditions, profile by profile in key order, and put together here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.domain.audience import Audience
from engine.domain.check import patterns
from engine.domain.model import Site
from engine.domain.walk import conditions
from engine.errors import EngineError
from engine.jobs import Job
from engine.membership.algebra import Algebra, TruthTable
from engine.membership.without import sets_without
from engine.sql.build import Statement
from engine.sql.compile import WORD_BITS, Compiler, World
from engine.sql.formula import Expansion, Formula, TopOf
from engine.sql.sources import Sources
from engine.sql.zones import depends_on_zone
from engine.warehouses.protocol import Warehouse

Catalogue = Mapping[tuple[str, int | None], Audience]
"""Audiences by id and pinned version (None: the current one); everything the rules refer to."""


@dataclass(frozen=True)
class NodeSize:
    """A node's own size; ``without`` is the audience's size if the node were not written (leaves only)."""

    path: str
    size: int
    without: int | None = None


@dataclass(frozen=True)
class Sizes:
    """An audience's sizes over all its sites."""

    size: int
    base: int
    per_site: Mapping[str, int]
    conditions: tuple[NodeSize, ...]
    groups: tuple[NodeSize, ...]


@dataclass(frozen=True)
class Verdict:
    """Whether one profile is in each node of a rule; ``site`` None when it is in none of the audience's sites."""

    site: str | None
    member: bool
    nodes: Mapping[str, bool] = field(default_factory=dict)


@dataclass
class Tally:
    """Counts of one audience while its sites are added up."""

    size: int = 0
    base: int = 0
    own: dict[str, int] = field(default_factory=dict)
    without: dict[str, int] = field(default_factory=dict)

    def add(self, size: int, limit: int | None) -> None:
        """Add one site's size, of which at most ``limit`` are kept."""
        self.size += size if limit is None else min(size, limit)


class Evaluator:
    """Answers for audiences at one moment over one warehouse."""

    def __init__(self, warehouse: Warehouse, world: World, catalogue: Catalogue, job: Job | None = None) -> None:
        self._warehouse = warehouse
        self._world = world
        self._catalogue = catalogue
        self._job = job

    # -- sizes -----------------------------------------------------------------------------------------------------

    def sizes(self, audience: Audience, sites: Sequence[Site]) -> Sizes:
        """The audience's size, its base, and each node's own size, over the given sites."""
        self.check_patterns(audience)
        per_site: dict[str, int] = {}
        total = Tally()
        for batch, expansion, compiler in self._batches(audience, sites):
            for site, table in self._tables(compiler, len(expansion.leaves), batch).items():
                before = total.size
                self._count(audience, expansion_for(site, expansion, self._catalogue, audience), table, total)
                per_site[site] = total.size - before
        leaves = [path for path, _ in conditions(audience.rule)]
        own = total.own
        return Sizes(
            total.size,
            total.base,
            {site.id: per_site.get(site.id, 0) for site in sites},
            tuple(NodeSize(path, own.get(path, 0), total.without.get(path, 0)) for path in leaves),
            tuple(NodeSize(path, size) for path, size in own.items() if path not in set(leaves)),
        )

    def is_large(self, audience: Audience, sites: Sequence[Site]) -> bool:
        """Whether an audience has more conditions than one query answers."""
        expansions = [Expansion(site.id, self._catalogue) for site in sites[:1]]
        for expansion in expansions:
            expansion.audience(audience)
        return any(len(expansion.leaves) > WORD_BITS for expansion in expansions)

    def _count(self, audience: Audience, expansion: Expansion, table: TruthTable, total: Tally) -> None:
        """Add one site's counts."""
        algebra = Algebra(table)
        if audience.sites is not None and expansion.site not in audience.sites:
            return
        parts = expansion.parts(audience)
        limit = audience.top.count if audience.top is not None else None

        def kept(size: int) -> int:
            return size if limit is None else min(size, limit)

        total.base += table.count(table.everyone())
        total.add(algebra.size(expansion.audience(audience)), limit)
        for path, formula in parts.items():
            total.own[path] = total.own.get(path, 0) + algebra.size(formula)
        for path, bits in sets_without(audience.rule, parts, algebra).items():
            total.without[path] = total.without.get(path, 0) + kept(table.count(bits))

    def _batches(self, audience: Audience, sites: Sequence[Site]) -> list[tuple[list[Site], Expansion, Compiler]]:
        """Sites that resolve to the same conditions go together."""
        sources = Sources(self._world.model, self._world.catalog)
        groups: dict[tuple[object, ...], tuple[list[Site], Expansion, Compiler]] = {}
        for site in sites:
            expansion = Expansion(site.id, self._catalogue)
            expansion.audience(audience)
            zoned = len(sites) > 1 and any(depends_on_zone(leaf.condition, sources) for leaf in expansion.leaves)
            alone = any(isinstance(leaf.condition, TopOf) for leaf in expansion.leaves)
            identity = (expansion.identities(), site.timezone if zoned else None, site.id if alone else None)
            if identity not in groups:
                groups[identity] = ([], expansion, Compiler(self._world, expansion.leaves, site))
            groups[identity][0].append(site)
        return list(groups.values())

    def _tables(self, compiler: Compiler, leaves: int, sites: Sequence[Site]) -> dict[str, TruthTable]:
        """A truth table for each site."""
        names = [site.id for site in sites]
        if leaves <= WORD_BITS:
            found = self._rows(compiler.truth_table(range(leaves), names))
            return {one: _table([row for row in found if row[0] == one]) for one in names}
        return {one: TruthTable(self._masks(compiler, leaves, one), None, WORD_BITS) for one in names}

    def _masks(self, compiler: Compiler, leaves: int, site: str) -> list[NDArray[np.int64]]:
        masks = []
        for first in range(0, leaves, WORD_BITS):
            indexes = range(first, min(first + WORD_BITS, leaves))
            masks.append(_plain(self._arrays(compiler.masks(indexes, site, keys=False))["mask"]))
            self._report(first / leaves)
        return masks

    # -- members ---------------------------------------------------------------------------------------------------

    def member_statements(self, audience: Audience, sites: Sequence[Site]) -> list[Statement]:
        """The SQL that returns the member keys, one statement for sites that resolve alike."""
        return [
            compiler.members(expansion.audience(audience), [site.id for site in batch], audience.top)
            for batch, expansion, compiler in self._member_batches(audience, sites)
        ]

    def members(self, audience: Audience, sites: Sequence[Site]) -> NDArray[Any]:
        """The member keys of the sites, sorted (integers by number, text by code point)."""
        self.check_patterns(audience)
        parts = []
        integer = True
        for batch, expansion, compiler in self._member_batches(audience, sites):
            integer = compiler.integer_key
            formula = expansion.audience(audience)
            if len(expansion.leaves) > WORD_BITS and audience.top is None:
                parts += [self._many(compiler, formula, len(expansion.leaves), site.id) for site in batch]
            else:
                statement = compiler.members(formula, [site.id for site in batch], audience.top)
                parts.append(_plain(self._arrays(statement)["key"]))
        if not parts:
            return np.array([], dtype=np.int64 if integer else object)
        return np.sort(np.concatenate(parts)) if len(parts) > 1 else parts[0]

    def _member_batches(
        self, audience: Audience, sites: Sequence[Site]
    ) -> list[tuple[list[Site], Expansion, Compiler]]:
        """As :meth:`_batches`; a `top` ranks each site alone, and references may differ by site."""
        chosen = [site for site in sites if audience.sites is None or site.id in audience.sites]
        result = []
        for batch, expansion, compiler in self._batches(audience, chosen):
            alike: dict[str, tuple[list[Site], Expansion]] = {}
            for site in batch:
                own = expansion_for(site.id, expansion, self._catalogue, audience)
                key = site.id if audience.top is not None else repr(own.audience(audience))
                alike.setdefault(key, ([], own))[0].append(site)
            result += [(found, own, compiler) for found, own in alike.values()]
        return result

    def _many(self, compiler: Compiler, formula: Formula, leaves: int, site: str) -> NDArray[Any]:
        first = self._arrays(compiler.masks(range(WORD_BITS), site, keys=True))
        masks = [_plain(first["mask"])]
        for start in range(WORD_BITS, leaves, WORD_BITS):
            indexes = range(start, min(start + WORD_BITS, leaves))
            masks.append(_plain(self._arrays(compiler.masks(indexes, site, keys=False))["mask"]))
            self._report(start / leaves)
        table = TruthTable(masks, None, WORD_BITS)
        members: NDArray[Any] = _plain(first["key"])[table.unpacked(Algebra(table).evaluate(formula))]
        return members

    # -- one profile -----------------------------------------------------------------------------------------------

    def why(self, audience: Audience, sites: Sequence[Site], key: Any) -> Verdict:
        """Whether one profile satisfies each node, at the same moment as any size."""
        self.check_patterns(audience)
        for site in sites:
            expansion = Expansion(site.id, self._catalogue)
            formula = expansion.audience(audience)
            compiler = Compiler(self._world, expansion.leaves, site)
            key = self.typed_key(compiler, key)
            if not self._rows(compiler.sites_of(key, [site.id])):
                continue
            leaves = len(expansion.leaves)
            masks = [
                _plain(
                    self._arrays(
                        compiler.masks(range(first, min(first + WORD_BITS, leaves)), site.id, keys=False, key=key)
                    )["mask"]
                )
                for first in range(0, max(leaves, 1), WORD_BITS)
            ]
            algebra = Algebra(TruthTable(masks, None, WORD_BITS))
            nodes = {path: algebra.size(part) > 0 for path, part in expansion.parts(audience).items()}
            member = algebra.size(formula) > 0
            if member and audience.top is not None:
                member = key in set(self.members(audience, [site]).tolist())
            return Verdict(site.id, member, nodes)
        return Verdict(None, False)

    @staticmethod
    def typed_key(compiler: Compiler, key: Any) -> Any:
        """A key given as text, in the type the profile table has."""
        plain = compiler.plain_key(str(key))
        if plain is None:
            raise EngineError(
                "not_found", f'there is no profile "{key}"', hint="Write the key as it is in the warehouse."
            )
        return int(plain) if compiler.integer_key else plain

    def trait_value(self, trait: str, site: Site, key: Any) -> Any:
        """One profile's value of a trait; None when missing."""
        compiler = Compiler(self._world, [], site)
        found = self._rows(compiler.trait_value(trait, self.typed_key(compiler, key)))
        return found[0][0] if found else None

    # -- asking ----------------------------------------------------------------------------------------------------

    def check_patterns(self, audience: Audience) -> None:
        """Raise EngineError("operand") for a regular expression that the warehouse refuses."""
        for path, pattern in patterns(audience.rule):
            problem = self._warehouse.regex_error(pattern)
            if problem is not None:
                raise EngineError("operand", f"the expression cannot be read: {problem}", path, "Use RE2 syntax.")

    def _arrays(self, statement: Statement) -> dict[str, Any]:
        return self._warehouse.arrays(statement.sql, statement.parameters, self._job)

    def _rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        return self._warehouse.rows(statement.sql, statement.parameters, self._job)

    def _report(self, share: float) -> None:
        if self._job is not None:
            self._job.report(share, "reading conditions")


def expansion_for(site: str, shared: Expansion, catalogue: Catalogue, audience: Audience) -> Expansion:
    """The expansion of one of several sites that resolve alike: the same conditions under the same numbers."""
    if site == shared.site:
        return shared
    own = Expansion(site, catalogue)
    own.audience(audience)
    return own


def _table(rows: list[tuple[Any, ...]]) -> TruthTable:
    """One site's rows of (site, mask, profiles)."""
    masks = np.array([row[1] for row in rows], dtype=np.int64)
    return TruthTable([masks], np.array([row[2] for row in rows], dtype=np.int64), WORD_BITS)


def _plain(array: Any) -> NDArray[Any]:
    """A column without its mask: nothing selected here is ever NULL."""
    return np.asarray(np.ma.getdata(array))
