"""Lookalikes in the app: from a seed to a model, a reach by dragging, an audience, a rule; and stopping half-way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.i18n import LANGUAGES, Words
from app.lookalike.dialog import LookalikeDialog
from app.lookalike.factors import feature_text
from app.session import Session
from app.theme.tokens import LIGHT
from engine import operations
from engine.domain.feature import Feature
from tests.app.identity.test_dialog import Answering
from tests.support.likely import Market


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    made = Market(tmp_path, people=2_000)
    made.upload("fans", made.fans(250))
    yield made
    made.workspace.close()


def shown(qtbot: QtBot, market: Market, language: str = "en") -> tuple[LookalikeDialog, Answering]:
    worker = Answering(market.workspace)
    session = Session(worker)  # type: ignore[arg-type]
    dialog = LookalikeDialog(session, Words(language), LIGHT, market.workspace.model)
    qtbot.addWidget(dialog)
    dialog._keep = session  # type: ignore[attr-defined]
    dialog.show()
    worker.answer()
    return dialog, worker


def choose(dialog: LookalikeDialog, worker: Answering, name: str) -> None:
    """Choose a seed, as by the list."""
    names = [dialog.seed.choose.itemText(place).split(" · ")[0] for place in range(dialog.seed.choose.count())]
    dialog.seed.choose.setCurrentIndex(names.index(name))
    dialog.seed.choose.activated.emit(names.index(name))
    worker.answer()


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_seed_to_an_audience(qtbot: QtBot, market: Market, language: str) -> None:
    words = Words(language)
    operations.save(market.workspace, {"kind": "audience", "id": "everybody", "rule": {"all": []}})
    dialog, worker = shown(qtbot, market, language)
    choose(dialog, worker, "fans")
    assert words("lookalike.quality.small") in dialog.seed.said.text()
    dialog.seed.train.click()
    assert dialog.seed.stop.isVisible()
    worker.answer()
    worker.answer()
    assert not dialog.seed.stop.isVisible()
    assert dialog.pane.title.text() == words("lookalike.title", "like_fans", "fans", "1")
    assert dialog.models.topLevelItemCount() == 1
    assert words("lookalike.why.sensitive") in dialog.pane.explained.left_out.text()
    before = dialog.pane.expected.text()
    QTest.keyClick(dialog.pane.curve, Qt.Key.Key_PageUp)
    assert dialog.pane.curve.at == 60
    assert dialog.pane.expected.text() != before
    assert not dialog._session.waiting  # it is computed here: nothing is asked
    with qtbot.waitSignal(dialog.saved) as saved:
        dialog.use.click()
        worker.answer()
    assert saved.args == ["like_fans"]
    worker.answer()
    assert words("lookalike.shared", "everybody").split("everybody")[0] in dialog.said.text()
    assert "everybody" in dialog.said.text()
    (size,) = operations.size(market.workspace, ["like_fans"])
    card = operations.lookalike_show(market.workspace, "like_fans")["card"]
    assert size.size == pytest.approx(0.06 * card["candidates"], abs=1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_look_at_an_audience_before_it_is_one(qtbot: QtBot, market: Market, language: str) -> None:
    words = Words(language)
    operations.save(market.workspace, {"kind": "audience", "id": "everybody", "rule": {"all": []}})
    operations.save(market.workspace, {"kind": "audience", "id": "nobody", "rule": {"trait": "city", "eq": "x"}})
    dialog, worker = shown(qtbot, market, language)
    choose(dialog, worker, "fans")
    dialog.seed.train.click()
    worker.answer()
    worker.answer()
    dialog.preview.click()
    assert not dialog.preview.isEnabled()
    worker.answer()
    told = operations.lookalike_preview(market.workspace, "like_fans", share=0.05)
    assert [one["id"] for one in told["others"]] == ["everybody"]
    assert dialog.pane.shared.text() == (
        words("lookalike.preview.seed", words.number(told["seed"]["within"]), "250")
        + " "
        + words("lookalike.preview.shared", f"everybody {words.number(told['people'])}")
    )
    assert operations.lookalike_list(market.workspace)[0]["state"] == "trained"  # nothing is in use yet
    assert market.workspace.audiences.find("like_fans") is None
    dialog.preview.click()
    assert dialog.pane.shared.isVisible()
    dialog.pane.curve._go(120)
    assert not dialog.pane.shared.isVisible()
    worker.answer()
    assert not dialog.pane.shared.isVisible(), "the answer is of another reach"


def test_distributions_and_why_of_a_person(qtbot: QtBot, market: Market) -> None:
    words = Words()
    dialog, worker = shown(qtbot, market)
    assert not dialog.pane.why.isEnabled()
    choose(dialog, worker, "fans")
    dialog.seed.train.click()
    worker.answer()
    worker.answer()
    card = operations.lookalike_show(market.workspace, "like_fans")["card"]
    told = [place for place, one in enumerate(card["factors"][:8]) if one["bars"]]
    assert told
    dialog.pane.explained.factors.go(told[-1])
    bars = card["factors"][told[-1]]["bars"]
    said = dialog.pane.explained.distribution.accessibleDescription().split("; ")
    assert len(said) == len(bars)
    assert words.part(bars[0]["seed"]) in said[0]
    dialog.pane.explained.factors.go(0)
    QTest.keyClick(dialog.pane.explained.factors, Qt.Key.Key_Down)
    assert dialog.pane.explained.factors.at == 1
    QTest.mouseClick(dialog.pane.explained.factors, Qt.MouseButton.LeftButton, pos=QPoint(20, 3))
    assert dialog.pane.explained.factors.at == 0
    assert not dialog.grab().isNull()
    why = dialog.pane.why
    why.key.setText(str(int(market.likes.argmax())))
    QTest.keyClick(why.key, Qt.Key.Key_Return)
    assert not why.ask.isEnabled()
    worker.answer()
    assert words("lookalike.person.towards", "").split(":")[0] in why.said.text()
    why.key.setText("nobody")
    why.ask.click()
    worker.answer()
    assert 'there is no profile "nobody"' in why.said.text()
    assert why.ask.isEnabled()


def test_dragging_answers_at_once(qtbot: QtBot, market: Market) -> None:
    dialog, worker = shown(qtbot, market)
    choose(dialog, worker, "fans")
    dialog.seed.train.click()
    worker.answer()
    worker.answer()
    asked = len(worker.requests)
    texts = set()
    for thousandths in range(1, 201):
        dialog.pane.curve._go(thousandths)
        texts.add(dialog.pane.expected.text())
    assert len(texts) >= 199  # every place says what it promises
    assert len(worker.requests) == asked  # and no engine is asked, so nobody waits
    QTest.mouseMove(dialog.pane.curve, QPoint(1, 1))
    QTest.mouseClick(dialog.pane.curve, Qt.MouseButton.LeftButton, pos=QPoint(dialog.pane.curve.width() // 2, 50))
    assert 80 < dialog.pane.curve.at < 120


def test_a_rule_for_the_canvas(qtbot: QtBot, market: Market) -> None:
    dialog, worker = shown(qtbot, market)
    choose(dialog, worker, "fans")
    dialog.seed.train.click()
    worker.answer()
    worker.answer()
    with qtbot.waitSignal(dialog.rule_wanted) as wanted:
        dialog.rule.click()
        worker.answer()
    rule, name = wanted.args
    assert name == "like_fans as a rule"
    operations.size_document(market.workspace, {"kind": "audience", "id": "x", "rule": rule}, as_of=datetime.now(UTC))


def test_seeds_that_will_not_do(qtbot: QtBot, market: Market) -> None:
    market.upload("few", range(20))
    market.upload("all", range(1_990))
    dialog, worker = shown(qtbot, market)
    for name, quality in (("few", "too_small"), ("all", "everybody")):
        choose(dialog, worker, name)
        assert Words()(f"lookalike.quality.{quality}") in dialog.seed.said.text()
        assert not dialog.seed.train.isEnabled()


def test_stopping(qtbot: QtBot, market: Market) -> None:
    dialog, worker = shown(qtbot, market)
    choose(dialog, worker, "fans")
    dialog.seed.train.click()
    dialog.seed.stop.click()
    assert not dialog.seed.running
    assert dialog.seed.said.text() == Words()("lookalike.stopped")
    dialog.reject()


def test_held_versions_are_told(qtbot: QtBot, market: Market) -> None:
    dialog, worker = shown(qtbot, market)
    choose(dialog, worker, "fans")
    dialog.seed.train.click()
    worker.answer()
    worker.answer()
    market.upload("fans", range(0, 2_000, 8))
    dialog.retrain.click()
    worker.answer()
    worker.answer()
    worker.answer()
    assert dialog.pane.title.text().endswith("(version 1)")
    assert dialog.pane.versions.topLevelItemCount() == 2


def test_features_in_words(market: Market) -> None:
    words, model = Words("es"), market.workspace.model
    cases = {
        Feature("number", "age"): "age",
        Feature("value", "city", value="north"): "city es north",
        Feature("recency", "view"): "view: días desde la última vez",
        Feature("times", "view", "category", "phones", 365): "view (phones): veces en 365 días",
        Feature("sum", "buy", "amount", days=365): "buy: total de amount en 365 días",
        Feature("active", "gone", days=90): "gone: días activos en 90 días",
    }
    for feature, text in cases.items():
        assert feature_text(words, model, feature.as_json()) == text
