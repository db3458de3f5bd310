"""Where an audience goes: destinations, consent, who is left out; what a delivery would do, and what was delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QMessageBox,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.audiences.shares import EVERYONE, as_splits, shares, too_much
from app.i18n import Words
from app.session import Session
from app.widgets.parts import button, column, label, restyle, row, spin
from engine.domain.audience import Audience
from engine.domain.delivery import Delivery, read_delivery
from engine.domain.model import DataModel
from engine.errors import EngineError

_LATELY = 5
_KEYS = ("destinations", "consent", "suppress", "holdout", "min_size")


class DeliveryDialog(QDialog):
    """The delivery part of an audience's document as a form.

    Signals:
        decided: the audience with what was chosen.
        destinations_wanted: destinations are to be added or changed; call :meth:`ask_places` afterwards.
    """

    decided = Signal(object)
    destinations_wanted = Signal()

    def __init__(
        self, audience: Audience, model: DataModel, lists: Mapping[str, int], session: Session, words: Words
    ) -> None:
        super().__init__()
        self._audience, self._session, self._words = audience, session, words
        self.setWindowTitle(words("delivery"))
        self.resize(560, 560)
        self._delivery = _read(audience)
        self.places: dict[str, QCheckBox] = {}
        self.shares: dict[str, QSpinBox] = {}
        self._shown_shares = shares(self._delivery.splits, self._delivery.destinations)
        self._places = QVBoxLayout()
        self._none = label(words("delivery.none"), "muted", wrap=True)
        others = button(words("destinations.open"))
        others.clicked.connect(self.destinations_wanted)
        layout = column(self, (18, 16, 18, 14), spacing=8)
        layout.addWidget(label(words("delivery.to"), "heading"))
        layout.addLayout(self._places)
        layout.addWidget(self._none)
        layout.addLayout(row(others, None))
        self.consents = self._boxes(layout, "delivery.consent", model.consents, self._delivery.consent)
        held = {name for kind, name in self._delivery.suppress if kind in ("list", "any")}
        self.left_out = self._boxes(layout, "delivery.suppress", lists, held)
        self.holdout, self.least = self._numbers(layout)
        self.lately = label("", "muted", wrap=True)
        self.preview = label("", "muted", wrap=True)
        layout.addWidget(label(words("delivery.lately"), "heading"))
        layout.addWidget(self.lately)
        layout.addWidget(label(words("delivery.of"), "muted", wrap=True))
        layout.addWidget(self.preview)
        layout.addStretch(1)
        layout.addWidget(self._buttons())
        self._ask()

    def _boxes(
        self, layout: QVBoxLayout, title: str, names: Mapping[str, Any], chosen: Sequence[str] | set[str]
    ) -> dict[str, QCheckBox]:
        """A heading and a box for each name; nothing where there are none."""
        made = {}
        if names:
            layout.addWidget(label(self._words(title), "heading"))
        for name in names:
            box = QCheckBox(name.replace("_", " "))
            box.setChecked(name in chosen)
            layout.addWidget(box)
            made[name] = box
        return made

    def _numbers(self, layout: QVBoxLayout) -> tuple[QSpinBox, QSpinBox]:
        """The held out share and the smallest audience."""
        words, found = self._words, self._delivery
        percent = 0 if found.holdout is None else int(found.holdout.percent)
        holdout = spin(0, 100, percent, words("delivery.holdout"))
        least = spin(0, 1_000_000, found.min_size or 0, words("delivery.least"), words.locale)
        for field in (holdout, least):
            field.setFixedWidth(90)
        layout.addLayout(row(holdout, label(words("delivery.holdout"), "word"), None))
        layout.addLayout(row(least, label(words("delivery.least"), "word"), None))
        return holdout, least

    def _buttons(self) -> QWidget:
        words = self._words
        made = QDialogButtonBox()
        self.try_it = button(words("delivery.preview"))
        self.go = button(words("delivery.now"))
        self.allow = button(words("delivery.allow"))
        self.allow.hide()
        ways = ((self.try_it, self._on_preview), (self.go, self._deliver), (self.allow, self._on_allow))
        for one, call in ways:
            made.addButton(one, QDialogButtonBox.ButtonRole.ActionRole)
            one.clicked.connect(lambda _=False, call=call: call())
            one.setEnabled(bool(self._audience.id))
        made.addButton(words("ok"), QDialogButtonBox.ButtonRole.AcceptRole)
        made.addButton(words("cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        made.accepted.connect(self._on_ok)
        made.rejected.connect(self.reject)
        return made

    # -- what the engine knows -------------------------------------------------------------------------------------

    def ask_places(self) -> None:
        """Ask which destinations there are."""
        self._session.call("destinations", self._show_places, self._fail)

    def _ask(self) -> None:
        self.ask_places()
        if self._audience.id:
            self._session.call("syncs", self._show_lately, self._fail, id=self._audience.id)

    def _show_places(self, found: list[dict[str, Any]]) -> None:
        known = [one["id"] for one in found]
        for one in [
            *found,
            *({"id": i, "name": i, "type": "?"} for i in self._delivery.destinations if i not in known),
        ]:
            if one["id"] not in self.places:
                box = QCheckBox(f"{one['name']} · {one['type']}")
                box.setChecked(one["id"] in self._delivery.destinations)
                self.places[one["id"]] = box
                self._places.addLayout(row(box, None, *self._share(one["id"], one["name"], box)))
        self._none.setVisible(not self.places)

    def _share(self, identifier: str, name: str, box: QCheckBox) -> tuple[QWidget, ...]:
        """How many per cent of the members a destination gets; nothing where the document says more than that."""
        if self._shown_shares is None:
            return (label(self._words("delivery.split"), "muted"),)
        title = self._words("delivery.share")
        share = spin(0, EVERYONE, self._shown_shares.get(identifier, EVERYONE), f"{name}: {title}")
        share.setEnabled(box.isChecked())
        box.toggled.connect(share.setEnabled)
        self.shares[identifier] = share
        return share, label(title, "word")

    def _splits(self, places: Sequence[str]) -> Any:
        """The splits with what was chosen; those that the form does not show stay as they were."""
        if self._shown_shares is None:
            return self._audience.settings.get("splits")
        chosen = {name: self.shares[name].value() for name in places if name in self.shares}
        return as_splits(chosen, self._delivery.splits, self._audience.id or "splits")

    def _show_lately(self, found: list[dict[str, Any]]) -> None:
        lines = [self._line(one) for one in found[:_LATELY]]
        self.lately.setText("\n".join(lines) or self._words("delivery.never"))
        self.allow.setVisible(any(one["state"] == "held" for one in _newest(found)))

    def _line(self, one: dict[str, Any]) -> str:
        words = self._words
        state = words(f"sync.{one['state']}")
        text = f"{one['destination']}: {state}"
        if one["finished_at"] is not None:
            text = f"{words.moment(datetime.fromisoformat(one['finished_at']).astimezone())} · {text}"
        if "add" in one:
            text += f" · +{words.number(one['add'])} −{words.number(one['remove'])}"
        return f"{text} · {words.sentence(one['reason'])}" if one["reason"] else text

    def _fail(self, error: EngineError) -> None:
        self.preview.setText(self._words.error(error))
        restyle(self.preview, "role", "error")

    def _say(self, text: str) -> None:
        self.preview.setText(text)
        restyle(self.preview, "role", "muted")

    # -- what one does ---------------------------------------------------------------------------------------------

    def _on_preview(self) -> None:
        self._say(self._words("size.counting"))
        self._session.call("preview_sync", self._show_preview, self._fail, ids=[self._audience.id])

    def _show_preview(self, found: list[dict[str, Any]]) -> None:
        words, lines = self._words, []
        for one in found:
            numbers = [words.number(one[name]) for name in ("add", "remove", "change", "same")]
            lines.append(f"{one['destination']}: {words('delivery.would', *numbers)}")
            for why, count in one["left_out"].items():
                reason = words(f"left.{why}")
                lines.append(f"   {reason}: {words.number(count)}")
            if one["held"]:
                lines.append(f"   {words('sync.held')}: {words.sentence(one['held'])}")
        self._say("\n".join(lines))

    def _on_allow(self) -> None:
        """Let what is held back go, after one more question; too small or too alike it stays."""
        words = self._words
        if QMessageBox.question(self, words("delivery.allow"), self.lately.text()) == QMessageBox.StandardButton.Yes:
            self._deliver(allow=True)

    def _deliver(self, *, allow: bool = False) -> None:
        self._say(self._words("size.counting"))

        def answer(found: list[dict[str, Any]]) -> None:
            self._say("")
            self._show_lately(found)

        more = {"allow_removals": True} if allow else {}
        self._session.call("sync", answer, self._fail, ids=[self._audience.id], **more)

    def chosen(self) -> Audience:
        """The audience with what was chosen; what the form does not show stays as it was."""
        settings = {key: value for key, value in self._audience.settings.items() if key not in _KEYS}
        places = [identifier for identifier, box in self.places.items() if box.isChecked()]
        consents = [name for name, box in self.consents.items() if box.isChecked()]
        others = [{kind: name} if kind != "any" else name for kind, name in self._delivery.suppress]
        others = [one for one in others if _list_of(one) not in self.left_out]
        lists = [{"list": name} for name, box in self.left_out.items() if box.isChecked()]
        holdout = self._delivery.holdout
        seed = self._audience.id or "holdout" if holdout is None else holdout.seed
        found: dict[str, Any] = {
            "destinations": places or list(self._delivery.destinations if not self.places else ()),
            "consent": consents + [name for name in self._delivery.consent if name not in self.consents],
            "suppress": lists + others,
            "holdout": {"percent": self.holdout.value(), "seed": seed} if self.holdout.value() else None,
            "min_size": self.least.value() or None,
        }
        if self.places:
            found["splits"] = self._splits(places)
            settings.pop("splits", None)
        return replace(self._audience, settings=settings | {key: value for key, value in found.items() if value})

    def _on_ok(self) -> None:
        checked = {name: one.value() for name, one in self.shares.items() if self.places[name].isChecked()}
        if too_much(checked):
            self.preview.setText(self._words("delivery.too_much"))
            return
        self.decided.emit(self.chosen())
        self.accept()


def _newest(syncs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last sync to each destination, of syncs with the newest first."""
    return list({one["destination"]: one for one in reversed(syncs)}.values())


def _list_of(one: Any) -> str | None:
    """The list that an entry of ``suppress`` names."""
    return one if isinstance(one, str) else one.get("list")


def _read(audience: Audience) -> Delivery:
    """What the document says; a part that cannot be read begins empty."""
    try:
        return read_delivery(audience.settings)
    except EngineError:
        return Delivery()
