"""One comparison of the meanings: the oracle's members against the engine's, case by case."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, cast

from engine.bitmap.finding import Setting
from engine.bitmap.library import Library
from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience
from engine.domain.check import check_audience
from engine.domain.documents import dump_yaml, load_one
from engine.membership.evaluate import Evaluator
from engine.membership.portfolio import Portfolio
from engine.sql.compile import World
from engine.store.database import Database
from engine.store.ordinals import OrdinalSegments
from tests.support import oracle
from tests.support.large import LargeWorldMaker
from tests.support.plans import AS_IT_IS, Plan
from tests.support.rules import RuleMaker
from tests.support.worlds import Made, WorldMaker

Plain = dict[str, Any]


def make_world(rng: Random, *, large: bool = False, in_memory: bool = False) -> Made:
    """A world with two lists."""
    made = (LargeWorldMaker(rng, in_memory=in_memory) if large else WorldMaker(rng)).make()
    keys = [row["_key"] for row in made.plain.profiles]
    stranger: Any = 77 if keys and isinstance(keys[0], int) else "stranger"
    made.plain.lists = {"vip": [*keys[::2], stranger], "empty": []}
    return made


class Case:
    """A world, and audiences over it that refer to each other; the warehouse plans its queries as ``plan`` says."""

    def __init__(self, rng: Random, plan: Plan = AS_IT_IS, *, large: bool = False, in_memory: bool = False) -> None:
        self.rng = rng
        self.made = make_world(rng, large=large, in_memory=in_memory)
        plan.apply(self.made.warehouse._connection, Random(len(self.made.plain.profiles)))
        self.rules = RuleMaker(rng, self.made)
        self.audiences: dict[tuple[str, int | None], Audience] = {}
        self.world = World(
            self.made.model,
            self.made.warehouse,
            self.made.warehouse.describe,
            cast(Any, self.made.plain.lists),
            self.made.plain.as_of,
        )

    def document(self, number: int) -> Plain:
        """The next audience document; later ones may refer to it."""
        rng = self.rng
        makers = [self.rules.rule, self.rules.rule, self.rules.ladder, self.rules.trait_ladder]
        rule = rng.choice([*makers, self.rules.chains, self.rules.chains] if self.made.large else makers)()
        document: Plain = {"kind": "audience", "id": f"a{number}", "rule": rule}
        if rng.random() < 0.3:
            document["sites"] = rng.sample(sorted(self.made.plain.sites), 1)
        if rng.random() < 0.15:
            trait = rng.choice(self.made.fields[""]).name
            document["top"] = {
                "n": rng.choice([0, 1, 3, 100]),
                "by": {"trait": trait},
                "order": rng.choice(["asc", "desc"]),
            }
        return document

    def compare(self, document: Plain) -> None:
        """Raise AssertionError when the meanings differ in any case, size or node."""
        made = self.made
        audience = read_audience(load_one(dump_yaml(document)))
        known = [key for key, _ in self.audiences]
        check_audience(audience, made.model, known, list(made.plain.lists))
        evaluator = Evaluator(made.warehouse, self.world, self.audiences)
        sites = audience.sites_in(made.model)
        expected = oracle.members(document, made.plain)
        members = evaluator.members(audience, sites).tolist()
        assert members == sorted(expected), (members, sorted(expected), document)
        assert all(type(key) in (int, str) for key in members), members
        sizes = evaluator.sizes(audience, sites)
        assert sizes.size == len(expected), (sizes, document)
        self._compare_nodes(document, audience, sizes)
        self.audiences[audience.id, None] = audience
        made.plain.audiences[audience.id] = document
        self.rules.audiences.append(audience.id)

    def compare_together(self, documents: list[Plain], folder: Path) -> None:
        """The third meaning: all documents as one plan of shared scans over bitmaps, in small slices."""
        made = self.made
        audiences = [read_audience(load_one(dump_yaml(document))) for document in documents]
        wanted = [(audience, audience.sites_in(made.model)) for audience in audiences]
        database = Database(folder / "store.sqlite")
        scratch = made.warehouse.scratch()
        memory = self.rng.choice([1, 500, 1 << 20])
        library = Library(database, folder / "bitmaps", 1 << 20)
        setting = Setting(made.warehouse, self.world, scratch, library, OrdinalSegments(database), {}, memory)
        portfolio = Portfolio(setting, self.audiences)
        for document, found in zip(documents, portfolio.members(wanted), strict=True):
            expected = sorted(oracle.members(document, made.plain))
            assert found.tolist() == expected, (found.tolist(), expected, document)
        for document, audience, sizes in zip(documents, audiences, portfolio.sizes(wanted), strict=True):
            assert sizes.size == len(oracle.members(document, made.plain)), (sizes, document)
            self._compare_nodes(document, audience, sizes)
        scratch.close()
        library.close()
        database.close()

    def _compare_nodes(self, document: Plain, audience: Audience, sizes: Any) -> None:
        """Each node's own size, and the size without each condition, are the oracle's too."""
        plain = self.made.plain
        alone = {key: value for key, value in document.items() if key != "top"}
        for found in (*sizes.conditions, *sizes.groups):
            node = node_at(document["rule"], found.path)
            assert found.size == len(oracle.members({**alone, "rule": node}, plain)), (found, document)
        for found in sizes.conditions:
            muted = with_muted(document["rule"], found.path)
            assert found.without == len(oracle.members({**document, "rule": muted}, plain)), (found, document)

    def close(self) -> None:
        """Let the world go."""
        self.made.warehouse.close()
        if self.made.folder is not None:
            self.made.folder.cleanup()


def steps_of(path: str) -> list[str | int]:
    """`rule.all[2].not` → ["all", 2, "not"]."""
    result: list[str | int] = []
    for part in path.split(".")[1:]:
        name, _, index = part.partition("[")
        result.append(name)
        if index:
            result.append(int(index[:-1]))
    return result


def node_at(rule: Plain, path: str) -> Plain:
    """The node at a path."""
    node: Any = rule
    for step in steps_of(path):
        node = node[step]
    found: Plain = node
    return found


def with_muted(rule: Plain, path: str) -> Plain:
    """A copy of the rule with the node at a path muted."""

    def copied(node: Any, steps: list[str | int]) -> Any:
        if not steps:
            return {**node, "muted": True}
        if isinstance(node, list):
            return [copied(n, steps[1:]) if i == steps[0] else n for i, n in enumerate(node)]
        return {**node, steps[0]: copied(node[steps[0]], steps[1:])}

    result: Plain = copied(rule, steps_of(path))
    return result
