"""The demo speaks the language asked for, and the doctor looks."""

from __future__ import annotations

from pathlib import Path

from engine import operations
from engine.settings import read_settings


def test_the_demo_in_spanish(tmp_path: Path) -> None:
    with operations.prepare_demo(tmp_path, profiles=1_000, language="es") as workspace:
        names = [s.audience.name for s in operations.list_audiences(workspace).stored]
    assert "Compradores inactivos" in names
    assert read_settings(tmp_path).language == "es"
    with operations.prepare_demo(tmp_path, language="en") as workspace:
        assert operations.show(workspace, "lapsed-buyers").sentence.startswith("Personas")


def test_the_doctor_looks_at_the_workspace(demo: operations.Workspace) -> None:
    found = {d.what: d for d in operations.doctor(demo)}
    assert found["Python"].ok
    assert found["warehouse"].ok
    assert "20 audiences" in found["workspace store"].detail
