"""The file that makes an operating system start the daemon with the user's session, from packaging/daemon."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Installation:
    """What to write where, and the command that makes it count."""

    path: Path
    text: str
    then: str
    encoding: str = "utf-8"


def installation(folder: Path, platform: str, command: Sequence[str], home: Path) -> Installation:
    """For `sys.platform`: a systemd user unit, a launchd agent, or a Windows task that runs ``command``, the command
    line's own start.

    A workspace's file is named after it, so that several workspaces have a daemon each.
    """
    name = f"convoke-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    if platform == "darwin":
        label = f"io.convoke.{name}"
        path = home / "Library" / "LaunchAgents" / f"{label}.plist"
        strings = "".join(f"<string>{escape(part)}</string>" for part in command)
        values = {"label": label, "command": strings, "folder": escape(str(folder))}
        return Installation(path, _filled("launchd.plist", values), f"launchctl load -w {path}")
    if platform == "win32":
        path = folder / f"{name}.xml"
        values = {
            "program": escape(command[0]),
            "options": escape(" ".join(command[1:])),
            "folder": escape(str(folder)),
            "user": escape(getpass.getuser()),
        }
        then = f'schtasks /Create /TN "{name}" /XML "{path}"'
        return Installation(path, _filled("windows-task.xml", values), then, "utf-16")
    path = home / ".config" / "systemd" / "user" / f"{name}.service"
    values = {"command": " ".join(map(_systemd, command)), "folder": _systemd(str(folder))}
    return Installation(path, _filled("systemd.service", values), f"systemctl --user enable --now {name}")


def _filled(template: str, values: dict[str, str]) -> str:
    text = _template(template).read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _systemd(text: str) -> str:
    """Quoted for an ExecStart line (systemd.service(5)): backslashes, quotes, percent and dollar signs."""
    for what, by in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        text = text.replace(what, by)
    return f'"{text}"'


def _template(name: str) -> Traversable:
    """A file of packaging/daemon, which an installed Convoke has among its resources."""
    installed = files("resources").joinpath("daemon", name)
    return installed if installed.is_file() else Path(__file__).parents[2] / "packaging" / "daemon" / name
