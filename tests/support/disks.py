"""Disks that refuse: a small file system that is full, and one that is read-only; and what every command is given there.

Real mounts, so only for root on Linux.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import typer

from engine.cli.commands import app
from tests.support.everything import EMAIL, KEY, Everything, answered, passphrase

AS_OF = "2026-07-05T00:00:00Z"
FILES, OUT = "{files}", "{out}"
ARGUMENTS: dict[str, list[str]] = {
    "init": [f"{OUT}/another"],
    "connect": ["local:"],
    "size": ["buyers", "place", "--as-of", AS_OF],
    "members": ["buyers", "--as-of", AS_OF, "--out", f"{OUT}/members.csv"],
    "explain": ["buyers"],
    "why": ["buyers", KEY],
    "lineage": ["buyers"],
    "plan": ["-f", f"{FILES}/audiences"],
    "apply": ["-f", f"{FILES}/changed"],
    "list": [],
    "show": ["buyers"],
    "history": ["buyers"],
    "diff": ["buyers"],
    "delete": ["place"],
    "insights": ["buyers"],
    "run": ["--all", "--as-of", AS_OF],
    "runs": [],
    "freshness": [],
    "snapshots": ["buyers"],
    "changes": ["buyers"],
    "schema": ["model"],
    "doctor": [],
    "sync": ["--allow-removals"],
    "model infer": ["--out", f"{OUT}/model.yaml"],
    "model sessions": ["session", "--of", "visit", "--gap", "30min"],
    "model check": [f"{FILES}/model.yaml"],
    "model show": [],
    "model apply": [f"{FILES}/model.yaml"],
    "lists add": ["others", f"{FILES}/fans.csv", "--report", f"{OUT}/report.csv"],
    "lists onboard": ["others", f"{FILES}/emails.csv"],
    "lists show": [],
    "store check": [],
    "store clean": [],
    "daemon status": [],
    "daemon stop": [],
    "daemon next": [],
    "daemon tasks": [],
    "daemon now": ["buyers"],
    "daemon backfill": ["buyers", "--from", "2026-06-01", "--to", "2026-06-03"],
    "daemon retry": ["1"],
    "daemon cancel": ["1"],
    "daemon pause": ["buyers"],
    "daemon resume": ["buyers"],
    "daemon log": [],
    "daemon install": ["--print"],
    "collect aside": ["--into", f"{OUT}/aside.jsonl"],
    "collect replay": [f"{FILES}/aside.jsonl"],
    "collect status": [],
    "token add": ["another", "--scope", "read"],
    "token list": [],
    "token revoke": ["reader"],
    "secret set": ["crm"],
    "secret list": [],
    "secret remove": ["crm"],
    "secret make-key": [f"{OUT}/vault.key"],
    "alert list": [],
    "alert seen": [],
    "alert test": [],
    "destination add": [f"{FILES}/folder.yaml"],
    "destination test": ["crm"],
    "destination list": [],
    "destination pause": ["crm"],
    "destination resume": ["crm"],
    "destination remove": ["crm"],
    "identity draft": ["--out", f"{OUT}/identity.yaml"],
    "identity apply": [f"{FILES}/identity.yaml"],
    "identity show": [],
    "identity run": ["--everything"],
    "identity rotate": [],
    "identity state": [],
    "identity check": ["--rebuild"],
    "identity whatif": [f"{FILES}/identity.yaml"],
    "identity lookup": [f"email:{EMAIL}"],
    "identity resolve": [f"{FILES}/emails.csv"],
    "identity person": [f"email:{EMAIL}"],
    "identity explain": ["profile:p1", "profile:p2"],
    "identity export": ["--out", f"{OUT}/persons.parquet"],
    "identity cut": ["profile:p1", "profile:p2", "--reason", "a test"],
    "identity join": ["profile:p3", "profile:p4", "--reason", "a test"],
    "identity block": ["device:d5", "--reason", "a test"],
    "identity undo": ["1"],
    "identity judge": ["profile:p1", "profile:p2", "--same"],
    "identity review": [],
    "identity decisions": [],
    "identity forget": [f"email:{EMAIL}", "--yes"],
    "ingest load": [f"{FILES}/more.csv", "--into", "more"],
    "ingest draft": [f"{FILES}/more.csv", "--into", "more", "--out", f"{OUT}/more.yaml"],
    "ingest watch": [f"{FILES}/watch.yaml", "--once"],
    "ingest status": [],
    "ingest replay": ["{load}"],
    "quality run": [],
    "quality show": [],
    "quality accept": ["people", "rows", "--reason", "a test"],
    "quality draft": ["visits", "--out", f"{OUT}/visits.yaml"],
    "trait run": [],
    "trait list": [],
    "trait history": ["visits"],
    "trait values": ["visits"],
    "lookalike train": [],
    "lookalike list": [],
    "lookalike show": ["like_fans"],
    "lookalike reach": ["like_fans", "--share", "0.1"],
    "lookalike preview": ["like_fans", "--share", "0.1"],
    "lookalike apply": [],
    "lookalike why": ["like_fans", KEY],
    "lookalike rule": ["like_fans", "--share", "0.1"],
    "propensity train": [],
    "propensity show": ["likely"],
    "propensity list": [],
    "propensity apply": [],
    "warehouse layout": ["--apply"],
}
LEFT_OUT = {
    "destination types": "it looks at no workspace",
    "secret allow": "it writes as secret set does",
    "demo": "it makes a workspace by the operations of init, model apply and apply",
    "app": "the window: its worker runs the same operations",
    "serve": "it runs until it is stopped",
    "daemon run": "it runs until it is stopped",
    "daemon start": "it starts daemon run",
    "collect": "it runs until it is stopped",
}
UNEXPECTED = re.compile(r"did not expect|Traceback|report it|Error\(|\[?[Ee]rrno|DuckDB|SQLite:|apsw\.|IO Error")
NAMED = re.compile(r"disk is full|no space left|read-only|the disk refuses")
OTHER = {
    "secret set": "nothing is typed here",
    "alert test": "nobody is to be told",
    "ingest watch": "its document watches nothing here",
    "ingest replay": "the bad row is no row of the table",
    "propensity show": "there is no such document here",
    "identity resolve": "it reads identifiers, not a table",
    "quality run": "a check of the data fails",
    "model check": "a check of the data fails",
    "doctor": "it tells what it finds",
}
"""Commands that may also answer no, or bad input, for a reason of their own."""


def every_command() -> list[str]:
    """Every command of the command line that can be run, from its own tree."""
    found: list[str] = []

    def walk(command: Any, path: str) -> None:
        below = getattr(command, "commands", None)
        if below is None or getattr(command, "invoke_without_command", False):
            found.append(path)
        for name, one in (below or {}).items():
            walk(one, f"{path} {name}".strip())

    walk(typer.main.get_command(app), "")
    return [one for one in found if one]


@contextmanager
def mounted(where: Path, size: str = "48m") -> Iterator[Path]:
    """A small file system of its own; gone afterwards."""
    where.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where)], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def can_mount() -> bool:
    """Whether this process may mount file systems."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    return subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """The disk has not one byte left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 20))
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(512))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """The disk cannot be written."""
    subprocess.run(["mount", "--bind", str(disk), str(disk)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(disk)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


class Refusing:
    """A workspace in which everything was done, on a small disk; each command begins with it as it was."""

    def __init__(self, made: Everything, disk: Path) -> None:
        self.kept, self.disk, self.files = made.files.parent / "kept", disk, made.files
        self.folder = made.folder
        shutil.copytree(self.folder, self.kept)
        self.load = next(path.name for path in (made.folder / "warehouse" / "kept").iterdir())
        (self.files / "emails.csv").write_text(f"email\n{EMAIL}\np1@mail.com\n", "utf-8")
        (self.files / "more.csv").write_text("id,n\n" + "".join(f"x{n},{n}\n" for n in range(900)), "utf-8")
        (self.files / "aside.jsonl").write_text("", "utf-8")
        shutil.copytree(self.files / "audiences", self.files / "changed", dirs_exist_ok=True)
        changed = self.files / "changed" / "buyers.json"
        changed.write_text(changed.read_text("utf-8").replace('"gte": 3', '"gte": 4'), "utf-8")
        self.restore()

    def restore(self) -> None:
        """The disk as it was: the workspace, and nothing beside it."""
        for path in self.disk.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        shutil.copytree(self.kept, self.folder)

    def told(self, command: str, how: Any = lambda disk: nullcontext()) -> tuple[int, str]:
        """The exit code and the words of a command while the disk refuses."""
        places = {"files": str(self.files), "out": str(self.disk), "load": self.load}
        given = [one.format(**places) for one in ARGUMENTS[command]]
        with how(self.disk), passphrase():
            return answered(*command.split(), *given, "--workspace", str(self.folder))
