"""Secrets by reference: kept outside the store, revealed when something is sent, waited for while locked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError
from engine.operations import (
    make_vault_key,
    remove_secret,
    save_destination,
    secrets,
    set_secret,
    sync,
    sync_due,
    try_destination,
)
from engine.settings import write_settings
from tests.support.delivering import make, person, refresh
from tests.support.receiver import receiver

KEY = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PEOPLE = [person(i) for i in range(1, 40)]


def test_a_canary_is_nowhere_but_in_the_vault_and_the_person_only_hashed(tmp_path: Path) -> None:
    with receiver(KEY) as server:
        document = {
            "type": "webhook",
            "settings": {"url": server.url, "secret": {"secret": "hook"}},
            "identifiers": ["email"],
        }
        with make(tmp_path / "ws", PEOPLE, document) as workspace:
            make_vault_key(workspace, tmp_path / "vault.key")
            assert set_secret(workspace, "hook", KEY) == "vault"
            assert [(one.name, one.kept_in) for one in secrets(workspace)] == [("hook", "vault")]
            refresh(workspace)
            (done,) = sync(workspace)
            assert done.state == "done", done.reason
            assert len(server.members()) == len(PEOPLE)
            folder = workspace.folder
    canaries = [KEY.encode(), KEY.removeprefix("whsec_").encode(), (tmp_path / "vault.key").read_bytes().strip()]
    raw = [str(person(3).email).encode(), str(person(7).email).lower().encode()]
    for path in (
        p
        for p in folder.rglob("*")
        if p.is_file() and "warehouse" not in p.parts and p.suffix not in (".csv", ".duckdb")
    ):
        data = path.read_bytes()
        for secret in canaries + raw:
            assert secret not in data, path
    for body in server.bodies:
        assert not any(one in body for one in raw)


def test_a_locked_vault_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(KEY) as server:
        document = {"type": "webhook", "settings": {"url": server.url, "secret": {"secret": "hook"}}}
        with make(tmp_path / "ws", PEOPLE, document) as workspace:
            write_settings(workspace.folder, replace(workspace.settings, secrets="vault"))
            del workspace.settings
            monkeypatch.setenv("CONVOKE_VAULT_PASSPHRASE", "correct horse")
            set_secret(workspace, "hook", KEY)
            monkeypatch.delenv("CONVOKE_VAULT_PASSPHRASE")
            refresh(workspace)
            (waiting,) = sync_due(workspace)
            assert waiting.state == "planned"
            assert "the vault is locked" in (waiting.reason or "")
            assert server.members() == {}
            monkeypatch.setenv("CONVOKE_VAULT_PASSPHRASE", "correct horse")
            workspace.database._connection.execute("UPDATE sync SET not_before = '2000-01-01T00:00:00Z'")
            (done,) = sync_due(workspace)
            assert done.state == "done"
            assert len(server.members()) == len(PEOPLE)


def test_names_and_uses(tmp_path: Path) -> None:
    document = {"type": "webhook", "settings": {"url": "http://localhost:1/", "secret": {"secret": "hook"}}}
    with make(tmp_path / "ws", PEOPLE, document) as workspace:
        make_vault_key(workspace, tmp_path / "vault.key")
        for name, value in (("a b", "x"), ("", "x"), ("ok", "")):
            with pytest.raises(EngineError):
                set_secret(workspace, name, value)
        with pytest.raises(EngineError, match='there is no secret "hok"'):
            remove_secret(workspace, "hok")
        set_secret(workspace, "hook", KEY)
        set_secret(workspace, "spare", "x")
        with pytest.raises(EngineError, match="needs it"):
            remove_secret(workspace, "hook")
        remove_secret(workspace, "spare")
        assert [one.name for one in secrets(workspace)] == ["hook"]
        plain = {
            "kind": "destination",
            "id": "d",
            "type": "webhook",
            "settings": {"url": "https://x.org", "secret": KEY},
        }
        with pytest.raises(EngineError, match="must not stand in the document"):
            save_destination(workspace, plain)


def test_a_reference_to_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVOKE_SECRET_HOOK", KEY)
    monkeypatch.setenv("HOOK", KEY)
    with receiver(KEY) as server, make(tmp_path / "ws", PEOPLE, {"type": "folder", "settings": {"path": "out"}}) as ws:
        hook: dict[str, Any] = {"kind": "destination", "id": "hook", "type": "webhook"}
        hook["settings"] = {"url": server.url, "secret": {"env": "CONVOKE_SECRET_HOOK"}}
        save_destination(ws, hook)
        assert "took a signed test message" in try_destination(ws, "hook")
        monkeypatch.delenv("CONVOKE_SECRET_HOOK")
        with pytest.raises(EngineError, match="the environment has no CONVOKE_SECRET_HOOK"):
            try_destination(ws, "hook")
        other = hook | {"id": "other", "settings": {"url": server.url, "secret": {"env": "HOOK"}}}
        with pytest.raises(EngineError, match="cannot refer to this variable") as refused:
            save_destination(ws, other)
        assert "allow_environment" in (refused.value.hint or "")
        write_settings(ws.folder, replace(ws.settings, allow_environment="NOTHING HOO*"))
        del ws.settings
        save_destination(ws, other)
        assert "took a signed test message" in try_destination(ws, "other")
