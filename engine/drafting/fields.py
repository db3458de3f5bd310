"""Columns as traits, properties, identifiers and consents of a drafted model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

from engine.domain.model import SITE_MONEY, Consent, Field, Identifier, Source
from engine.domain.values import ValueType
from engine.drafting.asking import SURE, Option, Question, Record
from engine.drafting.consents import agreed, consent_kind, is_consent_table, is_understood
from engine.drafting.money import is_currency, is_money
from engine.drafting.personal import HIDDEN, IDENTIFYING, Finding, personal
from engine.drafting.survey import Column, Survey, Table
from engine.drafting.words import words
from engine.sql.build import alias, column, name
from engine.sql.columns import Physical

TYPES = {
    Physical.INTEGER: ValueType.INTEGER,
    Physical.DECIMAL: ValueType.DECIMAL,
    Physical.FLOAT: ValueType.DECIMAL,
    Physical.TEXT: ValueType.STRING,
    Physical.BOOLEAN: ValueType.BOOLEAN,
    Physical.DATE: ValueType.DATE,
    Physical.NAIVE: ValueType.TIMESTAMP,
    Physical.INSTANT: ValueType.TIMESTAMP,
}
_AMBIGUOUS = ("newsletter", "boletin", "boletim", "mailing", "subscribed")
_CONTACT = IDENTIFYING - {"ip"}


@dataclass
class Fields:
    """Makes fields of columns, and keeps the identifiers and consents that are found on the way."""

    survey: Survey
    record: Record
    identifiers: dict[str, Identifier] = field(default_factory=dict)
    consents: dict[str, Consent] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def finding(self, found: Column) -> Finding:
        """What personal data a column holds; the answer of a person where one was given."""
        if found.place not in self.findings:
            self.findings[found.place] = self._asked(found, personal(found))
        return self.findings[found.place]

    def _asked(self, found: Column, finding: Finding) -> Finding:
        if finding.kind is None:
            return finding
        if not finding.unsure:
            self.record.guess(found.place, finding.kind, finding.evidence, finding.confidence)
            return finding
        options = (Option("yes", "yes: its values are never shown"), Option("no", "no: its values may be shown"))
        question = Question(
            f"personal:{found.place}",
            f"Does {found.place} hold personal data?",
            finding.evidence,
            finding.confidence,
            options,
        )  # fmt: skip
        if self.record.ask(question) == "no":
            return Finding(None, 1.0, "a person said so")
        return finding

    def of(
        self, table: Table, without: Iterable[str], zone: str | None = None, *, person_columns: bool = True
    ) -> dict[str, Field]:
        """The fields of a table's columns, except those that rules cannot read or must not."""
        result, skipped = {}, set(without)
        currency = self._currency(table)
        for found in table.columns.values():
            if found.name in skipped or found.place in self._used:
                continue
            kind = TYPES.get(found.physical)
            if kind is None:
                self.record.notes.append(
                    f"{found.place} was left out: rules cannot read a column that holds {found.type}"
                )
                continue
            finding = self.finding(found)
            if finding.kind in HIDDEN and not finding.unsure:
                self.record.notes.append(f"{found.place} was left out: it looks like personal data")
                continue
            naive = found.physical is Physical.NAIVE
            money = is_money(found) and finding.kind is None
            result[found.name] = Field(
                found.name,
                kind,
                found.name,
                timezone=zone if naive and zone not in (None, "UTC") else None,
                personal=finding.kind is not None,
                money=currency if money else None,
            )
        return result

    def _currency(self, table: Table) -> str | None:
        """The currency of a table's amounts: the only one that its column of currencies has, else that of the site."""
        for found in table.columns.values():
            if is_currency(found):
                several = len(self.survey.values(table.name, found.name, 2)) > 1
                return None if several else next(iter(found.different))
        return SITE_MONEY

    # -- identifiers -------------------------------------------------------------------------------------------------

    def identify(self, table: Table, owner: str, source: Source, *, new_kinds_only: bool = False) -> None:
        """Keep the columns that identify a person. With ``new_kinds_only`` those of kinds that no other table has."""
        known = {one.kind for one in self.identifiers.values()}
        for found in table.columns.values():
            if found.name == owner or found.physical not in (Physical.TEXT, Physical.INTEGER):
                continue
            finding = self.finding(found)
            if finding.kind not in _CONTACT or finding.unsure or (new_kinds_only and finding.kind in known):
                continue
            label = found.name if found.name not in self.identifiers else f"{table.name}_{found.name}"
            self.identifiers[label] = Identifier(label, source, owner, found.name, finding.kind)
            self._used.add(found.place)

    # -- consents ----------------------------------------------------------------------------------------------------

    def agree(self, table: Table, owner: str, source: Source) -> None:
        """Keep the columns that say whether a person agreed. All others of a table of consents are left out."""
        whole = is_consent_table(table.name)
        for found in table.columns.values():
            if found.name == owner:
                continue
            kind = consent_kind(found, among_consents=whole)
            if kind is not None and self._agreed(found, kind, whole=whole):
                self._consent(found, kind, owner, source)
                self._used.add(found.place)
            elif whole:
                self.record.notes.append(
                    f"{found.place} was left out: a consent is true or false, it holds {found.type}"
                )

    def _agreed(self, found: Column, kind: str, *, whole: bool) -> bool:
        ambiguous = set(words(found.name)) & set(_AMBIGUOUS)
        confidence = 0.8 if (kind == "refused" or ambiguous) and not whole else 0.95
        evidence = f"its name speaks of agreeing, and {_two(found)}"
        if confidence >= SURE:
            self.record.guess(found.place, "consent", evidence, confidence)
            return True
        said = {
            "agreed": "a consent: yes means that the person agreed",
            "refused": "a consent: yes means that the person refused",
        }[kind]
        options = (Option("consent", said), Option("field", "no consent: rules may use it"))
        question = Question(
            f"consent:{found.place}", f"Is {found.place} a consent?", evidence, confidence, options
        )  # fmt: skip
        return self.record.ask(question) == "consent"

    def _consent(self, found: Column, kind: str, owner: str, source: Source) -> None:
        label = found.name if kind == "agreed" else _positive(found.name)
        label = label if label not in self.consents else f"{found.table}_{label}"
        if kind == "agreed" and is_understood(found):
            self.consents[label] = Consent(label, source, owner, found.name)
            return
        rows: exp.Expression = self.survey.relation(found.table)
        if source.sql is not None:
            rows = exp.Subquery(
                this=sqlglot.parse_one(source.sql, dialect="duckdb"), alias=exp.TableAlias(this=name("source"))
            )
        says = alias(agreed(found, refused=kind == "refused"), label)
        told = exp.select(column(owner), says).from_(rows)
        self.consents[label] = Consent(label, Source(sql=told.sql(dialect="duckdb")), owner, label)


def _two(found: Column) -> str:
    if found.physical is Physical.BOOLEAN:
        return "its values are true and false"
    return f"all of {len(found.known):,} values are yes or no"


def _positive(label: str) -> str:
    """What a column of refusals is called once it says who agreed."""
    for old, new in (("opt_out", "opt_in"), ("optout", "optin"), ("unsubscribed", "subscribed")):
        if old in label.lower():
            return label.lower().replace(old, new)
    return f"no_{label}"


def samples(found: Column, finding: Finding) -> tuple[str, ...]:
    """A few values of a column for people to recognise it; none of personal data."""
    if finding.kind is not None:
        return ()
    return tuple(dict.fromkeys(value[:40] for value in found.values[:200]))[:3]
