"""Propensities in the app: from an event to probabilities that can be used in rules; stopped half-way; bad input."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.i18n import LANGUAGES, Words
from app.lookalike.propensities import PropensityDialog
from app.session import Session
from app.theme.tokens import DARK, LIGHT
from engine import operations
from tests.app.identity.test_dialog import Answering
from tests.support.likely import Market


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    made = Market(tmp_path, people=2_500)
    yield made
    made.workspace.close()


def shown(
    qtbot: QtBot, market: Market, language: str = "en", *, dark: bool = False
) -> tuple[PropensityDialog, Answering]:
    worker = Answering(market.workspace)
    session = Session(worker)  # type: ignore[arg-type]
    dialog = PropensityDialog(session, Words(language), DARK if dark else LIGHT, market.workspace.model)
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    dialog.show()
    worker.answer()
    return dialog, worker


def choose(dialog: PropensityDialog, name: str) -> None:
    names = [dialog.target.choose.itemText(place).split(" · ")[0] for place in range(dialog.target.choose.count())]
    dialog.target.choose.setCurrentIndex(names.index(name))
    dialog.target.choose.activated.emit(names.index(name))


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_an_event_to_a_trait(qtbot: QtBot, market: Market, language: str) -> None:
    words = Words(language)
    dialog, worker = shown(qtbot, market, language, dark=language == "es")
    assert not dialog.target.train.isEnabled()
    choose(dialog, "buy")
    dialog.target.train.click()
    assert dialog.target.stop.isVisible()
    worker.answer()
    worker.answer()
    name = "p_buy_30d"
    assert dialog.pane.title.text() == words("propensity.title", name, "30", "1")
    card = operations.propensity_show(market.workspace, name)["card"]["services"][name]
    assert words.number(card["did"]) in dialog.pane.judged.text()
    assert len(dialog.pane.curve.accessibleDescription().split("; ")) == len(card["curve"])
    assert dialog.pane.versions.topLevelItemCount() == 1
    QTest.keyClick(dialog.pane.explained.factors, Qt.Key.Key_Down)
    assert not dialog.grab().isNull()
    with qtbot.waitSignal(dialog.used) as used:
        dialog.use.click()
        assert not dialog.use.isEnabled()
        worker.answer()
    assert used.args == [name]
    assert name in dialog.said.text()
    worker.answer()
    assert dialog.models.topLevelItem(0).text(1) == words("lookalike.state.applied")  # type: ignore[union-attr]
    now = datetime.now(UTC)

    def sized(**condition: Any) -> int:
        document = {"kind": "audience", "id": "likely", "rule": {"trait": name, **condition}}
        return operations.size_document(market.workspace, document, as_of=now).size

    average = card["did"] / card["people"]  # how far the highest probability lies above it is chance
    scored = sized(between=[0, 1])
    assert scored == sized(is_set=True) > 2_000
    assert 0 < sized(gte=average) < scored
    assert sized(gte=average) + sized(lt=average) == scored
    if language == "en":
        dialog.retrain.click()
        worker.answer()
        worker.answer()
        assert dialog.pane.versions.topLevelItemCount() == 2


def test_stopped_half_way_nothing_is_there(qtbot: QtBot, market: Market) -> None:
    dialog, _ = shown(qtbot, market)
    choose(dialog, "buy")
    dialog.target.train.click()
    dialog.target.stop.click()
    assert dialog.target.said.text() == Words()("lookalike.stopped")
    assert dialog.target.train.isEnabled()
    assert not list((market.workspace.folder / "scores").glob("*.yaml"))
    dialog.target.train.click()
    dialog.close()
    assert not dialog.target.running


def test_what_cannot_be_foreseen_says_why(qtbot: QtBot, market: Market) -> None:
    operations.save(market.workspace, {"kind": "audience", "id": "nobody", "rule": {"trait": "city", "eq": "x"}})
    dialog, worker = shown(qtbot, market)
    choose(dialog, "nobody")
    dialog.target.days.setValue(7)
    dialog.target.train.click()
    worker.answer()
    assert "did it in the period learnt from" in dialog.target.said.text()
    assert not list((market.workspace.folder / "scores").glob("*.yaml")), "a model that cannot be trained leaves none"
    assert not dialog.use.isEnabled()


def test_services_one_at_a_time(qtbot: QtBot, market: Market) -> None:
    services = {
        name: {"target": {"did": "buy", "where": [{"property": "category", "eq": name}]}}
        for name in ("phones", "books")
    }
    market.write("p_offer", kind="propensity", services=services, horizon="60d")
    dialog, worker = shown(qtbot, market)
    worker.answer()
    assert dialog.pane.title.text() == Words()("lookalike.no_model", "p_offer")
    assert not dialog.use.isEnabled()
    dialog.retrain.click()
    worker.answer()
    worker.answer()
    assert [dialog.pane.service.itemText(place) for place in range(2)] == ["phones", "books"]
    before = dialog.pane.judged.text()
    dialog.pane.service.setCurrentText("books")
    assert dialog.pane.judged.text() != before
