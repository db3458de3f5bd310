"""The refresh form: every way is written as the document has it and read back, what it does not show stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QTime
from pytestqt.qtbot import QtBot

from app.audiences.schedule import Days, ScheduleDialog, shown_refresh, zones_of
from app.i18n import LANGUAGES, Words
from engine.domain.audience import Audience
from engine.domain.schedule import read_schedule
from tests.support.canvases import SMALL

ZONES = ["America/Sao_Paulo", "America/Santiago"]


def shown(qtbot: QtBot, refresh: Any, language: str = "en") -> ScheduleDialog:
    settings = {"owner": "ana"} | ({} if refresh is None else {"refresh": refresh})
    dialog = ScheduleDialog(Audience("sp", "SP", settings=settings), ZONES, Words(language))
    qtbot.addWidget(dialog)
    return dialog


@pytest.mark.parametrize(
    "refresh",
    [
        None,
        "on_data",
        {"every": "6h"},
        {"every": "2w", "misfire": "all", "jitter": "5min"},
        {"cron": "30 8 * * 1,3,5", "timezone": "America/Santiago"},
        {"cron": "0 0 * * *", "timezone": "America/Lima"},
        {"cron": "15 6 1 * *", "timezone": "UTC", "overlap": "buffer"},
    ],
)
def test_what_is_not_touched_stays(qtbot: QtBot, refresh: Any) -> None:
    chosen = shown(qtbot, refresh).chosen().settings
    assert chosen.get("refresh") == refresh
    assert chosen["owner"] == "ana"


def test_each_way_by_its_fields(qtbot: QtBot) -> None:
    dialog = shown(qtbot, {"every": "6h", "jitter": "5min"})
    dialog.count.setValue(2)
    dialog.unit.setCurrentIndex(dialog.unit.findData("d"))
    assert dialog.value() == {"every": "2d", "jitter": "5min"}
    assert dialog.preview.text().count("\n") == 4
    dialog.at.setTime(QTime(9, 5))
    for day in (2, 4):
        dialog.days[day].setChecked(False)
    assert dialog.value() == {"cron": "5 9 * * 1,3,5", "timezone": "America/Sao_Paulo", "jitter": "5min"}
    assert "09:05" in dialog.preview.text() or "9:05" in dialog.preview.text()
    dialog.days[7].setChecked(True)
    assert dialog.value()["cron"] == "5 9 * * 1,3,5,0"
    dialog.cron.setText("")
    dialog.cron.textEdited.emit("")
    assert not dialog._ok.isEnabled()
    dialog.cron.setText("0 8 1 * *")
    dialog.cron.textEdited.emit("")
    assert dialog._ok.isEnabled()
    assert dialog.value()["cron"] == "0 8 1 * *"
    dialog.ways["on_data"].setChecked(True)
    with qtbot.waitSignal(dialog.decided) as told:
        dialog._on_ok()
    assert told.args[0].settings["refresh"] == "on_data"


def test_a_schedule_that_cannot_be_read_begins_by_hand(qtbot: QtBot) -> None:
    assert shown(qtbot, {"every": "soon"}).ways["manual"].isChecked()


@given(st.integers(0, 23), st.integers(0, 59), st.sets(st.integers(1, 7), min_size=1))
def test_days_are_written_as_cron_and_read_back(hour: int, minute: int, days: set[int]) -> None:
    found = Days(hour, minute, tuple(sorted(days)))
    assert Days.of(found.cron) == found
    assert read_schedule({"cron": found.cron}).kind == "cron"


@pytest.mark.parametrize("cron", ["*/5 * * * *", "0 8 1 * *", "0 8 * * MON", "61 8 * * *", "0 25 * * *", "nonsense"])
def test_other_cron_times_are_not_taken_for_days(cron: str) -> None:
    assert Days.of(cron) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_schedule_is_said_in_words(language: str) -> None:
    words = Words(language)

    def said(refresh: Any) -> str:
        return shown_refresh(Audience("a", "a", settings={"refresh": refresh}), words)

    assert said({"every": "6h"}) == words("home.every", "6h")
    assert words("refresh.every_day") in said({"cron": "30 8 * * *"})
    assert "cron" not in said({"cron": "30 8 * * 1-5"})
    assert "*" not in said({"cron": "30 8 * * 1-5"})
    assert "–" in said({"cron": "30 8 * * 1-5"})
    assert said({"cron": "30 8 * * 1,3"}).count(",") == 1
    assert said({"cron": "*/5 * * * *"}) == "*/5 * * * *"
    assert said(None) == words("home.manual")


def test_the_zones_of_the_sites() -> None:
    zones = zones_of(SMALL.sites)
    assert set(zones) >= {one.timezone for one in SMALL.sites.values()}
    assert len(zones) == len(set(zones))
