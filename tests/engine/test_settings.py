"""The workspace's settings: what is wrong in them is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.settings import Settings, read_settings, write_settings


def test_settings_survive_writing(tmp_path: Path) -> None:
    settings = Settings(warehouse='duckdb:///a "b" \\c.duckdb', language="pt_BR", memory="3GB", keep="7d")
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings
    assert (settings.memory_bytes, settings.keep_days) == (3 << 30, 7)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('memory = "lots"', "no amount of memory"),
        ('memory = "1MB"', "at least"),
        ("memory = 4", "must be text"),
        ('keep = "for ever"', "number of days"),
        ('langauge = "es"', "language"),
        ('language = "fr"', "no language"),
    ],
)
def test_wrong_settings_are_said(line: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "convoke.toml").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(EngineError) as caught:
        read_settings(tmp_path)
    assert word in str(caught.value)
