"""The sites of the business with zone and currency, and the zone in which times without one were written."""

from __future__ import annotations

from collections.abc import Mapping

from engine.domain.model import DEFAULT_SITE, Site
from engine.drafting.asking import COUNTRY, SURE, Option, Question, Record
from engine.drafting.countries import COUNTRIES, Country, country_of, evidence
from engine.drafting.persons import Persons
from engine.drafting.placing import Placing
from engine.drafting.survey import Column, Survey, Table
from engine.drafting.times import local_sentence
from engine.sql.columns import Physical

_SITE_COLUMNS = ("site_id", "site", "market", "mercado", "country", "country_code", "pais", "cod_pais")
_OF_SITES = frozenset(("site_id", "site", "market", "mercado"))
_MOST_SITES = 60
_LEAST_EVIDENCE = 0.8


class Sites:
    """Sites are drafted once; zones are decided once for each table."""

    def __init__(self, survey: Survey, record: Record, persons: Persons, placing: Placing) -> None:
        self._survey, self._record, self._persons, self._placing = survey, record, persons, placing
        self._zones: dict[str, str | None] = {}
        self._sites: Mapping[str, Site] = {DEFAULT_SITE.id: DEFAULT_SITE}
        self._many = False

    def found(self) -> tuple[str | None, Mapping[str, Site]]:
        """The column of sites and the sites; the default one where nothing tells a country."""
        listed = self._listed() if self._persons.single else None
        if listed is not None:
            self._many = len(listed[1]) > 1
            column, self._sites = listed
            return column, self._sites
        country = self._country()
        if country is not None:
            name = country.names[0].title()
            self._sites = {country.code: Site(country.code, name, country.zone, country.currency)}
        return None, self._sites

    def _listed(self) -> tuple[str, Mapping[str, Site]] | None:
        table = self._survey.tables[self._persons.table]
        for wanted in _SITE_COLUMNS:
            for found in table.columns.values():
                if found.name.lower() != wanted or found.physical is not Physical.TEXT:
                    continue
                values = self._survey.values(table.name, found.name, _MOST_SITES + 1)
                if not 1 < len(values) <= _MOST_SITES or (wanted not in _OF_SITES and self._dominated(found)):
                    continue
                countries = {one: country_of(one) for one in values}
                unknown = [one for one, country in countries.items() if country is None]
                if unknown:
                    self._record.notes.append(
                        f"the time zone of site {', '.join(unknown[:5])} is not known: it is set to UTC"
                    )
                return found.name, {one: _site(one, country) for one, country in countries.items()}
        return None

    def _dominated(self, found: Column) -> bool:
        """Whether nearly all live in one country: then it is the business's, and the others are its guests."""
        return len(found.known) >= 100 and bool(evidence([found]))

    def _country(self) -> Country | None:
        columns = [one for name in self._placing.placed for one in self._survey.tables[name].columns.values()]
        found = [one for one in evidence(columns) if one.weight >= _LEAST_EVIDENCE]
        if not found:
            return None
        codes = list(dict.fromkeys(one.country.code for one in found))
        first = found[0]
        weight = first.weight if len(codes) == 1 else 0.6
        weight = min(0.98, weight + 0.05 * (len(found) - 1)) if len(codes) == 1 else weight
        said = first.sentence
        if weight < SURE:
            options = [Option(code, _of_country(code)) for code in codes]
            question = Question(
                COUNTRY,
                "In which country is the business?",
                said,
                weight,
                (*options, Option("none", "none of them: UTC, and no currency")),
            )
            answer = self._record.ask(question)
            return COUNTRIES.get(answer)
        self._record.guess("sites", codes[0], said, weight)
        return first.country

    # -- zones ---------------------------------------------------------------------------------------------------------

    def zone(self, table: Table, time: str | None) -> str | None:
        """The zone in which a table's times without zone were written; None for UTC."""
        if table.name not in self._zones:
            self._zones[table.name] = self._decided(table, time)
        return self._zones[table.name]

    def _decided(self, table: Table, time: str | None) -> str | None:
        naive = [one for one in table.columns.values() if one.physical is Physical.NAIVE]
        if not naive:
            return None
        first = table.columns[time] if time is not None and table.columns[time] in naive else naive[0]
        site = next(iter(self._sites.values()))
        if self._many or site.timezone == "UTC":
            self._note(first)
            return None
        counts, dates = self._survey.hours(table.name, first.name)
        told = local_sentence(counts, site.timezone) if sum(counts) * 50 > dates else None
        if told is not None and told[1] >= SURE:
            local, confidence, said = told
            self._record.guess(first.place, site.timezone if local else "UTC", said, confidence)
            return site.timezone if local else None
        if sum(counts) * 50 <= dates:  # they are dates of the business
            self._record.guess(first.place, site.timezone, "nearly all times are midnight: they are local dates", SURE)
            return site.timezone
        local, confidence, said = told or (True, 0.6, "the hours of the day do not tell")
        options = [
            Option(site.timezone, f"in {site.timezone}, as the business sees its clock"),
            Option("UTC", "in UTC"),
        ]
        question = Question(
            f"zone:{table.name}",
            f"In which time zone are the times of {first.place} written?",
            said,
            confidence,
            tuple(options if local else reversed(options)),
        )
        answer = self._record.ask(question)
        return None if answer == "UTC" else answer

    def _note(self, first: Column) -> None:
        self._record.notes.append(f"{first.place} has no time zone: it is read as UTC unless the model says otherwise")


def _site(value: str, country: Country | None) -> Site:
    if country is None:
        return Site(value, value)
    return Site(value, value, country.zone, country.currency)


def _of_country(code: str) -> str:
    return f"{code}: {COUNTRIES[code].zone}, {COUNTRIES[code].currency}"
