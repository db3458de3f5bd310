"""How texts are compared when people search: without case and accents."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """Lower case without accents: "telefono" finds "Teléfono"."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
