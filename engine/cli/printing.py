"""What commands print: tables and progress on a terminal, plain lines in a pipe, JSON when asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from engine.domain.documents import iso
from engine.errors import ALLOW_SHRINK, EngineError
from engine.jobs import Job

T = TypeVar("T")


def say(text: str) -> None:
    """One line on stdout."""
    sys.stdout.write(text + "\n")


def say_json(value: Any) -> None:
    """One line of JSON on stdout."""
    say(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return iso(value)
    if isinstance(value, Decimal):
        return float(value)
    return str(value)


def note(text: str) -> None:
    """A remark on stderr, so that pipes stay clean."""
    sys.stderr.write(text + "\n")


def trouble(error: EngineError, *, as_json: bool) -> None:
    """What is wrong, on stderr: a sentence, or with ``as_json`` the shape of rules.md."""
    # Whoever runs the command may see the data, so the rows to blame are named here, and nowhere else.
    if as_json:
        told = error.as_json()
        if error.place is not None:
            told["error"]["place"] = error.place
        note(json.dumps(told, ensure_ascii=False))
        return
    message = error.message if error.place is None else f"{error.message} ({error.place})"
    message = message if message.rstrip()[-1:] in ".?!…" else message + "."
    where = f"{error.path}: " if error.path else ""
    hint = f" {error.hint}" if error.hint else ""
    note(f"convoke: {where}{message}{hint}")


def number(value: int | None) -> str:
    """A count with separators; a dash for none."""
    return "–" if value is None else f"{value:,}"


def share(part: int, whole: int) -> str:
    """A percentage."""
    return "–" if whole == 0 else f"{100 * part / whole:.1f} %"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = (), title: str = "") -> None:
    """A table; columns in ``right`` are numbers."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title or None, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for i, heading in enumerate(headings):
        made.add_column(heading, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200)
    console.print(made)


@contextmanager
def progress(label: str, *, quiet: bool = False) -> Iterator[Job]:
    """A job whose progress shows as a bar on a terminal; Ctrl+C cancels it."""
    if quiet or not sys.stderr.isatty():
        yield Job()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=1.0)

        def show(done: float, step: str) -> None:
            bar.update(task, completed=done, description=f"{label}: {step}")

        yield Job(show)


def write_out(out: Path, text: str) -> None:
    """Write a text to the file that --out names."""
    from engine.errors import EngineError

    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise EngineError("file", f"{out} cannot be written: {reason}", "--out", "Choose another place.") from None


def may_shrink(work: Callable[[bool], T], *, allowed: bool, quiet: bool) -> T:
    """Do what may replace much by little; ``work`` is given whether it may. On a terminal a person is asked, elsewhere
    the refusal says how to allow it."""
    import typer

    try:
        return work(allowed)
    except EngineError as error:
        if error.path != ALLOW_SHRINK or quiet or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        note(f"{error.message[:1].upper()}{error.message[1:]}.")
        if not typer.confirm("Replace all the same?", err=True):
            raise
    return work(True)
