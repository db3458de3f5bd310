"""Hints about optional parts fit the way Convoke was installed, and never name a stranger's package."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from engine import __version__, extras
from engine.extras import DISTRIBUTION, how_to_add

ROOT = Path(__file__).parents[2]
NAMED = re.compile(
    r"(?:pip|pipx|uv tool|uv pip)3? (?:install|run) [^\n`]*\bconvoke\b(?!-cdp)|convoke\[|uvx convoke\b(?!-cdp)"
)


def test_each_kind_of_installation_gets_its_own_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert how_to_add("google") == "Run uv sync --inexact --extra google in the folder of Convoke's source."
    monkeypatch.setattr(extras, "_ROOT", tmp_path)
    assert how_to_add("google").startswith("Reinstall your convoke-cdp wheel with the extra [google]")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert how_to_add("google").startswith("This build of Convoke does not include google")


def test_the_distribution_is_ours() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == DISTRIBUTION
    assert project["version"] == __version__
    locked = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    assert [one["name"] for one in locked if one["source"] == {"editable": "."}] == [DISTRIBUTION]
    assert "convoke" not in {one["name"] for one in locked}


def test_nothing_tells_anybody_to_install_a_strangers_package() -> None:
    for folder in ("app", "engine", "resources", "packaging", "sample_data"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".md", ".json", ".sh", ".service", ".plist", ".xml", ".html"):
                assert not NAMED.search(path.read_text("utf-8")), path
    for name in ("README.md", "Makefile", "pyproject.toml"):
        assert not NAMED.search((ROOT / name).read_text("utf-8")), name
    assert NAMED.search("pip install 'convoke[google]'")
    assert NAMED.search("pip install convoke")
