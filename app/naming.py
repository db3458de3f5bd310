"""Ids from names, unique among those there are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection


def id_from_name(name: str, taken: Collection[str]) -> str:
    """`Compradores de São Paulo` → compradores-de-sao-paulo; a number is added when that id is taken.

    Empty when the name holds no letter or digit.
    """
    decomposed = unicodedata.normalize("NFD", name.lower())
    ascii_text = "".join(c for c in decomposed if not unicodedata.combining(c))
    base = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")[:55]
    if not base or base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
