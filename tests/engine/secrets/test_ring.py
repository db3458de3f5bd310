"""The keyring: only backends that encrypt, and a locked one is said, not passed over."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keyring.backend
import pytest
from keyring.errors import KeyringError, KeyringLocked

from engine.errors import EngineError
from engine.secrets.ring import TRUSTED, Ring


class Backend:
    """What keyring's backends offer, in memory; locked on demand."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.fails: Exception | None = None

    def _ask(self) -> None:
        if self.fails is not None:
            raise self.fails

    def get_password(self, service: str, name: str) -> str | None:
        self._ask()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, value: str) -> None:
        self._ask()
        self.kept[service, name] = value

    def delete_password(self, service: str, name: str) -> None:
        self._ask()
        del self.kept[service, name]


def test_secrets_of_workspaces_do_not_mix() -> None:
    backend = Backend()
    one, other = Ring("convoke /a", backend), Ring("convoke /b", backend)
    one.set("crm", "x")
    assert (one.get("crm"), other.get("crm")) == ("x", None)
    other.remove("crm")
    one.remove("crm")
    assert backend.kept == {}


@pytest.mark.parametrize("error", [KeyringLocked("locked"), KeyringError("no bus")])
def test_a_locked_keyring_is_said(error: Exception) -> None:
    backend = Backend()
    backend.fails = error
    ring = Ring("convoke /a", backend)
    calls: list[Callable[[], object]] = [lambda: ring.get("a"), lambda: ring.set("a", "b"), lambda: ring.remove("a")]
    for call in calls:
        with pytest.raises(EngineError) as caught:
            call()
        assert caught.value.code == "locked"


def test_a_backend_that_writes_plain_files_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class PlaintextKeyring:
        priority = 99

    def found() -> list[object]:
        return [PlaintextKeyring()]

    monkeypatch.setattr(keyring.backend, "get_all_keyring", found)
    with pytest.raises(EngineError) as caught:
        Ring("convoke /a")
    assert caught.value.code == "missing_part"
    assert not any("Plaintext" in name or "null" in name or "chainer" in name for name in TRUSTED)


@pytest.mark.skipif(
    shutil.which("gnome-keyring-daemon") is None or shutil.which("dbus-run-session") is None,
    reason="no Secret Service is installed here: gnome-keyring and dbus",
)
def test_a_real_secret_service_keeps_forgets_and_is_locked(tmp_path: Path) -> None:
    """GNOME's, on a session bus of its own; without a display nobody can be asked to unlock it."""
    unlock = "printf pw | gnome-keyring-daemon --unlock --components=secrets > /dev/null"
    use = f"{unlock}; exec {shlex.quote(sys.executable)} -m tests.support.keyring_use"
    own = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["dbus-run-session", "--", "bash", "-c", use],
        cwd=Path(__file__).parents[3],
        env=own,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["second", None, None, None, "locked"]
