"""The engine's sentences in the reader's language.

The engine speaks English. What a campaign manager meets in the app (a rule that does not fit the data, findings of a
check, why a delivery is held) is looked up here by the English sentence, as gettext does; what is not found stays as it
is, behind the translated kind of error.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

_Template = tuple[re.Pattern[str], str]


@cache
def _templates(language: str) -> tuple[_Template, ...]:
    """(how the English sentence looks, the translation), those with the most words of their own first."""
    text = files("resources").joinpath("translations", "sentences.json").read_text(encoding="utf-8")
    found = json.loads(text)
    ordered = sorted(found, key=lambda english: -len(english.replace("{}", "")))
    return tuple(
        (re.compile("(.+?)".join(re.escape(part) for part in english.split("{}")), re.DOTALL), found[english][language])
        for english in ordered
        if language in found[english]
    )


def translated(sentence: str, language: str) -> str | None:
    """The sentence in a language; None when it is not known."""
    for looks, other in _templates(language):
        match = looks.fullmatch(sentence)
        if match is not None:
            return other.format(*match.groups())
    return None
