"""The app's words in three languages, and the one formatter every number passes through."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from zoneinfo import ZoneInfo

from PySide6.QtCore import QDate, QLocale

from app.sentences import translated
from engine.errors import EngineError

LANGUAGES = ("en", "es", "pt_BR")
_REGIONS = {"en": "en_US", "es": "es_AR", "pt_BR": "pt_BR"}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
PSEUDO = "pseudo"
"""A made-up language for tests: accents on every letter, a third longer, so that clipped texts show."""


class Words:
    """Texts of one language, and the number and date formats of one region (by default the language's own)."""

    def __init__(self, language: str = "en", region: str | None = None) -> None:
        self.language = language
        self.region = region or _REGIONS.get(language, "en_US")
        self.locale = QLocale(self.region)
        self._texts = texts(language)

    @property
    def of_rules(self) -> str:
        """The language rules are put into words in: this one, or English for the made-up one."""
        return self.language if self.language in LANGUAGES else "en"

    def __call__(self, key: str, *values: object) -> str:
        """The text of a key, its `{}` filled in."""
        return self._texts[key].format(*values)

    def error(self, error: EngineError) -> str:
        """What went wrong in the reader's language; a sentence that is not known there stays the engine's own, behind
        what kind of thing it is."""
        if self.language not in LANGUAGES or self.language == "en":
            return str(error)
        message = translated(error.message, self.language)
        if message is None:
            kind = self(f"error.{error.code}")
            return f"{kind}: {error}"
        where = f"{error.path}: " if error.path else ""
        hint = f". {self.sentence(error.hint)}" if error.hint else ""
        return f"{where}{message}{hint}"

    def sentence(self, text: str) -> str:
        """A sentence of the engine in the reader's language, if it is known there."""
        return (translated(text, self.language) if self.language in LANGUAGES else None) or text

    def reason(self, text: str) -> str:
        """Why a row is bad, in the reader's language; it begins with its column."""
        name, colon, rest = text.partition(": ")
        return f"{name}: {self.sentence(rest)}" if colon else self.sentence(text)

    def number(self, value: int) -> str:
        """A count with the region's separators."""
        return self.locale.toString(value)

    def percent(self, part: int, whole: int) -> str:
        """A share with one decimal."""
        if whole == 0:
            return "–"
        share = 100 * part / whole
        digits = 0 if share >= 99.95 or share == 0 else 1
        return self.locale.toString(share, "f", digits) + " %"

    def part(self, share: float) -> str:
        """A share from 0 to 1, with one decimal."""
        return self.percent(round(share * 1_000_000), 1_000_000)

    def decimal(self, value: float) -> str:
        """A number with two decimals, none when it is large."""
        return self.locale.toString(value, "f", 0 if abs(value) >= 1_000 else 2)

    def scalar(self, value: object) -> str:
        """A value of the data as people of the region write it: numbers, dates, yes and no; a dash for missing."""
        match value:
            case None:
                return self("value.missing")
            case bool():
                return self("value.true" if value else "value.false")
            case int():
                return self.locale.toString(value)
            case float() | Decimal():
                return self.locale.toString(float(value), "f", 0 if float(value).is_integer() else 2)
            case datetime():
                return self.moment(value)
            case date():
                return self.day(value)
            case str() if _DAY.fullmatch(value):
                return self.day(date.fromisoformat(value))
            case str() if _MOMENT.match(value):
                return self.moment(datetime.fromisoformat(value))
            case _:
                return str(value)

    def day(self, day: date) -> str:
        """A date: 1 Aug 2026."""
        return self.locale.toString(QDate(day.year, day.month, day.day), "d MMM yyyy")

    def moment(self, moment: datetime, zone: ZoneInfo | None = None) -> str:
        """A date and time, in a zone when one is given: 1 Aug 2026 09:30."""
        at = moment if zone is None else moment.astimezone(zone)
        return f"{self.day(at.date())} {at:%H:%M}"

    def amount(self, value: object, currency: str) -> str:
        """A value of the data, with its currency before it if it has one: of nine sites, four call theirs "$"."""
        return f"{currency} {self.scalar(value)}".lstrip()

    def label(self, name: str, labels: Mapping[str, str]) -> str:
        """A model name in this language."""
        return labels.get(self.language) or labels.get(self.language.split("_")[0]) or name.replace("_", " ")


def texts(language: str) -> dict[str, str]:
    """Every text of a language by key."""
    plain = "en" if language == PSEUDO else language
    path = files("resources").joinpath("translations", f"{plain}.json")
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return {key: pseudo(text) for key, text in found.items()} if language == PSEUDO else found


_ACCENTS = str.maketrans("aeiounAEIOUNcC", "àéîöüñÀÉÎÖÜÑçÇ")


def pseudo(text: str) -> str:
    """A text of the made-up language; what stands in braces stays.

    >>> pseudo("Save {}")
    '[Sàvé {} ~~]'
    """
    parts = re.split(r"(\{[^}]*\})", text)
    plain = "".join(part if part.startswith("{") else part.translate(_ACCENTS) for part in parts)
    return f"[{plain} {'~' * max(1, round(len(text) * 0.3))}]"
