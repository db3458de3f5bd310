"""Every text exists in every language, and numbers look as the region writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import app
from app.i18n import LANGUAGES, Words, pseudo, texts
from app.preferences.help import PAGES, page_text
from app.theme.tokens import SCHEMES, Tokens, contrast


def test_every_language_has_every_text_with_the_same_blanks() -> None:
    english = texts("en")
    assert len(english) > 500
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


def test_language_and_region_are_two_things() -> None:
    words = Words("es", "es_MX")
    assert words.number(1234567) == "1,234,567"
    assert words("home") == Words("es")("home")
    assert Words("en", "pt_BR").scalar(Decimal("1234.5")) == "1.234,50"
    assert Words("es", "es_CO").scalar(1234.0) == "1.234"


def test_scalars_are_written_for_people() -> None:
    words = Words("pt_BR")
    assert words.scalar(None) == "sem dado"
    assert words.scalar(True) == words("value.true")
    assert words.scalar("2026-08-01") == "1 ago. 2026"
    assert words.scalar("2026-08-01T09:30:00") == "1 ago. 2026 09:30"
    assert words.scalar("a-text") == "a-text"
    assert words.moment(datetime(2026, 8, 1, 2, tzinfo=UTC), ZoneInfo("America/Sao_Paulo")) == "31 jul. 2026 23:00"


def test_the_made_up_language_keeps_blanks_and_is_longer() -> None:
    english = texts("en")
    assert len(english) > 500
    for key, text in english.items():
        made = pseudo(text)
        assert made.count("{}") == text.count("{}"), key
        assert len(made) >= len(text) * 1.25, key


def test_help_is_there_in_every_language() -> None:
    pages = {(language, key): page_text(key, language) for language in LANGUAGES for key in PAGES}
    assert len(set(pages.values())) == len(LANGUAGES) * len(PAGES)
    for (language, key), text in pages.items():
        assert text.startswith("# "), (language, key)
        assert text.count("\n- ") == pages["en", key].count("\n- "), (language, key)
        assert text.count("\n| ") == pages["en", key].count("\n| "), (language, key)


def test_every_text_that_is_used_exists_and_every_one_that_exists_is_used() -> None:
    """Keys made of parts (`op.{name}`) count as using everything that begins like them."""
    source = "".join(path.read_text(encoding="utf-8") for path in Path(app.__file__).parent.rglob("*.py"))
    known = texts("en")
    used = set(re.findall(r'words\("([a-z_.0-9]+)"', source)) | set(re.findall(r'edit\("(edit\.[a-z]+)"', source))
    assert used <= known.keys()
    made = (*re.findall(r'"([a-z.]+\.)\{', source), "state.", "status.", "reach.", "connect.", "severity.")
    unused = [
        key for key in known if f'"{key}"' not in source and f"'{key}'" not in source and not key.startswith(made)
    ]
    assert unused == []


@pytest.mark.parametrize("tokens", SCHEMES.values(), ids=SCHEMES)
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
