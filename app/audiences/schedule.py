"""How often an audience is refreshed, as a form: by hand, at intervals, at a time of chosen days, with new data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QLocale, QTime, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QRadioButton,
    QTimeEdit,
)

from app.i18n import Words
from app.widgets.parts import column, combo, label, restyle, row, spin
from engine.domain.audience import Audience
from engine.domain.durations import zone
from engine.domain.schedule import Schedule, read_schedule
from engine.errors import EngineError

_WAYS = ("manual", "every", "days", "on_data", "cron")
_UNITS = ("min", "h", "d", "w", "mo")
_EVERY_DAY = tuple(range(7))
_SHOWN = 5


@dataclass(frozen=True)
class Days:
    """A time of day on chosen days of the week; 1 is Monday, 0 and 7 are Sunday in cron, here 7."""

    hour: int
    minute: int
    days: tuple[int, ...]

    @classmethod
    def of(cls, cron: str) -> Days | None:
        """The days a cron time means, when it is as simple as that."""
        found = re.fullmatch(r"(\d{1,2}) (\d{1,2}) \* \* (\*|[0-7](?:[-,][0-7])*)", cron.strip())
        if found is None or int(found[1]) > 59 or int(found[2]) > 23:
            return None
        days: set[int] = set()
        for part in ("1-7" if found[3] == "*" else found[3]).split(","):
            first, _, last = part.partition("-")
            days |= set(range(int(first), int(last or first) + 1))
        return cls(int(found[2]), int(found[1]), tuple(sorted({day or 7 for day in days})))

    @property
    def cron(self) -> str:
        """As a document has it."""
        days = "*" if len(self.days) == 7 else ",".join(str(day % 7) for day in self.days)
        return f"{self.minute} {self.hour} * * {days}"

    def shown(self, words: Words) -> str:
        """For people: 08:30 · Mon – Fri."""
        at = f"{self.hour:02}:{self.minute:02}"
        if len(self.days) == 7:
            return f"{at} · {words('refresh.every_day')}"
        first, last = self.days[0], self.days[-1]
        if len(self.days) > 2 and last - first + 1 == len(self.days):
            return f"{at} · {day_name(first, words)} – {day_name(last, words)}"
        return f"{at} · {', '.join(day_name(day, words) for day in self.days)}"


def day_name(day: int, words: Words) -> str:
    """A day's short name in the reader's language."""
    return QLocale(words.language).dayName(day, QLocale.FormatType.ShortFormat)


def shown_refresh(audience: Audience, words: Words) -> str:
    """How often the owner wants it refreshed."""
    found = audience.settings.get("refresh")
    if isinstance(found, Mapping):
        if "every" in found:
            return words("home.every", found["every"])
        days = Days.of(str(found.get("cron", "")))
        return str(found.get("cron", "")) if days is None else days.shown(words)
    return words("home.on_data") if found == "on_data" else words("home.manual")


class ScheduleDialog(QDialog):
    """The refresh of an audience's document.

    Signals:
        decided: the audience with what was chosen.
    """

    decided = Signal(object)

    def __init__(self, audience: Audience, zones: Sequence[str], words: Words) -> None:
        super().__init__()
        self._audience, self._words = audience, words
        value = audience.settings.get("refresh")
        self._kept: dict[str, Any] = dict(value) if isinstance(value, Mapping) else {}
        before = _read(value)
        self.setWindowTitle(words("refresh"))
        self.resize(520, 420)
        days = Days.of(before.cron or "") or Days(8, 30, (1, 2, 3, 4, 5))
        self.ways = {way: QRadioButton(words(f"refresh.{way}")) for way in _WAYS}
        self._group = QButtonGroup(self)
        for made in self.ways.values():
            self._group.addButton(made)
        self._fields(before, days, zones)
        self.preview = label("", "muted", wrap=True)
        buttons = QDialogButtonBox()
        self._ok = buttons.addButton(words("ok"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(words("cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._on_ok)
        buttons.rejected.connect(self.reject)
        layout = column(self, (18, 16, 18, 14), spacing=9)
        layout.addWidget(self.ways["manual"])
        layout.addLayout(row(self.ways["every"], self.count, self.unit, None))
        layout.addLayout(row(self.ways["days"], self.at, None))
        layout.addLayout(row(*self.days.values(), None, spacing=4))
        layout.addLayout(row(self.ways["cron"], self.cron, None))
        layout.addLayout(row(label(words("refresh.zone"), "word"), self.zone, None))
        layout.addWidget(self.ways["on_data"])
        layout.addWidget(label(words("refresh.next"), "heading"))
        layout.addWidget(self.preview)
        layout.addStretch(1)
        layout.addWidget(buttons)
        way = "days" if before.kind == "cron" and Days.of(before.cron or "") else before.kind
        self.ways[way].setChecked(True)
        self._group.buttonToggled.connect(self._show)
        self._show()

    def _fields(self, before: Schedule, days: Days, zones: Sequence[str]) -> None:
        words = self._words
        every = before.every
        self.count = spin(1, 9_999, 6 if every is None else every.count, words("refresh.every"), words.locale)
        self.count.setFixedWidth(80)
        units = ((unit, words(f"unit.{unit}")) for unit in _UNITS)
        self.unit = combo(units, "h" if every is None else every.unit, words("refresh.every"))
        self.at = QTimeEdit(QTime(days.hour, days.minute))
        self.at.setAccessibleName(words("refresh.days"))
        self.at.setDisplayFormat("HH:mm")
        self.at.lineEdit().setTextMargins(7, 0, 0, 0)
        self.days = {day: QCheckBox(day_name(day, words)) for day in range(1, 8)}
        for day, box in self.days.items():
            box.setChecked(day in days.days)
            box.toggled.connect(self._on_days)
        self.cron = QLineEdit(before.cron or "30 8 1 * *")
        self.cron.setAccessibleName(words("refresh.cron"))
        self.cron.setFixedWidth(160)
        known = list(dict.fromkeys([*([before.timezone] if before.kind == "cron" else []), *zones, "UTC"]))
        self.zone = combo(((one, one.replace("_", " ")) for one in known), known[0], words("refresh.zone"))
        self.count.valueChanged.connect(lambda: self._choose("every"))
        self.unit.currentIndexChanged.connect(lambda: self._choose("every"))
        self.at.timeChanged.connect(self._on_days)
        self.cron.textEdited.connect(lambda: self._choose("cron"))
        self.zone.currentIndexChanged.connect(self._show)

    def _on_days(self) -> None:
        self._choose("days")

    def _choose(self, way: str) -> None:
        """Whoever changes a field means its way."""
        self.ways[way].setChecked(True)
        self._show()

    def _show(self) -> None:
        """The next times, or what is wrong."""
        words = self._words
        try:
            schedule = read_schedule(self.value())
        except EngineError as error:
            self.preview.setText(words.error(error))
            restyle(self.preview, "role", "error")
            self._ok.setEnabled(False)
            return
        now = datetime.now(UTC).replace(microsecond=0)
        local = zone(schedule.timezone if schedule.kind == "cron" else str(self.zone.currentData()))
        lines = [words.moment(one, local) for one in schedule.coming(now, _SHOWN)]
        self.preview.setText("\n".join(lines) or words(f"refresh.{schedule.kind}.note"))
        restyle(self.preview, "role", "muted")
        self._ok.setEnabled(True)

    def value(self) -> Any:
        """The document's ``refresh``; what the form does not show (misfire, jitter …) stays."""
        way = next(name for name, made in self.ways.items() if made.isChecked())
        more = {key: value for key, value in self._kept.items() if key not in ("every", "cron", "timezone")}
        match way:
            case "every":
                return {"every": f"{self.count.value()}{self.unit.currentData()}", **more}
            case "days":
                chosen = tuple(day for day, box in self.days.items() if box.isChecked()) or _EVERY_DAY
                at = self.at.time()
                cron = Days(at.hour(), at.minute(), chosen).cron
                return {"cron": cron, "timezone": self.zone.currentData(), **more}
            case "cron":
                return {"cron": self.cron.text().strip(), "timezone": self.zone.currentData(), **more}
            case _:
                return way

    def chosen(self) -> Audience:
        """The audience with what was chosen."""
        settings = {key: value for key, value in self._audience.settings.items() if key != "refresh"}
        value = self.value()
        return replace(self._audience, settings=settings if value == "manual" else settings | {"refresh": value})

    def _on_ok(self) -> None:
        self.decided.emit(self.chosen())
        self.accept()


def _read(value: Any) -> Schedule:
    """What the document says; what cannot be read begins as by hand."""
    try:
        return read_schedule(value)
    except EngineError:
        return Schedule()


def zones_of(sites: Mapping[str, Any]) -> list[str]:
    """The time zones of the model's sites, without repeats."""
    return list(dict.fromkeys(site.timezone for site in sites.values()))
