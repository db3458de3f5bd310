"""How the rows of a CSV text are laid out: its delimiter, where its names and its rows begin, and what stands below."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.domain.ingest import Dialect
from engine.errors import EngineError
from engine.tabular.encodings import HANDLER
from engine.tabular.notes import above_message, below_message, header_message, numbered_message, values_message
from engine.tabular.records import Record, records
from engine.tabular.shapes import is_data, is_names, is_total, kind
from engine.tabular.wide import MOST_COLUMNS, too_wide

DELIMITERS = (",", ";", "\t", "|")
_HEAD, _LONG_HEAD, _TAIL = 1 << 20, 4 << 20, 64 << 10
_MOST_RECORDS, _MOST_FIELDS = 300, 200_000
_FOOTER = 30
"""Lines that remarks and totals below a table take at most."""
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """How a text's rows are laid out. ``above`` and ``below`` are lines that hold no rows, ``header`` how many of those
    above name the columns. ``width``: the fields of a row, of which those beyond the columns are empty."""

    delimiter: str
    quote: str
    columns: tuple[str, ...]
    width: int
    above: int
    header: int
    below: int = 0
    escape: str | None = None
    comment: str | None = None
    named: tuple[str, ...] = ()
    """The columns' names as they are written, empty ones too."""
    names_from: int = 1
    """The line where the names begin."""
    notes: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    """The first rows."""

    @property
    def is_plain(self) -> bool:
        """Whether the first line names the columns, and all that follows are rows."""
        return self.above <= 1 and self.above == self.header and not self.below and self.comment is None


@dataclass(frozen=True)
class _Reading:
    """A text by one delimiter: its records, how many fields a row has, and the record where the table begins."""

    delimiter: str
    records: tuple[Record, ...]
    width: int
    start: int
    cost: float


def layout_of(path: Path, dialect: Dialect, name: str, *, twice: bool = False) -> Layout:
    """The layout of a UTF-8 text; what the dialect says is not found out. ``name`` is the file's in sentences. A name
    that stands ``twice`` is refused, unless it may."""
    head, whole = _head(path)
    lines = list(io.StringIO(head, newline=""))
    if not whole and len(lines) > 1:
        lines.pop()
    skip = dialect.skip or 0
    delimiters: Sequence[str] = DELIMITERS if dialect.delimiter is None else (dialect.delimiter,)
    said = _SEP.fullmatch(lines[skip].lstrip("\ufeff")) if len(lines) > skip else None
    if said is not None and dialect.delimiter is None:
        delimiters, skip = (said[1],), skip + 1
    if skip >= len(lines):
        if skip:
            raise EngineError("file", f"{name} has only {len(lines)} lines", "file.skip", "Skip fewer.")
        lines, skip = ["\n"], 0
    quote, escape = _quoting(lines[skip:], dialect)
    readings = [one for each in delimiters for one in _readings(lines[skip:], each, quote, escape, dialect, name)]
    if not readings:
        raise EngineError("file", f"{name} cannot be read as CSV", "file", "Name its delimiter and its quote.")
    best = min(readings, key=lambda one: (one.cost, -one.width, delimiters.index(one.delimiter)))
    found = _laid_out(best, dialect, name)
    if not twice:
        _refuse_twice(found.columns, name)
    found = replace(
        found,
        quote=quote,
        escape=escape,
        comment=dialect.comment,
        above=found.above + skip,
        names_from=found.names_from + skip,
    )
    if dialect.footer is not None:
        return replace(found, below=dialect.footer)
    below, notes = _below(path, found, len(lines) if whole else None)
    return replace(found, below=below, notes=(*found.notes, *notes))


def _head(path: Path) -> tuple[str, bool]:
    """The begin of a text, at least one line, and whether that is all."""
    with path.open(encoding="utf-8-sig", errors=HANDLER, newline="") as file:
        head = file.read(_HEAD)
        while head and "\n" not in head and "\r" not in head and len(head) < _LONG_HEAD:
            more = file.read(_HEAD)
            if not more:
                return head, True
            head += more
        return head, not file.read(1)


def _quoting(lines: Sequence[str], dialect: Dialect) -> tuple[str, str | None]:
    """The quote, and what stands before one within a value where it is not written twice."""
    if dialect.quote is not None:
        return dialect.quote, None
    text = "".join(lines[:_MOST_RECORDS])
    if '"' not in text:
        first = next((one.strip() for one in lines if one.strip()), "")
        for delimiter in DELIMITERS:
            fields = first.split(delimiter)
            if len(fields) > 1 and all(len(one) > 1 and one[0] == one[-1] == "'" for one in fields):
                return "'", None
    if '\\"' in text:
        broken = {
            escape: sum(one.fields is None for one in records(lines[:_MOST_RECORDS], ",", '"', escape))
            for escape in (None, "\\")
        }
        return '"', "\\" if broken["\\"] < broken[None] else None
    return '"', None


# -- where the table is ------------------------------------------------------------------------------------------------


def _readings(
    lines: Sequence[str], delimiter: str, quote: str, escape: str | None, dialect: Dialect, name: str
) -> list[_Reading]:
    """What the text may be by a delimiter: a table of several columns, and one of a single column."""
    found: list[Record] = []
    fields = 0
    try:
        for one in records(lines, delimiter, quote, escape, dialect.comment):
            if one.is_blank:
                continue
            found.append(one)
            fields += len(one.fields or ())
            if len(found) == 1 and len(one.fields or ()) > MOST_COLUMNS:
                raise too_wide(name)
            if len(found) >= _MOST_RECORDS or fields >= _MOST_FIELDS:
                break
    except (TypeError, ValueError):  # no such delimiter or quote
        return []
    widths = Counter(len(one.fields) for one in found if one.fields is not None)
    results = []
    for several in (True, False):
        counts = {width: count for width, count in widths.items() if (width > 1) == several}
        if counts:
            width = max(counts, key=lambda one: (counts[one], one))
            start = _start(found, width) if dialect.skip is None else 0
            results.append(_Reading(delimiter, tuple(found), width, start, _cost(found, width, start)))
    return results or [_Reading(delimiter, tuple(found), 1, 0, 1_000.0)]


def _cost(found: Sequence[Record], width: int, start: int) -> float:
    """How unlikely a reading is: by the records above the table, those of another width in it, a first row that names
    nothing; and a single column by all that may be delimiters."""
    rows = [one for one in found[start:] if one.fields is not None]
    odd = sum(len(one.fields or ()) != width for one in found[start:])
    if width == 1:
        others = sum(any(delimiter in one.text for delimiter in DELIMITERS) for one in rows)
        return 1.0 + 0.7 * others + odd
    first = rows[0].fields if rows else None
    named = first is not None and len(first) == width and (is_names(first, width // 4) or _is_data(rows, width))
    prose = start > 0 and sum(any(field_.startswith(" ") for field_ in (one.fields or ())[1:]) for one in rows)
    return start + odd + (0 if named else 2) + (len(rows) if prose and prose * 2 > len(rows) else 0)


def _is_data(rows: Sequence[Record], width: int) -> bool:
    fields = [one.fields for one in rows if one.fields is not None and len(one.fields) == width]
    return bool(fields) and is_data(fields[0], fields[1:])


def _start(found: Sequence[Record], width: int) -> int:
    """The record where the table begins: titles above it have fewer values."""
    first = next((at for at, one in enumerate(found) if one.fields is not None and len(one.fields) == width), 0)
    rows = found[first:]
    if width > 1:
        for at, one in enumerate(rows[:15]):
            if one.fields is None or len(one.fields) != width:
                break
            if is_names(one.fields, width // 4) and (not at or _filled(one) > max(map(_filled, rows[:at]))):
                if at and not _may_lie_above(rows[:at], rows[at + 1 :], width):
                    break
                above = at
                while above and _is_group(rows[above - 1], width):
                    above -= 1
                return first + above
            if _filled(one) * 2 > width:
                break
    if not first:
        return 0
    titles = all(len(one.fields or ()) <= 1 for one in found[:first])
    return first if titles or _is_names_of(rows[0], width) else 0


def _is_names_of(record: Record, width: int) -> bool:
    return record.fields is not None and is_names(record.fields, width // 4)


def _filled(record: Record) -> int:
    return sum(bool(one.strip()) for one in record.fields or ())


def _may_lie_above(above: Sequence[Record], below: Sequence[Record], width: int) -> bool:
    """Whether rows above names are titles or groups of columns, and no names themselves."""
    if width > 2 or any(len(one.text) > 25 for one in above):
        return True
    return any(kind(one) in ("number", "date") for record in below for one in record.fields or ())


def _is_group(record: Record, width: int) -> bool:
    """Whether a row names groups of columns: several, or one that does not stand first."""
    fields = record.fields or []
    return len(fields) == width and 0 < _filled(record) < width and (_filled(record) > 1 or not fields[0].strip())


def _laid_out(reading: _Reading, dialect: Dialect, name: str) -> Layout:
    found, width = reading.records, reading.width
    start = reading.start
    rows = [one for one in found[start:] if one.fields is not None]
    if not rows:
        return Layout(reading.delimiter, '"', (), width, 0, 0)
    header, notes = _header(rows, width, dialect)
    named, width, more = _names([one.fields or [] for one in rows[:header]], width, rows[header:])
    notes = [*more, *notes]
    if start:
        last = found[start].line - 1
        notes.insert(0, above_message(last))
    above = _last_line(rows[header - 1]) if header else rows[0].line - 1
    names = [one or f"c{place}" for place, one in enumerate(named, 1)]
    if len(names) > MOST_COLUMNS:
        raise too_wide(name)
    sample = tuple(tuple(one.fields or ()) for one in rows[header:])
    return Layout(
        reading.delimiter,
        '"',
        tuple(names),
        width,
        above,
        header,
        named=tuple(named),
        names_from=rows[0].line,
        notes=tuple(notes),
        rows=sample,
    )


def _last_line(record: Record) -> int:
    return record.line + len(re.findall(r"\r\n|\r|\n", record.text))


def _header(rows: Sequence[Record], width: int, dialect: Dialect) -> tuple[int, list[str]]:
    """How many rows name the columns."""
    if dialect.header is not None:
        return min(int(dialect.header), len(rows)), []
    groups = 0
    while groups < 2 and groups + 1 < len(rows) and _is_group(rows[groups], width):
        groups += 1
    typed = any(kind(one) in ("number", "date") for row in rows[groups + 1 :] for one in row.fields or ())
    if groups and typed and _are_joined(rows[: groups + 1], width):
        return groups + 1, [header_message(groups + 1)]
    if len(rows[0].fields or ()) == width and _is_data(rows, width):
        return 0, [values_message()]
    return 1, []


def _are_joined(header: Sequence[Record], width: int) -> bool:
    """Whether rows name groups of columns, and the last of them the columns."""
    *groups, last = header
    fields = last.fields or []
    if len(fields) != width or _filled(last) <= max(map(_filled, groups)):
        return False
    names, _, _ = _names([one.fields or [] for one in header], width, [])
    joined = {one.lower() or str(place) for place, one in enumerate(names)}
    return all(kind(one) in ("text", "") for one in fields) and len(joined) == width


def _names(header: Sequence[Sequence[str]], width: int, rows: Sequence[Record]) -> tuple[list[str], int, list[str]]:
    """The columns' names, how many fields a row has, and what is to be told."""
    if not header:
        return [f"c{place}" for place in range(1, width + 1)], width, []
    last = header[-1]
    notes: list[str] = []
    lead = 0
    full = [one.fields for one in rows if one.fields is not None and len(one.fields) == width]
    if full and len(last) == width - 1 and not any(one[-1].strip() for one in full):
        pass  # each row ends with a delimiter, and the header does not
    elif full and len(header) == 1 and len(last) == width - 1 and _are_numbered(full):
        lead = 1
        notes.append(numbered_message())
    elif rows and len(last) == width + 1 and not last[-1].strip():
        last = last[:-1]  # only the header ends with a delimiter
    elif len(last) != width:
        width = len(last)
    count = len(last) + lead
    joined = []
    for place in range(len(last)):
        parts: list[str] = []
        for row in header[:-1]:
            over = next((row[at].strip() for at in range(min(place, len(row) - 1), -1, -1) if row[at].strip()), "")
            parts += [over] if over and over not in parts else []
        own = last[place].strip()
        parts += [own] if own and own not in parts else []
        joined.append(" ".join(parts))
    names = ["row"] * lead + joined
    return names[:count], width, notes


def _are_numbered(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows begin with 1, 2, 3 and so on, as R writes them."""
    firsts = [row[0].strip() for row in rows]
    return all(one.isdecimal() for one in firsts) and [int(one) for one in firsts] == list(
        range(int(firsts[0]), int(firsts[0]) + len(firsts))
    )


def _refuse_twice(names: Sequence[str], name: str) -> None:
    lower = Counter(one.lower() for one in names)
    twice = next((one for one in names if lower[one.lower()] > 1), None)
    if twice is not None:
        raise EngineError("file", f'{name} has the column "{twice}" twice', hint="Rename one of them.")


# -- what stands below it ----------------------------------------------------------------------------------------------


def below(path: Path, layout: Layout) -> int:
    """How many lines stand below the rows of a text that is laid out like this one."""
    return _below(path, layout, None)[0]


def _below(path: Path, layout: Layout, lines_in_all: int | None) -> tuple[int, list[str]]:
    """How many lines below the rows hold totals, remarks or nothing, and what is to be told."""
    lines = _tail(path)[-_FOOTER - 20 :] if lines_in_all is None else _tail(path)
    if lines_in_all is not None:
        lines = lines[max(0, len(lines) - max(0, lines_in_all - layout.above)) :]
    said = layout.delimiter, layout.quote, layout.escape, layout.comment
    parsed = [next(iter(records([one], *said)), None) for one in lines]
    rows = [one.fields for one in parsed[-_FOOTER - 20 :] if one is not None and one.fields is not None]
    rows = [one for one in rows if len(one) == layout.width and not is_total(one, layout.width, False)]
    first_is_text = any(kind(one[0]) in ("text", "address") for one in rows)
    kinds: list[str] = []
    for line, one in zip(reversed(lines[-_FOOTER:]), reversed(parsed[-_FOOTER:]), strict=True):
        if layout.quote and line.count(layout.quote) % 2:  # a value over several lines ends here
            break
        what = "blank" if one is None or one.is_blank else _kind_below(one, layout, first_is_text)
        if what == "row":
            break
        kinds.append(what)
    kinds.reverse()
    while kinds and kinds[0] == "remark":  # a row that was cut looks so too
        kinds.pop(0)
    if all(one == "blank" for one in kinds):
        return 0, []
    told = sum(one in ("total", "remark") for one in kinds)
    count = len(kinds)
    if not told:
        return count, []
    return count, [below_message(count)]


def _kind_below(record: Record, layout: Layout, first_is_text: bool) -> str:
    if record.fields is None:
        return "row"
    if record.is_empty and layout.width > 1:
        return "empty"
    if is_total(record.fields, layout.width, first_is_text):
        return "total"
    return "remark" if len(record.fields) == 1 and layout.width > 1 and kind(record.text) == "text" else "row"


def _tail(path: Path) -> list[str]:
    """The last lines of a text."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        text = file.read().decode("utf-8", HANDLER)
    lines = list(io.StringIO(text, newline=""))
    return lines if size <= _TAIL else lines[1:]
