"""What changed between two versions of an audience, as short facts rather than lines of text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from engine.domain.audience import Audience
from engine.domain.audience_codec import write_audience
from engine.domain.canonical import canonical_json
from engine.domain.rule import All, AnyOf, Node, Not
from engine.domain.rule_writing import write_rule
from engine.domain.walk import children


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: where, what kind, and the values before and after (plain)."""

    kind: Literal["added", "removed", "changed", "moved"]
    path: str
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        match self.kind:
            case "added":
                return f"+ {self.path}: {canonical_json(self.after)}"
            case "removed":
                return f"- {self.path}: {canonical_json(self.before)}"
            case "moved":
                return f"→ {self.path}: moved from {self.before}"
            case _:
                return f"~ {self.path}: {canonical_json(self.before)} → {canonical_json(self.after)}"


def diff_audiences(before: Audience | None, after: Audience | None) -> list[Change]:
    """The changes from one version to another; None stands for an audience that is not there."""
    if before is None or after is None:
        return [
            Change("added", "", after=after and after.name)
            if before is None
            else Change("removed", "", before=before.name)
        ]
    old, new = write_audience(before), write_audience(after)
    changes = [
        Change("changed", key, old.get(key), new.get(key))
        for key in dict.fromkeys((*old, *new))
        if key != "rule" and old.get(key) != new.get(key)
    ]
    return changes + diff_rules(before.rule, after.rule)


def diff_rules(before: Node, after: Node, path: str = "rule") -> list[Change]:
    """The changes between two rules, node by node; equal nodes that only moved say so."""
    if before == after:
        return []
    old_kids, new_kids = children(before), children(after)
    if not (old_kids or new_kids) or not isinstance(after, All | AnyOf | Not):
        return [Change("changed", path, write_rule(before), write_rule(after))]
    same_kind = isinstance(before, Not) == isinstance(after, Not)
    if not same_kind or not isinstance(before, All | AnyOf | Not):
        return [Change("changed", path, write_rule(before), write_rule(after))]
    head = _diff_marks(before, after, path)
    if isinstance(before, Not) and isinstance(after, Not):
        return head + diff_rules(before.child, after.child, f"{path}.not")
    assert isinstance(before, All | AnyOf)  # noqa: S101 — of the same kind as after
    assert isinstance(after, All | AnyOf)  # noqa: S101 — the other kinds were handled
    if type(before) is not type(after):
        words = {All: "all", AnyOf: "any"}
        head.append(Change("changed", path, words[type(before)], words[type(after)]))
    return head + _diff_children(before, after, path)


def _diff_marks(before: Node, after: Node, path: str) -> list[Change]:
    marks = [{"muted": node.muted, "note": node.note} for node in (before, after)]
    return [Change("changed", path, *marks)] if marks[0] != marks[1] else []


def _subject(node: Node) -> str:
    plain = write_rule(node)
    key = next(iter(plain))
    return f"{key}:{plain[key]}" if isinstance(plain[key], str) else key


def _diff_children(before: All | AnyOf, after: All | AnyOf, path: str) -> list[Change]:
    old = dict(enumerate(before.children))
    new = dict(enumerate(after.children))
    steps_old = {i: step for i, (step, _) in enumerate(children(before))}
    steps_new = {i: step for i, (step, _) in enumerate(children(after))}
    pairs: list[tuple[int, int]] = []

    def pair(same: Any) -> None:
        for i in list(old):
            j = next((j for j in new if same(old[i], new[j])), None)
            if j is not None:
                pairs.append((i, j))
                del old[i], new[j]

    unpaired_old, unpaired_new = dict(old), dict(new)
    pair(lambda a, b: a == b)
    pair(lambda a, b: _subject(a) == _subject(b))
    changes: list[Change] = []
    kept = [j for _, j in sorted(pairs)]
    for i, j in sorted(pairs, key=lambda p: p[1]):
        place = f"{path}.{steps_new[j]}"
        if unpaired_old[i] != unpaired_new[j]:
            changes += diff_rules(unpaired_old[i], unpaired_new[j], place)
        elif kept != sorted(kept) and i != j:
            changes.append(Change("moved", place, before=f"{path}.{steps_old[i]}"))
    changes += [Change("removed", f"{path}.{steps_old[i]}", before=write_rule(node)) for i, node in old.items()]
    changes += [Change("added", f"{path}.{steps_new[j]}", after=write_rule(node)) for j, node in new.items()]
    return changes
