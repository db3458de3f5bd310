"""`members`, `explain` and `why`: who is in an audience, by which SQL, and for what reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.cells import safe_table
from engine.domain.describe import Describer, describe
from engine.domain.documents import iso
from engine.domain.rule import TraitIs
from engine.domain.walk import active
from engine.durable import make_folder, whole_file
from engine.errors import EngineError
from engine.failures import reason_of
from engine.jobs import Job
from engine.operations.context import Context, prepare
from engine.operations.sizing import of_the_sound
from engine.operations.targets import Named, Target, moment, resolve, resolve_one
from engine.operations.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Members:
    """The sorted member keys of one audience."""

    id: str
    key_name: str
    array: NDArray[Any]
    """The keys as numpy holds them: int64, or text as objects."""

    @property
    def keys(self) -> list[Any]:
        """The keys as plain values."""
        found: list[Any] = self.array.tolist()
        return found

    def as_json(self) -> dict[str, Any]:
        """The line `convoke members --json` prints."""
        return {"id": self.id, "members": self.keys}

    def frame(self) -> pd.DataFrame:
        """One column, named like the profile key."""
        import pandas as pd

        return pd.DataFrame({self.key_name: self.array})


def members(
    workspace: Workspace,
    targets: Sequence[str],
    *,
    site: str | None = None,
    as_of: str | datetime | None = None,
    job: Job | None = None,
    wrong: list[EngineError] | None = None,
) -> list[Members]:
    """The members of audiences named by file, folder or id, sorted by key. What is wrong with one of them is raised, or
    put into ``wrong``: the others answer then."""
    named, at = resolve(workspace, targets, wrong), moment(as_of)

    def answer(some: Sequence[Named], all_: Sequence[Named]) -> list[Members]:
        return _members_of(prepare(workspace, all_, at, job), some, site)

    if wrong is None or (len(named) < 2 and not wrong):
        return answer(named, named)
    return of_the_sound(workspace, named, wrong, answer)


def _members_of(context: Context, named: Sequence[Named], site: str | None) -> list[Members]:
    wanted = [(one.audience, context.sites(one.audience, site)) for one in named]
    if context.together(wanted):
        for one in named:
            context.evaluator.check_patterns(one.audience)
        keys = context.portfolio.members(wanted)
    else:
        keys = [context.evaluator.members(audience, sites) for audience, sites in wanted]
    name = context.model.profile.key
    return [Members(one.audience.id, name, found) for one, found in zip(named, keys, strict=True)]


def export_members(found: Sequence[Members], out: Path, *, raw: bool = False) -> list[Path]:
    """Write members to a CSV or Parquet file, or to a file each in a folder; all or nothing per file. In CSV a key that
    a spreadsheet would take for a formula begins with an apostrophe, unless ``raw``."""
    if out.suffix.lower() in (".csv", ".parquet"):
        if len(found) != 1:
            raise EngineError("usage", f"{len(found)} audiences do not fit into one file", "--out", "Name a folder.")
        return [_write(found[0], out, raw=raw)]
    try:
        make_folder(out)
    except OSError as error:
        raise _unwritable(out, error) from None
    return [_write(one, out / f"{one.id}.csv", raw=raw) for one in found]


def _write(found: Members, path: Path, *, raw: bool) -> Path:
    import pyarrow as pa
    from pyarrow import csv, parquet

    kind = pa.int64() if found.array.dtype.kind in "iu" else pa.string()
    try:
        table = pa.table({found.key_name: pa.array(found.array, type=kind)})
        make_folder(path.parent)
        with whole_file(path) as fresh:
            if path.suffix.lower() == ".parquet":
                parquet.write_table(table, str(fresh), write_page_checksum=True)
            else:
                csv.write_csv(table if raw else safe_table(table), str(fresh))
    except OSError as error:
        raise _unwritable(path, error) from None
    return path


def _unwritable(path: Path, error: OSError) -> EngineError:
    reason = reason_of(error)
    return EngineError("file", f"{path} cannot be written: {reason}", "--out", "Choose another place.")


@dataclass(frozen=True)
class Explanation:
    """The SQL of an audience: with values written in for reading, and as it runs, with parameters."""

    id: str
    sentence: str
    sql: tuple[str, ...]
    parameters: tuple[tuple[Any, ...], ...]

    def as_json(self) -> dict[str, Any]:
        """The line `convoke explain --json` prints."""
        plain = [[iso(v) if isinstance(v, date) else v for v in values] for values in self.parameters]
        statements = [{"sql": s, "parameters": p} for s, p in zip(self.sql, plain, strict=True)]
        return {"id": self.id, "sentence": self.sentence, "statements": statements}


def explain(
    workspace: Workspace,
    target: str,
    *,
    dialect: str = "duckdb",
    as_of: str | datetime | None = None,
    language: str | None = None,
) -> list[Explanation]:
    """The SQL that finds an audience's members; one statement for sites that resolve alike."""
    if dialect != "duckdb":
        raise EngineError(
            "usage", f'there is no dialect "{dialect}" yet', "--dialect", "The only one so far is duckdb."
        )
    named = resolve(workspace, [target])
    context = prepare(workspace, named, moment(as_of))
    result = []
    for one in named:
        statements = context.evaluator.member_statements(one.audience, context.sites(one.audience, None))
        sentence = describe(one.audience, language or workspace.settings.language, context.model)
        result.append(
            Explanation(
                one.audience.id,
                sentence,
                tuple(s.pretty() for s in statements),
                tuple(s.parameters for s in statements),
            )
        )
    return result


@dataclass(frozen=True)
class Reason:
    """One node and whether the profile is in it; ``value`` is the profile's own, for trait conditions."""

    path: str
    sentence: str
    holds: bool
    value: Any = None


@dataclass(frozen=True)
class Why:
    """Why one profile is in an audience or out of it."""

    id: str
    key: str
    site: str | None
    member: bool
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        """The line `convoke why --json` prints."""
        reasons = [
            {"path": r.path, "condition": r.sentence, "in": r.holds, "value": _plain(r.value)} for r in self.reasons
        ]
        return {"id": self.id, "key": self.key, "site": self.site, "member": self.member, "conditions": reasons}

    def frame(self) -> pd.DataFrame:
        """One row a node."""
        import pandas as pd

        return pd.DataFrame(self.as_json()["conditions"])


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return iso(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def why(
    workspace: Workspace,
    target: Target,
    key: str,
    *,
    as_of: str | datetime | None = None,
    language: str | None = None,
) -> Why:
    """Whether a profile satisfies each condition of an audience (or of a document); raises EngineError("not_found")
    for a strange key."""
    named = resolve_one(workspace, target)
    audience = named.audience
    context = prepare(workspace, [named], moment(as_of))
    verdict = context.evaluator.why(audience, context.sites(audience, None), key)
    if verdict.site is None:
        everywhere = context.evaluator.why(audience, list(context.model.sites.values()), key)
        if everywhere.site is None:
            raise EngineError("not_found", f'there is no profile "{key}"', hint="Give a profile's key as it is stored.")
        return Why(audience.id, str(key), everywhere.site, False, ())
    site = context.model.sites[verdict.site]
    describer = Describer(language or workspace.settings.language, context.model)
    reasons = []
    for path, node in active(audience.rule):
        value = context.evaluator.trait_value(node.trait, site, key) if isinstance(node, TraitIs) else None
        reasons.append(Reason(path, describer.clause(node), verdict.nodes[path], value))
    return Why(audience.id, str(key), verdict.site, verdict.member, tuple(reasons))
