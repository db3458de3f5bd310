"""Small readers for plain values: each either returns what was asked or raises one clear error with its path."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from engine.domain.durations import Duration, parse_duration, zone
from engine.domain.values import Scalar
from engine.errors import EngineError, nearest

_LARGEST = Decimal(10) ** 28
_LARGEST_FLOAT = Decimal(sys.float_info.max)
_MOST_DIGITS = 36


def fail(path: str, message: str, hint: str | None = None, code: str = "structure") -> EngineError:
    """An error at a path of the document."""
    return EngineError(code, message, path or None, hint)


def shown(value: Any) -> str:
    """A value as it may appear in a message: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\n", " ")
    return text if len(text) <= 60 else text[:57] + "…"


def mapping(value: Any, path: str, what: str) -> dict[str, Any]:
    """The value as a mapping with text keys."""
    if not isinstance(value, dict):
        # A whole document that is text is some other file, maybe one of data: nothing of it is shown.
        given = "text" if isinstance(value, str) and not path else shown(value)
        raise fail(path, f"{what} must be a mapping, not {given}")
    return value


def sequence(value: Any, path: str, what: str) -> list[Any]:
    """The value as a list."""
    if not isinstance(value, list):
        raise fail(path, f"{what} must be a list, not {shown(value)}", "Write it as [ … ].")
    return value


def known_keys(
    value: Mapping[str, Any],
    allowed: Iterable[str],
    path: str,
    what: str,
    habit_hint: Callable[[str], str | None] = lambda key: None,
) -> None:
    """Refuse keys that the rules do not know: with the right form of what people write out of habit, else the nearest
    key, else all keys in their order."""
    names = list(allowed)
    for key in value:
        if key not in names:
            hint = habit_hint(str(key)) or key_hint(str(key), names)
            raise fail(path, f'{what} has no "{key}"', hint)


def key_hint(key: str, names: Sequence[str]) -> str:
    """The nearest of some keys, or all of them: the rules have few, and the one that is wanted may be any.

    >>> key_hint("withing", ["did", "where", "within"])
    'Did you mean "within"?'
    >>> key_hint("x", ["did", "where", "within"])
    'Known: did, where, within.'
    """
    close = nearest(key, names, "key")
    return close if close.startswith("Did") else f"Known: {', '.join(names)}."


def text(value: Any, path: str, what: str) -> str:
    """The value as non-empty text."""
    if not isinstance(value, str) or not value:
        raise fail(path, f"{what} must be text, not {shown(value)}")
    return sound_text(value, path)


def sound_text(value: str, path: str) -> str:
    """Text that can be written as UTF-8."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise fail(path, "the text holds half a character (a lone surrogate)", code="operand") from None
    return value


def optional_text(value: Any, path: str, what: str) -> str | None:
    """Text, or nothing."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise fail(path, f"{what} must be text, not {shown(value)}", "Put it in quotes.")
    return sound_text(value, path)


def flag(value: Any, path: str, what: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise fail(path, f"{what} must be true or false, not {shown(value)}", code="operand")
    return value


def whole(value: Any, path: str, what: str, least: int = 0) -> int:
    """A whole number of at least ``least``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least or value >= 10**18:
        raise fail(path, f"{what} must be a whole number from {least} up, not {shown(value)}", code="operand")
    return value


def scalar(value: Any, path: str, what: str) -> Scalar:
    """An operand: text, a number as large as a float can be (see :func:`exact`), true/false, a date or a time."""
    if isinstance(value, str):
        return sound_text(value, path)
    if isinstance(value, bool | date):
        return value
    if isinstance(value, int | float | Decimal):
        number: int | Decimal = Decimal(repr(value)) if isinstance(value, float) else value
        exact_number = Decimal(number)
        if not exact_number.is_finite() or exact_number.copy_abs() > _LARGEST_FLOAT:
            raise _too_large(value, path, what)
        if isinstance(number, int) or number.copy_abs() < _LARGEST:
            return number if isinstance(number, int) else _written_out(number, path, what)
        return int(number) if number == number.to_integral_value() else _written_out(number, path, what)
    hint = "Use is_set: false for a missing value." if value is None else None
    raise fail(path, f"{what} must be one value, not {shown(value)}", hint, code="operand")


def exact(value: Scalar, path: str, what: str) -> None:
    """Refuse a number that a warehouse does not hold exactly: only a float is as large."""
    if isinstance(value, int | Decimal) and Decimal(value).copy_abs() >= _LARGEST:
        raise _too_large(value, path, what)


def _too_large(value: Any, path: str, what: str) -> EngineError:
    return fail(path, f"{what} must be a finite number below 1e28, not {shown(value)}", code="operand")


def _written_out(number: Decimal, path: str, what: str) -> Decimal:
    """A fraction without an exponent (drivers disagree about 1E+20), within the digits a warehouse can hold."""
    plain = Decimal(f"{number:f}")
    if len(plain.as_tuple().digits) > _MOST_DIGITS or -int(plain.as_tuple().exponent) > _MOST_DIGITS:
        raise fail(path, f"{what} has more than {_MOST_DIGITS} digits", "Round it.", "operand")
    return plain


def duration(value: Any, path: str, what: str) -> Duration:
    """A duration such as 90d."""
    found = parse_duration(value) if isinstance(value, str) else None
    if found is None:
        raise fail(
            path,
            f"{what} is not a duration: {shown(value)}",
            "Write a number and one of min, h, d, w, mo, y, such as 90d.",
            "operand",
        )
    return found


def time_zone(value: Any, path: str) -> str:
    """The name of a time zone this machine knows."""
    name = text(value, path, "a time zone")
    try:
        zone(name)
    except (KeyError, ValueError, OSError):
        from zoneinfo import available_timezones

        hint = nearest(name, available_timezones(), "time zone")
        hint = hint if hint.startswith("Did") else "Write one such as America/Sao_Paulo."
        raise fail(path, f'there is no time zone "{name}"', hint, "operand") from None
    return name
