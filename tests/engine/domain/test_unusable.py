"""The cleaning that every kind of identifier begins with."""

from __future__ import annotations

import pytest

from engine.domain.unusable import plain, whole_number


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("  ana ", "ana"),
        ("\u200eana\u202c\ufeff", "ana"),
        ("ａna\u00a0", "ana"),
        ("a\x00b", None),
        ("a\nb", None),
        ("", None),
        ("   ", None),
        ("x" * 1_001, None),
    ],
)
def test_plain_text(text: str, found: str | None) -> None:
    assert plain(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("11987654321.0", "11987654321"),
        ("11987654321,00", "11987654321"),
        ("1.1987654321E10", "11987654321"),
        ("1.19876543E+10", "11987654300"),
        ("1.19877E+10", "1.19877E+10"),
        ("11987654321.5", "11987654321.5"),
        ("1.234", "1.234"),
        ("ana", "ana"),
    ],
)
def test_whole_numbers(text: str, found: str) -> None:
    assert whole_number(text) == found
