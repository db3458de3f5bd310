"""Any rule as one sentence in English, Spanish or Brazilian Portuguese.

The sentence is what a screen reader says, what a tool tip shows and what an audit keeps.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, assert_never

from engine.domain.audience import Audience
from engine.domain.durations import Duration
from engine.domain.model import DataModel
from engine.domain.naming import Names
from engine.domain.operators import (
    Among,
    Anniversary,
    Between,
    Compare,
    IsSet,
    Operator,
    Relative,
    TextMatch,
)
from engine.domain.phrases import PHRASES
from engine.domain.rule import (
    All,
    AnyOf,
    Did,
    Has,
    InAudience,
    InList,
    Measure,
    Node,
    Not,
    PropertyIs,
    Sample,
    Sequence,
    Sql,
    Step,
    TraitIs,
    Where,
    WhereAll,
    WhereAny,
    WhereNot,
)
from engine.domain.rule_writing import plain_number
from engine.domain.values import Scalar
from engine.domain.walk import unmuted
from engine.domain.windows import Ago, CalendarCurrent, CalendarLast, Last, Span, Window

_SHOWN_VALUES = 6
_COUNTING = ("times", "days", "distinct")


class Describer:
    """Puts rules into words in one language, with the model's own labels where it has them."""

    def __init__(self, language: str = "en", model: DataModel | None = None) -> None:
        self._words: dict[str, Any] = PHRASES[language]
        self._names = Names(language, model)

    def audience(self, audience: Audience) -> str:
        """The rule and its `top` as one text; amounts are in the currency of the audience's sites."""
        self._names.over(audience)
        sentence = self.rule(audience.rule)
        if audience.top is None:
            return sentence
        order = self._words["highest" if audience.top.order == "desc" else "lowest"]
        trait = self._names.trait(audience.top.trait)
        return sentence + str(self._words["top"]).format(self.scalar(audience.top.count), order, trait)

    def rule(self, rule: Node) -> str:
        """The whole rule as one sentence."""
        kept = unmuted(rule)
        if kept is None or kept == All():
            return str(self._words["everyone"])
        if kept == AnyOf():
            return str(self._words["nobody"])
        return str(self._words["people"]).format(self.clause(kept))

    def clause(self, node: Node) -> str:
        """One node as a clause."""
        words = self._words
        match node:
            case All(children):
                return self._joined(children, words["and"], words["all_everyone"])
            case AnyOf(children):
                return self._joined(children, words["or"], words["any_nobody"])
            case Not(child):
                return str(words["not"]).format(self.clause(child))
            case TraitIs(trait, operator):
                currency = self._names.currency(self._names.trait_field(trait))
                return f"{self._names.trait(trait)} {self.operator(operator, currency)}"
            case Did(event, where, window, measure):
                return self._counted("did", self._names.event(event), event, where, window, measure)
            case Has(name, where, measure):
                return self._counted("has", self._names.object(name), name, where, None, measure)
            case Sequence(steps, window):
                inner = words["then"].join(self._step(step) for step in steps)
                return str(words["sequence"]).format(self.window(window), inner)
            case InAudience(audience, version):
                pinned = "" if version is None else words["version"].format(version)
                return str(words["audience"]).format(audience) + pinned
            case InList(name):
                return str(words["list"]).format(name)
            case Sample(percent, _):
                return str(words["sample"]).format(self.scalar(percent))
            case Sql():
                return str(words["sql"])
            case _:
                assert_never(node)

    def _joined(self, children: tuple[Node, ...], word: str, empty: str) -> str:
        if not children:
            return empty
        texts = [
            f"({self.clause(child)})"
            if isinstance(child, All | AnyOf) and len(child.children) > 1
            else self.clause(child)
            for child in children
        ]
        return word.join(texts)

    # -- values ----------------------------------------------------------------------------------------------------

    def scalar(self, value: Scalar) -> str:
        """An operand as people write it in this language."""
        if isinstance(value, bool):
            return str(self._words["true" if value else "false"])
        if isinstance(value, int | Decimal):
            group, point = self._words["numbers"]
            number = plain_number(value) if isinstance(value, Decimal) else value
            return f"{number:,}".replace(",", "\0").replace(".", point).replace("\0", group)
        if isinstance(value, datetime):
            return value.isoformat(" ", "minutes")
        if isinstance(value, date):
            return value.isoformat()
        return f"“{value}”"

    def duration(self, duration: Duration) -> str:
        """90d → 90 days."""
        one, many = self._words["units"][duration.unit]
        return f"{self.scalar(duration.count)} {one if duration.count == 1 else many}"

    def amount(self, value: Scalar, currency: str) -> str:
        """An operand, with its currency before it if it has one."""
        return f"{currency} {self.scalar(value)}".lstrip()

    def operator(self, operator: Operator, currency: str = "") -> str:
        """The operator with its operands."""
        words = self._words
        match operator:
            case Compare(name, value):
                dated = {"lt": "before", "lte": "until", "gt": "after", "gte": "from"}
                key = dated.get(name, name) if isinstance(value, date) else name
                text = words[key].format(self.amount(value, currency))
            case Among(name, values):
                shown = [self.amount(value, currency) for value in values[:_SHOWN_VALUES]]
                if len(values) > _SHOWN_VALUES:
                    shown.append(words["more"].format(self.scalar(len(values) - _SHOWN_VALUES)))
                text = words[name].format(", ".join(shown))
            case Between(low, high):
                text = words["between"].format(self.amount(low, currency), self.amount(high, currency))
            case TextMatch(name, found):
                text = words[name].format(self.scalar(found))
            case IsSet(value):
                text = words["set" if value else "unset"]
            case Relative(name, length):
                text = words[name].format(self.duration(length))
            case Anniversary(length):
                text = words["anniversary"].format(self.duration(length))
            case _:
                assert_never(operator)
        return str(text) + (words["ignore_case"] if getattr(operator, "ignore_case", False) else "")

    def window(self, window: Window | None) -> str:
        """The window, with a space before it; nothing for all time."""
        words = self._words
        match window:
            case None:
                return ""
            case Last(length):
                return str(words["win_last"]).format(self.duration(length))
            case Span(start, end):
                since = "" if start is None else words["win_from"].format(self.scalar(start))
                return since + ("" if end is None else words["win_to"].format(self.scalar(end)))
            case Ago(older, newer):
                return str(words["win_ago"]).format(self.duration(older), self.duration(newer))
            case CalendarLast(unit, count):
                one, many = words["units"][unit]
                return str(words["win_calendar"]).format(self.scalar(count), one if count == 1 else many)
            case CalendarCurrent(unit):
                return str(words["win_current"]).format(words["units"][unit][0])
            case _:
                assert_never(window)

    # -- events ----------------------------------------------------------------------------------------------------

    def _counted(
        self, kind: str, label: str, name: str, where: Where | None, window: Window | None, measure: Measure
    ) -> str:
        condition = self._with(name, where)
        if measure.kind != "times":
            what = self._words[measure.kind].format(self._names.property(name, measure.property or ""))
            summed = None if measure.kind in _COUNTING else self._names.property_field(name, measure.property or "")
            operator = self.operator(measure.operator, self._names.currency(summed))
            return str(self._words["measured"]).format(label, condition, self.window(window), what, operator)
        head = str(self._words[kind]).format(label)
        return f"{head} {self._times(measure.operator)}{condition}{self.window(window)}"

    def _times(self, operator: Operator) -> str:
        match operator:
            case Compare("gte", 1):
                return str(self._words["times_ge_1"])
            case Compare("eq", 0):
                return str(self._words["times_eq_0"])
            case Compare(name, value) if name != "neq":
                return str(self._words[f"times_{name}"]).format(self.scalar(value))
            case _:
                return str(self._words["times"]).format(self.operator(operator))

    def _with(self, source: str, where: Where | None) -> str:
        text = "" if where is None else self._where(source, where)
        return str(self._words["with"]).format(text) if text else ""

    def _where(self, source: str, where: Where) -> str:
        if where.muted:
            return ""
        match where:
            case PropertyIs(name, operator):
                currency = self._names.currency(self._names.property_field(source, name))
                return f"{self._names.property(source, name)} {self.operator(operator, currency)}"
            case WhereNot(child):
                inner = self._where(source, child)
                return str(self._words["not"]).format(inner) if inner else ""
            case WhereAll(children) | WhereAny(children):
                word = self._words["and" if isinstance(where, WhereAll) else "or"]
                texts = [text for text in (self._where(source, child) for child in children) if text]
                nested = isinstance(where, WhereAny) and len(texts) > 1
                return f"({word.join(texts)})" if nested else str(word.join(texts))

    def _step(self, step: Step) -> str:
        words = self._words
        text = f"“{self._names.event(step.event)}”{self._with(step.event, step.where)}"
        if step.gap_at_least is not None:
            text += words["gap_gte"].format(self.duration(step.gap_at_least))
        if step.gap_at_most is not None:
            text += words["gap_lte"].format(self.duration(step.gap_at_most))
        for same in step.same:
            text += words["same"].format(self._names.property(step.event, same.property))
        if step.without is not None:
            text += words["without"].format(self._names.event(step.without.event))
        return text


def describe(audience: Audience, language: str = "en", model: DataModel | None = None) -> str:
    """An audience's rule in one sentence; ``language`` is en, es or pt_BR."""
    return Describer(language, model).audience(audience)
