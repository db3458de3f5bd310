"""Random rules over a generated world, with operands drawn from its data so that conditions are seldom trivial."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from tests.support.rule_parts import PartMaker, Plain
from tests.support.worlds import TEXTS, Made


class RuleMaker(PartMaker):
    """Builds rules from a source of randomness."""

    def __init__(self, rng: Random, made: Made) -> None:
        super().__init__(rng, made)
        self.audiences: list[str] = []
        self._equates = 0.9 if made.large else 0.5
        """How often a step of a sequence equates a property with one of an earlier step, where it can."""

    def rule(self, depth: int = 3) -> Plain:
        """A rule of at most so many levels."""
        rng = self.rng
        if depth > 0 and rng.random() < 0.45:
            kind = rng.choice(["all", "any", "not"])
            if kind == "not":
                return self.marked({"not": self.rule(depth - 1)})
            return self.marked({kind: [self.rule(depth - 1) for _ in range(rng.choice([0, 1, 2, 2, 3]))]})
        return self.marked(self.leaf())

    def leaf(self) -> Plain:
        """One condition."""
        makers = [self.trait] * 4 + [self.did] * 5 + [self.has] * 2 + [self.sequence] * 3 + [self.sample, self.listed]
        if self.audiences:
            makers += [self.audience] * 2
        return self.rng.choice(makers)()

    def trait(self) -> Plain:
        found = self.rng.choice(self.made.fields[""])
        return {"trait": found.name, **self.operator(found)}

    def listed(self) -> Plain:
        return {"list": self.rng.choice(sorted(self.made.plain.lists))}

    def audience(self) -> Plain:
        return {"audience": self.rng.choice(self.audiences)}

    def sample(self) -> Plain:
        percent = self.rng.choice([0, 10, Decimal("33.3"), 50, 100])
        return {"sample": {"percent": percent, "seed": self.rng.choice(["a", "ñ", ""])}}

    def did(self) -> Plain:
        source = self.rng.choice(["buy", "view it", "return"])
        node: Plain = {"did": source, **self.measured(source, timed=True)}
        if self.rng.random() < 0.5:
            node["where"] = self.where(source)
        if self.rng.random() < 0.75:
            node["within"] = self.window()
        return node

    def has(self) -> Plain:
        node: Plain = {"has": "card", **self.measured("card", timed=False)}
        if self.rng.random() < 0.5:
            node["where"] = self.where("card")
        return node

    def ladder(self) -> Plain:
        """Conditions alike but for a constant, a window or a number: what shares a scan."""
        rng = self.rng
        source = rng.choice(["buy", "view it", "return", "card"])
        timed = source != "card"
        fields = [f for f in self.made.fields[source] if f.type in ("string", "integer")]
        windows = [self.window() for _ in range(2)]
        measures = [self.measured(source, timed=timed) for _ in range(3)]
        nodes: list[Plain] = []
        for _ in range(rng.choice([2, 5, 9])):
            node: Plain = {"did" if timed else "has": source, **rng.choice(measures)}
            if fields and rng.random() < 0.85:
                found = rng.choice(fields[:2])
                constant = rng.choice(TEXTS) if found.type == "string" else rng.randint(-2, 6)
                node["where"] = [{"property": found.name, "eq": constant}]
                if rng.random() < 0.3:
                    node["where"].append(self._property(source))
            if timed and rng.random() < 0.8:
                node["within"] = rng.choice(windows)
            nodes.append(node)
        return {rng.choice(["all", "any"]): nodes}

    def trait_ladder(self) -> Plain:
        """Several conditions on one trait."""
        found = self.rng.choice(self.made.fields[""])
        nodes = [{"trait": found.name, **self.operator(found)} for _ in range(self.rng.choice([2, 4]))]
        return {self.rng.choice(["all", "any"]): nodes}

    def chains(self) -> Plain:
        """Several sequences."""
        nodes = [self.sequence() for _ in range(self.rng.choice([1, 2, 3]))]
        return {self.rng.choice(["all", "any"]): nodes}

    def sequence(self) -> Plain:
        rng = self.rng
        steps: list[Plain] = []
        for i in range(rng.choice([1, 2, 2, 3])):
            step: Plain = {"did": rng.choice(["buy", "view it", "return"])}
            if rng.random() < 0.3:
                step["where"] = self.where(step["did"])
            if rng.random() < 0.7:
                step["as"] = f"s{i}"
            if i > 0:
                self._linked(step, steps)
            steps.append(step)
        node: Plain = {"sequence": steps}
        if rng.random() < 0.6:
            node["within"] = self.window()
        return node

    def _linked(self, step: Plain, earlier: list[Plain]) -> None:
        rng = self.rng
        if rng.random() < 0.5:
            step["gap"] = rng.choice(
                [
                    {"lte": "7d"},
                    {"gte": "1d"},
                    {"gte": "1h", "lte": "30d"},
                    {"lte": "1mo"},
                    {"gte": "1mo"},
                    {"gte": "0d"},
                ]
            )
        if rng.random() < 0.35:
            step["without"] = {"did": rng.choice(["buy", "view it", "return"])}
            if rng.random() < 0.3:
                step["without"]["where"] = self.where(step["without"]["did"])
        named = [s for s in earlier if "as" in s]
        if named and rng.random() < self._equates:
            other = rng.choice(named)
            pairs = [
                (own.name, theirs.name)
                for own in self.made.fields[step["did"]]
                for theirs in self.made.fields[other["did"]]
                if own.type == theirs.type and "." not in theirs.name
            ]
            if pairs:
                own, theirs = rng.choice(pairs)
                step["same"] = {own: f"{other['as']}.{theirs}"}
