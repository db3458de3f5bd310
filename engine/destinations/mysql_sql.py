"""The statements of the MySQL destination, built as expressions; values are bound as ``%s``."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

DIALECT = "mysql"
_VALUE = exp.Var(this="%s")
# Keys that differ in case or accents are different people.
_PROPERTIES = exp.Properties(
    expressions=[
        exp.CharacterSetProperty(this=exp.Var(this="utf8mb4"), default=False),
        exp.CollateProperty(this=exp.Var(this="utf8mb4_bin"), default=False),
    ]
)
LEDGER = (
    ("id", "VARCHAR(64)"),
    ("audience", "VARCHAR(63)"),
    ("sync", "BIGINT"),
    ("operation", "VARCHAR(8)"),
    ("n", "INT"),
)


def create_members(table: str, columns: Sequence[str]) -> str:
    """The table of members, with a JSON column for each identifier."""
    kinds = [("audience", "VARCHAR(63)"), ("key", "VARCHAR(255)"), *((name, "JSON") for name in columns)]
    return _create(table, kinds, "since", ("audience", "key"))


def create_ledger(table: str) -> str:
    """The table of the batches that were taken."""
    return _create(table, LEDGER, "at", ("id",))


def take(table: str) -> str:
    """Note a batch; nothing happens when its id is there."""
    columns = [name for name, _ in LEDGER]
    return _insert(table, columns, ignore=True).sql(dialect=DIALECT)


def put(table: str, columns: Sequence[str]) -> str:
    """Put a member, in place of an earlier one."""
    updates = [exp.EQ(this=_column(name), expression=_given(name)) for name in columns]
    since = exp.EQ(this=_column("since"), expression=exp.CurrentTimestamp())
    insert = _insert(table, ["audience", "key", *columns])
    insert.set("conflict", exp.OnConflict(duplicate=True, action=exp.Var(this="UPDATE"), expressions=[*updates, since]))
    return insert.sql(dialect=DIALECT)


def remove(table: str, keys: int) -> str:
    """Remove members of an audience by their keys."""
    among = exp.In(this=_column("key"), expressions=[_VALUE.copy() for _ in range(keys)])
    condition = exp.And(this=exp.EQ(this=_column("audience"), expression=_VALUE.copy()), expression=among)
    return exp.Delete(this=_table(table), where=exp.Where(this=condition)).sql(dialect=DIALECT)


def _create(table: str, kinds: Sequence[tuple[str, str]], moment: str, key: Sequence[str]) -> str:
    filled = exp.ColumnConstraint(kind=exp.NotNullColumnConstraint())
    now = exp.ColumnConstraint(kind=exp.DefaultColumnConstraint(this=exp.CurrentTimestamp()))
    columns = [_definition(name, kind, filled.copy()) for name, kind in kinds]
    made = exp.Schema(
        this=exp.Table(this=_name(table, bound=False)),
        expressions=[
            *columns,
            _definition(moment, "TIMESTAMP", filled, now),
            exp.PrimaryKey(expressions=[_name(name, bound=False) for name in key]),
        ],
    )
    return exp.Create(this=made, kind="TABLE", exists=True, properties=_PROPERTIES.copy()).sql(dialect=DIALECT)


def _definition(name: str, kind: str, *constraints: exp.ColumnConstraint) -> exp.ColumnDef:
    # TIMESTAMP has no time zone to sqlglot, which would write DATETIME.
    typed = exp.Var(this=kind) if kind == "TIMESTAMP" else exp.DataType.build(kind, dialect=DIALECT)
    return exp.ColumnDef(this=_name(name, bound=False), kind=typed, constraints=list(constraints))


def _insert(table: str, columns: Sequence[str], *, ignore: bool = False) -> exp.Insert:
    return exp.Insert(
        this=exp.Schema(this=_table(table), expressions=[_name(name) for name in columns]),
        expression=exp.Values(expressions=[exp.Tuple(expressions=[_VALUE.copy() for _ in columns])]),
        ignore=ignore,
    )


def _given(name: str) -> exp.Anonymous:
    """What the row that is put holds in a column."""
    return exp.Anonymous(this="VALUES", expressions=[_column(name)])


def _table(name: str) -> exp.Table:
    return exp.Table(this=_name(name))


def _column(name: str) -> exp.Column:
    return exp.Column(this=_name(name))


def _name(name: str, *, bound: bool = True) -> exp.Identifier:
    """A quoted name; where values are bound, the driver reads a per cent sign twice."""
    return exp.to_identifier(name.replace("%", "%%") if bound else name, quoted=True)
