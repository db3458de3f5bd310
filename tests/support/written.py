"""Tables of known values, written in the ways in which people and programs write them, and read as a load reads them."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from engine.domain.ingest import Dialect, IngestDocument
from engine.errors import EngineError
from engine.ingest.files import opened
from engine.ingest.loading import load
from engine.ingest.planning import Plan, planned

MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
    "pt": ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"),
}
LONG = {
    "es": [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    "pt": [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
}
WORDS = (
    ("sim", "não"),
    ("sí", "no"),
    ("S", "N"),
    ("V", "F"),
    ("TRUE", "FALSE"),
    ("verdadeiro", "falso"),
    ("yes", "no"),
)
CURRENCIES = ("R$ {}", "{} EUR", "${}", "US$ {}", "MXN {}", "S/. {}", "€{}")


@dataclass(frozen=True)
class Column:
    """Values (None: missing) and their texts; ``typed``: they must not stay text."""

    way: str
    values: list[Any]
    texts: list[str]
    typed: bool = True


@dataclass(frozen=True)
class Locale:
    """How the writer of a file writes numbers and dates."""

    decimal: str
    day_first: bool

    @property
    def group(self) -> str:
        """The separator of thousands."""
        return "." if self.decimal == "," else ","


Maker = Callable[[random.Random, Locale, int], Column]


def _number(value: Decimal, locale: Locale, group: str, places: int) -> str:
    text = f"{abs(value):,.{places}f}"
    return text.replace(",", "\0").replace(".", locale.decimal).replace("\0", group)


def _amounts(dice: random.Random, rows: int, places: int = 2, most: int = 10**9) -> list[Decimal]:
    made = []
    for _ in range(rows):
        size = 10 ** dice.randint(0, 9)
        value = Decimal(dice.randint(0, min(most, size) * 10**places)).scaleb(-places)
        made.append(-value if dice.random() < 0.1 else value)
    return made


def _minus(value: Decimal, text: str) -> str:
    return f"-{text}" if value < 0 else text


def _plain(dice: random.Random, locale: Locale, rows: int) -> Column:
    values = _amounts(dice, rows)
    return Column("amount", values, [_minus(one, _number(one, locale, "", 2)) for one in values])


def _grouped(dice: random.Random, locale: Locale, rows: int) -> Column:
    group = dice.choice([locale.group, locale.group, "\u00a0", "\u202f", "'"])
    values = _amounts(dice, rows)
    return Column("groups", values, [_minus(one, _number(one, locale, group, 2)) for one in values])


def _groups_only(dice: random.Random, locale: Locale, rows: int) -> Column:
    values = [Decimal(dice.randint(1, 10 ** dice.randint(1, 8))) for _ in range(rows)]
    return Column("thousands", values, [_number(one, locale, locale.group, 0) for one in values])


def _accounted(dice: random.Random, locale: Locale, rows: int) -> Column:
    values, behind = _amounts(dice, rows), dice.random() < 0.5
    texts = [_number(one, locale, locale.group, 2) for one in values]
    minus = "{}-" if behind else "({})"
    return Column("accounting", values, [minus.format(t) if v < 0 else t for v, t in zip(values, texts, strict=True)])


def _money(dice: random.Random, locale: Locale, rows: int) -> Column:
    sign, values = dice.choice(CURRENCIES), _amounts(dice, rows)
    texts = [_minus(one, sign.format(_number(one, locale, locale.group, 2))) for one in values]
    return Column("currency", values, texts)


def _percent(dice: random.Random, locale: Locale, rows: int) -> Column:
    values = [Decimal(dice.randint(-1000, 10000)).scaleb(-4) for _ in range(rows)]
    texts = [_minus(one, _number(one * 100, locale, "", 2)) + dice.choice(["%", " %"]) for one in values]
    return Column("percent", values, texts)


def _whole(dice: random.Random, _: Locale, rows: int) -> Column:
    values = [dice.randint(-(10**6), 10 ** dice.randint(1, 14)) for _ in range(rows)]
    return Column("whole", values, [str(one) for one in values])


def _pandas(dice: random.Random, _: Locale, rows: int) -> Column:
    values = [dice.randint(0, 10 ** dice.randint(1, 12)) for _ in range(rows)]
    return Column("whole.0", values, [f"{one}.0" for one in values])


def _codes(dice: random.Random, _: Locale, rows: int) -> Column:
    kind = dice.choice(["zeros", "long", "letter"])
    made = [str(dice.randint(1, 99999)) for _ in range(rows)]
    made[-1] = {"zeros": "00" + made[-1], "long": "9" + made[-1].rjust(18, "1"), "letter": f"12E{made[-1]}"}[kind]
    return Column("codes", list(made), made, typed=False)


def _texts(dice: random.Random, _: Locale, rows: int) -> Column:
    made = [dice.choice(["Ana", "José", "12 rua", "a;b", 'say "x"', "1-2", "R2", "n.º 5"]) for _ in range(rows)]
    made[0] = "Ana"
    return Column("text", list(made), made, typed=False)


def _truths(dice: random.Random, _: Locale, rows: int) -> Column:
    yes, no = dice.choice(WORDS)
    values = [dice.random() < 0.5 for _ in range(rows)]
    both = len(set(values)) == 2
    return Column("truth", values, [yes if one else no for one in values], typed=both or len(yes) > 1)


def _days(dice: random.Random, rows: int, first: int = 1900, last: int = 2099) -> list[date]:
    begin = date(first, 1, 1)
    return [begin + timedelta(days=dice.randrange((date(last, 12, 31) - begin).days + 1)) for _ in range(rows)]


def _dates(dice: random.Random, locale: Locale, rows: int) -> Column:
    way = dice.choice(["iso", "local", "local", "years", "named", "long", "slashes"])
    values = _days(dice, rows, 1969, 2068) if way == "years" else _days(dice, rows)
    sep, language = dice.choice("/-."), dice.choice(list(MONTHS))
    day = f"%d{sep}%m{sep}" if locale.day_first else f"%m{sep}%d{sep}"
    patterns = {"iso": "%Y-%m-%d", "local": day + "%Y", "years": day + "%y", "slashes": "%Y/%m/%d"}
    if way in patterns:
        return Column(f"dates {way}", values, [one.strftime(patterns[way]) for one in values])
    if way == "named":
        return Column(
            "dates named", values, [f"{one.day}-{MONTHS[language][one.month - 1]}-{one.year}" for one in values]
        )
    months = LONG[dice.choice(["es", "pt"])]
    return Column("dates long", values, [f"{one.day} de {months[one.month - 1]} de {one.year}" for one in values])


def _moments(dice: random.Random, locale: Locale, rows: int) -> Column:
    way = dice.choice(["iso", "offset", "clock", "half", "fraction"])
    days = _days(dice, rows)
    made = [datetime(one.year, one.month, one.day) + timedelta(seconds=dice.randrange(86_400)) for one in days]
    day = "%d/%m/%Y" if locale.day_first else "%m/%d/%Y"
    if way == "offset":
        zones = [timezone(timedelta(minutes=dice.choice([0, -180, -360, 60, 330]))) for _ in made]
        aware = [one.replace(tzinfo=zone) for one, zone in zip(made, zones, strict=True)]
        return Column("moments offset", aware, [one.isoformat(sep=dice.choice("T ")) for one in aware])
    if way == "fraction":
        made = [one.replace(microsecond=dice.randrange(1000) * 1000) for one in made]
        return Column("moments fraction", list(made), [one.isoformat(timespec="milliseconds") for one in made])
    if way != "iso":
        made = [one.replace(second=0) for one in made]
    patterns = {"iso": "%Y-%m-%d %H:%M:%S", "clock": f"{day} %H:%M", "half": f"{day} %I:%M %p"}
    return Column(f"moments {way}", list(made), [one.strftime(patterns[way]) for one in made])


MAKERS: Sequence[Maker] = (
    *(_plain, _grouped, _groups_only, _accounted, _money, _percent, _whole, _pandas),
    *(_codes, _texts, _truths, _dates, _dates, _moments, _moments),
)
MISSING = ("", "", "NaN", "N/A", "null")


def _with_gaps(dice: random.Random, column: Column) -> Column:
    """Some of the values are missing, as an empty field or, in columns with a type, as a word for nothing."""
    word = dice.choice(MISSING) if column.typed else ""
    values, texts = list(column.values), list(column.texts)
    for place in range(len(values) - 1):
        if dice.random() < 0.1:
            values[place], texts[place] = None, word
    return replace(column, values=values, texts=texts, typed=column.typed and column.way != "truth")


@dataclass(frozen=True)
class Written:
    """A file: its columns by name, and how it is written."""

    columns: dict[str, Column]
    locale: Locale
    text: str


def written(seed: int) -> Written:
    """A file of some columns, the same for the same seed."""
    dice = random.Random(seed)
    locale = Locale(dice.choice(",."), dice.random() < 0.6)
    rows = dice.choice([1, 2, 3, 8, 40])
    columns = {"id": Column("id", list(range(rows)), [str(place) for place in range(rows)])}
    for place in range(dice.randint(1, 8)):
        column = dice.choice(MAKERS)(dice, locale, rows)
        columns[f"c{place}"] = _with_gaps(dice, column) if dice.random() < 0.4 else column
    out = io.StringIO()
    delimiter, end, everywhere = dice.choice(";\t,|"), dice.choice(["\n", "\r\n"]), dice.random() < 0.3
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if everywhere else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerow(columns)
    writer.writerows(zip(*(one.texts for one in columns.values()), strict=True))
    return Written(columns, locale, out.getvalue())


def failures(connection: Any, folder: Path, seed: int) -> list[str]:
    """What a load makes of the file with this number that is another value than was written, silently."""
    file = written(seed)
    path = folder / "written.csv"
    path.write_text(file.text, encoding="utf-8", newline="")
    document = IngestDocument("written", "written", reject=Decimal(1))
    try:
        plan = _loaded(connection, path, document, folder)
    except EngineError as error:
        if error.path != "file.decimal":
            return [f"{seed}: refused: {error.message}"]
        plan = _loaded(connection, path, replace(document, dialect=Dialect(decimal=file.locale.decimal)), folder)
    try:
        return _compared(connection, plan, file, seed)
    finally:
        connection.execute("DROP TABLE IF EXISTS written")


def _loaded(connection: Any, path: Path, document: IngestDocument, folder: Path) -> Plan:
    with opened(connection, path, document.dialect, folder) as file:

        def again() -> Plan:
            return planned(connection, file, document, everything=True)

        return load(
            connection, planned(connection, file, document), document, folder / "kept", None, lambda _: {}, again
        ).plan


def _compared(connection: Any, plan: Plan, file: Written, seed: int) -> list[str]:
    order = connection.execute("SELECT count(*) FROM written").fetchone()[0]
    wrong = []
    for name, column in file.columns.items():
        cells = connection.execute(f"SELECT {name} FROM written").fetchall()
        found = sorted(map(_shown, (value for (value,) in cells)))
        texts = [text or None for text in column.texts]
        if found == sorted(map(_shown, column.values)):
            continue
        stays = connection.execute(f"SELECT typeof({name}) FROM written LIMIT 1").fetchall() == [("VARCHAR",)]
        if stays and (not column.typed or name in plan.told()) and found == sorted(map(_shown, texts)):
            continue
        if name in plan.doubts() and column.way.startswith(("dates", "moments")):
            continue
        wrong.append(f"{seed} {name} ({column.way}, {order} rows): {column.texts[:4]} became {cells[:4]}")
    return wrong


def _shown(value: Any) -> str:
    """A value as all values that are the same are shown."""
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case int() | Decimal():
            return f"{Decimal(value).normalize():f}"
        case datetime():
            return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        case date():
            return datetime(value.year, value.month, value.day, tzinfo=UTC).isoformat()
        case _:
            return str(value)
