"""Yes and no, in Spanish, Portuguese and English."""

from __future__ import annotations

from engine.tabular.naming import is_one

TRUE = ("true", "t", "yes", "y", "1", "si", "sí", "s", "sim", "verdadero", "verdadeiro", "v")
FALSE = ("false", "f", "no", "n", "0", "não", "nao", "falso")
_PAIRS = ({"s", "n"}, {"y", "n"}, {"v", "f"}, {"t", "f"})


def value(text: str, trimmed: str) -> str:
    """The SQL of a text as a truth value; NULL for any other word."""
    low = f"lower({trimmed})"
    words = f"CASE WHEN {is_one(low, TRUE)} THEN true WHEN {is_one(low, FALSE)} THEN false END"
    return f"CASE WHEN TRY_CAST({text} AS BOOLEAN) IS NULL THEN {words} ELSE TRY_CAST({text} AS BOOLEAN) END"


def is_word(text: str) -> bool:
    """Whether a text may be a truth value."""
    low = text.lower()
    return low in TRUE or low in FALSE


def are_truths(words: set[str]) -> bool:
    """Whether different words, all of which :func:`is_word`, are truth values: one word of several letters is enough,
    single letters need both of a pair (S alone may be a size, F a sex), and 1 and 0 alone are numbers."""
    low = {one.lower() for one in words} - {"1", "0"}
    return any(len(one) > 1 for one in low) or low in _PAIRS
