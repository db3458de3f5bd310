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

_Template = tuple[re.Pattern[str], tuple[str, ...], tuple[bool, ...]]
"""How the English sentence looks, the translation's parts, and which of its places are quoted."""


@cache
def _templates(language: str) -> tuple[_Template, ...]:
    """Those with the most words of their own first."""
    text = files("resources").joinpath("translations", "sentences.json").read_text(encoding="utf-8")
    found = json.loads(text)
    ordered = sorted(found, key=lambda english: -len(english.replace("{}", "")))
    return tuple(_template(english, found[english][language]) for english in ordered if language in found[english])


def _template(english: str, other: str) -> _Template:
    parts = english.split("{}")
    looks = re.compile("(.+?)".join(re.escape(part) for part in parts), re.DOTALL)
    return looks, tuple(other.split("{}")), tuple(part.endswith('"') for part in parts[:-1])


def translated(sentence: str, language: str) -> str | None:
    """The sentence in a language; None when it is not known.

    What is filled in is translated too when it is a sentence of the engine itself, but never what stands in quotes:
    that is the reader's own.
    """
    for looks, other, quoted in _templates(language):
        match = looks.fullmatch(sentence)
        if match is None:
            continue
        values = [
            value if own else translated(value, language) or value
            for value, own in zip(match.groups(), quoted, strict=True)
        ]
        # A translation may leave places out, such as a command that nobody types in the app.
        found = other[0] + "".join(value + part for value, part in zip(values, other[1:], strict=False))
        return None if found == sentence else found
    return None
