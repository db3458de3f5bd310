"""Every text exists in every language, and numbers look as the region writes them."""

from __future__ import annotations

import re

import pytest

from app.i18n import LANGUAGES, Words, texts
from app.theme.tokens import DARK, LIGHT, Tokens, contrast


def test_every_language_has_every_text_with_the_same_blanks() -> None:
    english = texts("en")
    for language in LANGUAGES:
        found = texts(language)
        assert found.keys() == english.keys()
        for key, text in found.items():
            assert text.strip(), key
            assert text.count("{}") == english[key].count("{}"), key


def test_numbers() -> None:
    assert Words("en").number(1234567) == "1,234,567"
    assert Words("es").number(4321) == "4.321"
    assert Words("pt_BR").percent(1, 3) == "33,3 %"
    assert Words("en").percent(0, 0) == "–"


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(tokens: Tokens) -> None:
    for back in (tokens.window, tokens.surface, tokens.raised):
        assert contrast(tokens.text, back) >= 7
        assert contrast(tokens.muted, back) >= 4.5
        assert contrast(tokens.danger, back) >= 4.5
        assert contrast(tokens.input_border, back) >= 3
        assert contrast(tokens.all_bar, back) >= 3
        assert contrast(tokens.any_bar, back) >= 3
    assert contrast(tokens.accent_text, tokens.accent) >= 4.5
    assert re.fullmatch(r"#[0-9a-f]{6}", tokens.accent)
