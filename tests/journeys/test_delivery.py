"""From the canvas to three real servers, by the real daemon: members arrive, then exactly what changed, and who
withdraws consent is gone everywhere at the next delivery."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from obstore.store import from_url
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from app.__main__ import Shell
from app.audiences.delivery import DeliveryDialog
from app.audiences.schedule import ScheduleDialog
from app.canvas.operator_editor import OperatorEditor
from app.mime import Item
from app.ui_state import UiState
from engine.domain.audience import Audience
from engine.operations import Workspace, apply_model_text, init, make_vault_key, save_destination, set_secret, syncs
from engine.settings import read_settings, write_settings
from tests.support.crashing import daemon
from tests.support.delivering import MODEL, Person, expected, person, publish
from tests.support.destining import State, replayed
from tests.support.postgres import binaries, server
from tests.support.sftp_server import MAKES, SSHD, sftp_server
from tests.support.swift import SECRET, swift

PEOPLE = [person(i) for i in range(1, 301)] + [person(900, city="RJ"), person(901, agreed=False)]
LATER = [*PEOPLE[20:300], person(400), person(401), person(7, email="moved@example.com")]
Readers = Mapping[str, Callable[[], State]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace over people, its secrets in a vault."""
    with init(tmp_path / "ws") as made:
        write_settings(made.folder, replace(made.settings, warehouse="local:", language="es"))
    publish(tmp_path / "ws", PEOPLE)
    with Workspace(tmp_path / "ws") as workspace:
        apply_model_text(workspace, MODEL)
        make_vault_key(workspace, tmp_path / "vault.key")
    return tmp_path / "ws"


@pytest.fixture
def destinations(folder: Path) -> Iterator[Readers]:
    """Real servers, each a destination; what each holds."""
    readers: dict[str, Callable[[], State]] = {}
    with ExitStack() as stack, Workspace(folder) as workspace:

        def keep(identifier: str, kind: str, settings: dict[str, Any]) -> None:
            document = {"kind": "destination", "id": identifier, "type": kind, "settings": settings}
            save_destination(workspace, document | {"identifiers": ["email"], "min_size": 2})

        files = stack.enter_context(sftp_server(MAKES[1] if SSHD else MAKES[0]))
        set_secret(workspace, "agency", files.private_key)
        keep("agency", "sftp", {**files.settings(), "format": "jsonl", "private_key": {"secret": "agency"}})
        readers["agency"] = lambda: replayed(
            {f"{p.parent.name}/{p.name}": p.read_bytes() for p in (files.files / "daily" / "sp").rglob("*.jsonl")}
        )
        objects = stack.enter_context(swift())
        set_secret(workspace, "lake", SECRET)
        keep("lake", "objects", {**objects.settings(), "format": "jsonl", "secret_access_key": {"secret": "lake"}})
        readers["lake"] = lambda: replayed(_objects(objects.settings()))
        if binaries() is not None:
            database = stack.enter_context(server())
            keep("crm", "postgres", dict(database.settings))
            readers["crm"] = lambda: _table(database.settings)
        yield readers


def _objects(settings: dict[str, Any]) -> dict[str, bytes]:
    plain: Any = {**settings, "secret_access_key": SECRET}
    store: Any = from_url(plain.pop("url"), config=plain, client_options={"allow_http": True})
    names = [one["path"] for page in store.list("sp") for one in page]
    return {name: bytes(store.get(name).bytes()) for name in names}


def _table(settings: Mapping[str, str]) -> State:
    import psycopg

    with psycopg.connect(**settings) as connection:  # type: ignore[arg-type]
        if connection.execute("SELECT to_regclass('convoke_members')").fetchone() == (None,):
            return {}
        rows = connection.execute("SELECT key, email FROM convoke_members WHERE audience = 'sp'").fetchall()
    return {str(key): tuple(("email", one) for one in emails) for key, emails in rows}


def designed(qtbot: QtBot, qapp: QApplication, folder: Path, places: Readers) -> None:
    """Someone makes the audience in the app: a condition, when it is refreshed, where it goes, whose consent it needs."""
    state = UiState(QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat))
    state.see("tour")
    shell = Shell(qapp, folder, read_settings(folder), state)
    window = shell.window
    try:
        with qtbot.waitSignal(window.session.opened, timeout=30_000):
            shell.start()
        window.document.open(Audience("", ""), 0)
        window.show_page(home=False)
        window.top.renamed.emit("SP")
        assert window.canvas is not None
        window.canvas.add(Item("trait", "city"))
        qtbot.waitUntil(lambda: bool(window.findChildren(OperatorEditor)), timeout=5_000)
        (editor,) = window.findChildren(OperatorEditor)
        editor._names.setCurrentIndex(editor._names.findData("eq"))
        (field,) = (one for one in editor.findChildren(QLineEdit) if one.property("suggests"))
        qtbot.keyClicks(field, "SP")
        audience = window.document.audience
        schedule = ScheduleDialog(audience, [], window.words)
        schedule.ways["on_data"].setChecked(True)
        schedule.decided.connect(lambda chosen: window.document.edit(chosen, "refresh"))
        schedule._on_ok()
        assert window.model is not None
        delivery = DeliveryDialog(window.document.audience, window.model, {}, window.session, window.words)
        qtbot.waitUntil(lambda: set(delivery.places) == set(places), timeout=20_000)
        for box in (*delivery.places.values(), *delivery.consents.values()):
            box.setChecked(True)
        delivery.decided.connect(lambda chosen: window.document.edit(chosen, "delivery"))
        delivery._on_ok()
        with qtbot.waitSignal(window.session.saved, timeout=20_000):
            window.save()
    finally:
        shell.worker.stop()
        window.document.history.clear()
        window.close()


def _told(folder: Path, found: Mapping[str, State], wanted: State) -> str:
    """What each holds, and what became of the deliveries."""
    with Workspace(folder) as workspace:
        states = [(one.destination_id, one.state, one.reason) for one in syncs(workspace, "sp")]
    return f"{ {name: len(one) for name, one in found.items()} } of {len(wanted)}: {states}"


def until(folder: Path, places: Readers, people: list[Person]) -> None:
    """Wait until every destination holds exactly these people."""
    wanted, end = expected(people), time.monotonic() + 60
    while True:
        found = {name: read() for name, read in places.items()}
        if all(one == wanted for one in found.values()):
            return
        assert time.monotonic() < end, _told(folder, found, wanted)
        time.sleep(0.5)


def test_from_the_canvas_to_the_servers_and_back_out_of_them(
    qtbot: QtBot, qapp: QApplication, folder: Path, destinations: Readers
) -> None:
    designed(qtbot, qapp, folder, destinations)
    process = daemon(folder)
    try:
        until(folder, destinations, PEOPLE)
        publish(folder, LATER)
        until(folder, destinations, LATER)
        with Workspace(folder) as workspace:
            newest = {one.destination_id: one for one in reversed(syncs(workspace, "sp"))}
            for one in newest.values():
                counts = {name: one.summary[name] for name in ("add", "remove", "change", "same")}
                assert counts == {"add": 2, "remove": 19, "change": 1, "same": 280}, one.destination_id
        publish(folder, [replace(one, agreed=one.id != 42) for one in LATER])
        until(folder, destinations, [one for one in LATER if one.id != 42])
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
