"""A share of the profiles with all that belongs to them: whole profiles, so that every condition means the same there.

Profiles are chosen by a hash of their key. It is not the hash of `sample` conditions: choosing by that one would keep
either all or none of such a condition's members.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from engine.domain.model import EventType, ObjectType
from engine.sql.build import Binder, Expr, Statement, alias, call, cast, column, number, render, word
from engine.sql.sources import Rows, Sources

BUCKETS = 1 << 20
_SALT = "estimate"


def sampled_profiles(sources: Sources, buckets: int) -> Statement:
    """The profile rows in the first ``buckets`` of :data:`BUCKETS`, with the columns that the model names."""
    profile = sources.model.profile
    columns = {profile.key, *(trait.column for trait in profile.traits.values())}
    if profile.site_column is not None:
        columns.add(profile.site_column)
    return _chosen(sources.profiles, columns, sources.key_text(), buckets)


def sampled_rows(sources: Sources, kind: EventType | ObjectType, buckets: int) -> Statement:
    """The same profiles' rows of an event or object."""
    columns = {kind.profile, *(field.column for field in kind.properties.values())}
    if isinstance(kind, EventType):
        rows = sources.event_rows(kind.name, "r")
        columns.add(kind.time)
    else:
        rows = sources.object_rows(kind.name, "r")
    return _chosen(rows, columns, cast(sources.owner(rows, kind), "VARCHAR"), buckets)


def row_count(rows: Rows) -> Statement:
    """How many rows a source has."""
    return render(exp.select(alias(exp.Count(this=exp.Star()), "n")).from_(rows.from_item()), Binder())


def site_counts(sources: Sources) -> Statement:
    """`site, n`: how many profiles each site has; one row without a site when the model has none."""
    site = sources.site()
    counted = alias(exp.Count(this=exp.Star()), "n")
    if site is None:
        query = exp.select(alias(exp.null(), "site"), counted).from_(sources.profiles.from_item())
    else:
        query = exp.select(alias(site, "site"), counted).from_(sources.profiles.from_item()).group_by(column("site"))
    return render(query, Binder())


def _chosen(rows: Rows, columns: Iterable[str], key: Expr, buckets: int) -> Statement:
    hashed = call("hash", key, word(_SALT))
    chosen = exp.LT(this=exp.Mod(this=exp.Paren(this=hashed), expression=number(BUCKETS)), expression=number(buckets))
    wanted = [alias(rows.raw(one), one) for one in sorted(columns)]
    return render(exp.select(*wanted).from_(rows.from_item()).where(chosen), Binder())
