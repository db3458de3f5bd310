"""From any exception to the error that people read; its own text stays beside it in memory and goes nowhere else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from engine.errors import EngineError
from engine.failures import failure_of, store_damage
from engine.faults import causes
from engine.faults.causes import Cause
from engine.faults.peers import READERS, cause_in_others, cause_in_system
from engine.faults.queries import cause_in_file, cause_in_query, cause_in_sql


def cause_of(error: BaseException, written: str = "", known: Collection[str] = ()) -> Cause:
    """The cause of any exception. ``written`` is the SQL that ran, ``known`` the names of the catalogue: only names
    from there may be said."""
    for kind in type(error).__mro__:
        library = kind.__module__.split(".")[0].lstrip("_")
        if library == "duckdb" and isinstance(error, Exception):
            return cause_in_query(error, written, known)
        if library == "sqlglot" and isinstance(error, Exception):
            return cause_in_sql(error)
        if library in READERS and isinstance(error, Exception):
            return READERS[library](error)
    if isinstance(error, OSError):
        return cause_in_system(error)
    return cause_in_others(error)


def failure(
    code: str,
    lead: str,
    error: BaseException,
    path: str | None = None,
    hint: str | None = None,
    cause: Cause | None = None,
) -> EngineError:
    """``lead: cause``, with the cause's own hint where none is given."""
    found = cause or cause_of(error)
    made = EngineError(code, f"{lead}: {found.words}", path, hint or found.hint)
    made.technical = technical_text(error)
    return made


def file_failure(
    code: str, lead: str, error: Exception, path: str | None = None, hint: str | None = None
) -> EngineError:
    """The same for a file that Convoke reads with DuckDB, with its line where that is known."""
    cause, line = cause_in_file(error)
    if line is not None:
        cause = replace(cause, words=f"{cause.words} (line {line})")
    return failure(code, lead, error, path, hint, cause)


def unexpected(error: BaseException, hint: str | None = None) -> EngineError:
    """What nobody caught: the machine's own causes by their names, anything else as a case that was not expected, with
    the place in the program."""
    if isinstance(error, UnicodeEncodeError):
        message = "a text holds half a character (a lone surrogate)"
        return EngineError("operand", message, hint="Write it as UTF-8.")
    known = store_damage(error) or (None if cause_of(error).of_data else failure_of(error))
    if known is None and isinstance(error, MemoryError):
        known = EngineError("memory", causes.MEMORY.words, hint=causes.MEMORY.hint)
    if known is not None:
        known.technical = technical_text(error)
        return known
    message = f"Convoke met a case it did not expect ({type(error).__name__}{_place(error)})"
    made = EngineError("internal", message, hint=hint)
    made.technical = technical_text(error)
    return made


def technical_text(error: BaseException) -> str:
    """The exception's own text, for a terminal of somebody who may see the data; never to be kept."""
    return f"{type(error).__name__}: {error}"


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f", {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
