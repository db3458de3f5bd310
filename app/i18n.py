"""The app's words in three languages, and the one formatter every number passes through."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files

from PySide6.QtCore import QLocale

LANGUAGES = ("en", "es", "pt_BR")
_REGIONS = {"en": "en_US", "es": "es_AR", "pt_BR": "pt_BR"}


class Words:
    """Texts and number formats of one language."""

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self.locale = QLocale(_REGIONS[language])
        self._texts = texts(language)

    def __call__(self, key: str, *values: object) -> str:
        """The text of a key, its `{}` filled in."""
        return self._texts[key].format(*values)

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

    def label(self, name: str, labels: Mapping[str, str]) -> str:
        """A model name in this language."""
        return labels.get(self.language) or labels.get(self.language.split("_")[0]) or name.replace("_", " ")


def texts(language: str) -> dict[str, str]:
    """Every text of a language by key."""
    path = files("resources").joinpath("translations", f"{language}.json")
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found
