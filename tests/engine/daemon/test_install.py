"""The files that start the daemon are sound for each system, whatever the folder is called."""

from __future__ import annotations

import plistlib
from configparser import ConfigParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from engine.daemon.install import installation

FOLDER = Path('/data/Campañas & co/50% "best" $1')


def test_systemd(tmp_path: Path) -> None:
    found = installation(FOLDER, "linux", ["/usr/bin/python3", "-P", "-m", "engine.cli"], tmp_path)
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(found.text)
    assert parser["Service"]["Type"] == "notify"
    command = parser["Service"]["ExecStart"]
    assert command.endswith('--workspace "/data/Campañas & co/50%% \\"best\\" $$1"')
    assert command.startswith('"/usr/bin/python3" "-P" "-m" "engine.cli" daemon run')
    assert parser["Service"]["Environment"] == "PYTHONSAFEPATH=1"
    assert found.path.parent == tmp_path / ".config/systemd/user"
    other = installation(Path("/elsewhere"), "linux", ["python"], tmp_path)
    assert other.path != found.path


def test_launchd(tmp_path: Path) -> None:
    found = installation(FOLDER, "darwin", ["/usr/bin/python & co", "-P", "-m", "engine.cli"], tmp_path)
    body = plistlib.loads(found.text.encode())
    assert body["ProgramArguments"][:4] == ["/usr/bin/python & co", "-P", "-m", "engine.cli"]
    assert body["ProgramArguments"][-1] == str(FOLDER)
    assert body["EnvironmentVariables"] == {"PYTHONSAFEPATH": "1"}
    assert body["Label"] in found.path.name


def test_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "ana")
    found = installation(FOLDER, "win32", ["C:\\Python\\python.exe", "-P", "-m", "engine.cli"], tmp_path)
    tree = ET.fromstring(found.text.encode(found.encoding))  # noqa: S314 — our own text
    names = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert tree.findtext("t:Actions/t:Exec/t:Command", namespaces=names) == "C:\\Python\\python.exe"
    assert "-P -m engine.cli daemon run" in (tree.findtext("t:Actions/t:Exec/t:Arguments", namespaces=names) or "")
