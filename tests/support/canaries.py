"""A workspace in which every cell is a canary: a text or a number that occurs nowhere else, so that any message, log or
file that holds one has leaked it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pyarrow as pa

from engine import operations
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.faults.telling import unexpected
from engine.jobs import Job
from engine.operations import Workspace
from engine.operations.alerting import Seen
from engine.settings import write_settings
from engine.warehouses.duck import DuckSession
from engine.warehouses.local import publishing

CANARY = re.compile(rb"zqx|7351[0-9]{4}|21474735")
"""What every cell of the data holds."""
_NO_KEY = re.compile(rb"zqx(?!735100[0-9]{3})|7351(?!000)[0-9]{3}|21474735")
"""The same without the profile keys, of numbers or of text, which the store keeps on purpose: they are who was a member,
and who was sent beside the hashes that a destination got."""
MODEL: dict[str, Any] = {
    "kind": "model",
    "profile": {
        "sql": "SELECT id, email, agreed, city, CAST(age AS INTEGER) AS age, CAST(born AS DATE) AS born, CAST(seen AS "
        "TIMESTAMP) AS seen, CAST(amount AS DECIMAL(9,2)) AS amount, 100 // part AS share, n * 2 AS doubled, "
        "json_extract_string(js, '$.a') AS js, regexp_matches('a', pattern) AS vip, strptime(said, '%Y') AS said, "
        "timezone(zone, TIMESTAMP '2026-01-01') AS zoned, unhex(hex)::VARCHAR AS hex, chr(letter) AS letter FROM people",
        "key": "id",
        "traits": {
            **{name: {"type": "string"} for name in ("city", "js", "hex", "letter")},
            **{name: {"type": "integer"} for name in ("age", "share", "doubled")},
            **{name: {"type": "timestamp"} for name in ("seen", "said", "zoned")},
            "born": {"type": "date"},
            "amount": {"type": "decimal"},
            "vip": {"type": "boolean"},
        },
    },
    "events": {"buy": {"table": "buys", "profile": "id", "time": "ts", "properties": {"price": {"type": "decimal"}}}},
    "identifiers": {"email": {"table": "people", "profile": "id", "column": "email", "kind": "email"}},
    "consents": {"ads": {"table": "people", "profile": "id", "column": "agreed"}},
}
_PEOPLE = """
CREATE TABLE people AS SELECT 735100000 + i AS id, 'zqx' || i || '@zqx.test' AS email, true AS agreed, 'zqxcity' || i % 3
    AS city, '7351' AS age, '2026-01-01' AS born, '2026-01-01' AS seen, '7351.5' AS amount, 7 AS part, 73510000 AS n,
    '{"a": "zqx"}' AS js, 'zqx' AS pattern, '2026' AS said, 'UTC' AS zone, '7a7178' AS hex, 73 AS letter
    FROM range(12) AS r(i);
CREATE TABLE buys AS SELECT 735100000 + i % 12 AS id, TIMESTAMP '2026-06-01' AS ts, 7351.25::DECIMAL(18,4) AS price
    FROM range(24) AS r(i);
"""
_ALL = ", ".join(MODEL["profile"]["traits"])
RULE: dict[str, Any] = {
    "any": [
        *({"trait": name, "is_set": True} for name in MODEL["profile"]["traits"]),
        {"did": "buy", "times": {"gte": 1}},
    ]
}
DOCUMENT = {"kind": "audience", "id": "all", "name": "all", "rule": RULE, "destinations": ["out"]}
INGEST = "kind: ingest\nid: people\ninto: loaded\npath: {path}\n"
IDENTITY = "kind: identity\nid: persons\nkinds: {email: {most: 5}}\n"


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def _data(sql: str) -> Callable[[Path], None]:
    """Other data under the model that is saved."""

    def change(folder: Path) -> None:
        with publishing(folder / "warehouse", "test") as connection:
            connection.execute(_PEOPLE)
            connection.execute(sql)

    return change


def _column(name: str, value: str) -> Callable[[Path], None]:
    return _data(
        f"ALTER TABLE people ALTER {name} TYPE VARCHAR; UPDATE people SET {name} = {value} WHERE id = 735100007"
    )


DATA: Mapping[str, Callable[[Path], None]] = {
    "a text for a number": _column("age", "'zqx'"),
    "a number too large": _column("age", "'735173517351'"),
    "a text for a date": _column("born", "'zqx'"),
    "a date that cannot be": _column("born", "'7351-13-45'"),
    "a text for a time": _column("seen", "'zqx'"),
    "a time out of range": _column("seen", "'735173517351-01-01'"),
    "a decimal too wide": _column("amount", "'735173517351.5'"),
    "a division by zero": _data("UPDATE people SET part = 0 WHERE id = 735100007"),
    "an overflow": _data("UPDATE people SET n = 2147473519 WHERE id = 735100007"),
    "broken JSON": _column("js", "'{zqx'"),
    "a broken pattern": _column("pattern", "'(zqx'"),
    "a broken format": _column("said", "'zqx'"),
    "a broken zone": _column("zone", "'zqx'"),
    "broken digits": _column("hex", "'zqx'"),
    "a broken character": _data("UPDATE people SET letter = 73517351 WHERE id = 735100007"),
    "a key twice": _data("INSERT INTO people SELECT * FROM people LIMIT 1"),
    "a key missing": _data("UPDATE people SET id = NULL WHERE id = 735100007"),
    "a key of text": _data("ALTER TABLE people ALTER id TYPE VARCHAR; UPDATE people SET id = 'zqx' || id"),
    "a list for a text": _data("ALTER TABLE people ALTER city TYPE VARCHAR[] USING [city]"),
    "a structure for a text": _data("ALTER TABLE people ALTER city TYPE STRUCT(a VARCHAR) USING {'a': city}"),
    "an enumeration for a date": _data(
        "CREATE TYPE e AS ENUM (SELECT DISTINCT city FROM people); ALTER TABLE people ALTER born TYPE e USING city::e"
    ),
    "text for consent": _data("ALTER TABLE people ALTER agreed TYPE VARCHAR USING 'zqx' || id"),
    "a column gone": _data("ALTER TABLE people DROP city"),
    "a table gone": _data("DROP TABLE people"),
    "no events": _data("DROP TABLE buys"),
    "a text for a price": _data("ALTER TABLE buys ALTER price TYPE VARCHAR USING 'zqx'"),
}
"""By name: data that do not fit the saved model any more."""


def _raised() -> dict[str, BaseException]:
    said = "zqx 735100007"
    return {
        "a full disk": duckdb.IOException(f"IO Error: Could not write file {said}: No space left on device"),
        "a damaged block": duckdb.IOException(f"IO Error: Corrupt database file: checksum of {said}"),
        "too little memory": duckdb.OutOfMemoryException(f"Out of Memory Error: {said}"),
        "a bug of DuckDB": duckdb.InternalException(f"INTERNAL Error: {said}"),
        "a constraint": duckdb.ConstraintException(f'Constraint Error: Duplicate key "id: {said}" violates'),
        "a value of Arrow": pa.ArrowInvalid(f"Could not convert '{said}' with type str"),
        "a type of Arrow": pa.ArrowTypeError(said),
        "a value of Python": ValueError(said),
        "a key of Python": KeyError(said),
        "a text that is none": UnicodeDecodeError("utf-8", said.encode(), 0, 1, said),
        "a full disk of Python": OSError(28, said),
        "no permission": PermissionError(13, said),
        "no memory": MemoryError(said),
    }


RAISED = _raised()
"""By name: what a query raises."""


# -- every operation ---------------------------------------------------------------------------------------------------

NOT_CALLED = {
    "Follower", "Lookup", "Seen", "Workspace", "collecting_into", "prepare_demo", "init", "connect", "schema",
    "destination_types", "make_vault_key", "rotate_pepper",
}  # fmt: skip
"""No operations on data: classes, what makes a workspace or a key, and what describes Convoke itself."""


def _arguments(world: World) -> dict[str, Any]:
    """By the name of a parameter what it is given."""
    moment = datetime(2026, 6, 15, tzinfo=UTC)
    return {
        "workspace": world.workspace, "job": world.job, "ask": lambda *_: "a long passphrase", "at": moment, "now": moment,
        "target": "all", "targets": ["all"], "identifier": "all", "ids": [], "trait": "city", "path": world.file,
        "file": world.folder / "model.yaml", "folder": world.folder / "documents", "out": world.folder / "out.csv", "key": ASKED,
        "name": "city", "document": dict(DOCUMENT), "documents": [dict(DOCUMENT)], "text": "email:zqx1@zqx.test",
        "one": "email:zqx1@zqx.test", "other": "email:zqx2@zqx.test", "reason": "a reason", "by": {}, "same": True,
        "event": "buy", "events": ["buy"], "gap": "30min", "days": 3, "scopes": ("read",), "start": "2026-06-01",
        "end": "2026-06-02", "table": "people", "tables": [], "check": "people.rows", "value": {"kind": "destination"},
        "secrets": {}, "task": 1, "number": 1, "person": "p1", "wanted": [("email", "zqx1@zqx.test")], "ago": 1,
        "source": "collected", "changes": {}, "group": {"trait": "city", "eq": "zqxcity1"}, "share": 0.1, "paths": [world.file],
        "paused": False, "user": "out", "seen": {}, "found": [], "most": 5, "most_rows": 5, "into": None, "again": False,
    }  # fmt: skip


_OTHERS: Mapping[str, Mapping[str, Any]] = {
    "breakdown": {"target": DOCUMENT}, "insights": {"target": DOCUMENT}, "overlap": {"target": DOCUMENT},
    "thresholds": {"target": DOCUMENT, "path": "rule.any[0]"}, "past_size": {"target": DOCUMENT},
    "past_sizes": {"target": DOCUMENT}, "reachable": {"target": DOCUMENT}, "sample_members": {"target": DOCUMENT},
    "size_document": {"as_of": datetime(2026, 6, 15, tzinfo=UTC)}, "watch": {"seen": Seen()},
    "ingest_replay": {"number": "000000000000"}, "propensity_create": {"target": {"did": "buy"}, "days": 7},
    "lineage_of": {"name": "people"}, "set_secret": {"value": "whatever", "name": "other"}, "remove_secret": {"name": "other"},
    "add_token": {"name": "other"}, "pause_destination": {"identifier": "out"}, "try_destination": {"identifier": "out"},
    "remove_destination": {"identifier": "nothing"}, "delete": {"identifier": "nothing"}, "values": {"name": "city"},
    "model_sessions": {"name": "visit"}, "judge_pair": {"one": "1", "other": "2"},
    "add_to_model": {"event": "seen: {table: buys, profile: id, time: ts}"},
    "apply_model_text": {"text": dump_yaml(MODEL)}, "save_contract": {"text": "kind: contract"},
}  # fmt: skip


@dataclass
class World:
    """A workspace full of canaries, and what was said while things went wrong in it."""

    folder: Path
    said: list[tuple[str, str]] = field(default_factory=list)
    tried: int = 0
    failed: int = 0
    job: Job = field(default_factory=Job)
    _opened: Workspace | None = None

    @property
    def file(self) -> Path:
        """A file to load, with canaries in every line."""
        return self.folder / "people.csv"

    @property
    def workspace(self) -> Workspace:
        """The workspace with the data there are now."""
        if self._opened is None:
            self._opened = Workspace(self.folder)
        return self._opened

    def close(self) -> None:
        """Let go of the workspace."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def call(self, name: str) -> None:
        """Call an operation; what it says of a failure is kept, as each face would show it."""
        function = getattr(operations, name)
        given = _arguments(self) | dict(_OTHERS.get(name, {}))
        if name in ("ingest_draft", "ingest_files", "ingest_load", "ingest_preview", "ingest_pull", "ingest_watch"):
            given["document"] = _ingest(self.file)
        if name in ("apply_identity", "what_if_identity"):
            given["file"] = self.folder / "identity.yaml"
        if name in ("upload_list", "onboard_list"):
            given["file"] = self.file
        if name == "what_if_document":
            given["document"] = _identity()
        wanted = inspect.signature(function).parameters
        missing = [one.name for one in wanted.values() if one.name not in given and one.default is one.empty]
        assert not missing, f"{name} has parameters without a value here: {missing}"
        chosen = {
            one: given[one]
            for one in wanted
            if one in given and (wanted[one].default is inspect.Parameter.empty or one == "job")
        }
        positional = [chosen.pop(n) for n, one in wanted.items() if one.kind is one.POSITIONAL_ONLY and n in chosen]
        self.tried += 1
        try:
            found = function(*positional, **chosen)
            if isinstance(found, Iterator):
                list(found)
        except EngineError as error:
            self._keep(name, error)
        except Exception as error:
            if type(error) in (AssertionError, TypeError):  # a mistake of these tests
                raise
            self._keep(name, unexpected(error))

    def _keep(self, name: str, error: EngineError) -> None:
        self.failed += 1
        said = f"{error.as_json()} {error} {error.place or ''}"
        self.said.append((name, said.replace(ASKED, "")))

    def left_behind(self) -> Iterator[tuple[str, bytes]]:
        """(name, bytes) of every file but those that hold data on purpose."""
        for path in sorted(self.folder.rglob("*")):
            inside = path.relative_to(self.folder).as_posix()
            if path.is_file() and not inside.startswith(BELONGS):
                yield inside, path.read_bytes()


ASKED = "735100007"
"""The key that operations are asked about: whoever asks knows it."""
BELONGS = (
    "warehouse/",
    "ingest/",
    "people.csv",
    "out.csv",
    "model.yaml",
    "identity.yaml",
    "identity/",
    "collected/",
    "bitmaps/",
    "spool/",
    "features/",
)
"""Where data are on purpose: the warehouse, what is loaded or kept aside, the map of persons, keys of bitmaps, and the
rows that scores are learnt from."""


def operations_tried() -> list[str]:
    """Every operation of the table, but those that have nothing to do with data."""
    return [name for name in operations.__all__ if name not in NOT_CALLED]


def make_world(folder: Path) -> World:
    """The workspace before anything goes wrong: an audience with a run, an ingest document, an identity document, a
    contract, a list and a destination."""
    with operations.init(folder) as made:
        write_settings(folder, replace(made.settings, warehouse="local:"))
    _data("SELECT 1")(folder)
    world = World(folder)
    (folder / "model.yaml").write_text(dump_yaml(MODEL), encoding="utf-8")
    (folder / "identity.yaml").write_text(IDENTITY, encoding="utf-8")
    world.file.write_text("id,email,city\n735100001,zqx1@zqx.test,zqx\n735100002,zqx,\n", encoding="utf-8")
    (folder / "documents").mkdir()
    operations.apply_model_text(world.workspace, dump_yaml(MODEL))
    (folder / "out.yaml").write_text(
        "kind: destination\nid: out\ntype: memory\nidentifiers: [email]\n", encoding="utf-8"
    )
    operations.add_destination(world.workspace, folder / "out.yaml")
    operations.save(world.workspace, dict(DOCUMENT))
    operations.run(world.workspace, ["all"])
    return world


def break_data(world: World, name: str) -> None:
    """Put other data in place of those of the model."""
    world.close()
    DATA[name](world.folder)


@contextmanager
def raising(error: BaseException) -> Iterator[None]:
    """Let every query of a warehouse raise an exception."""

    def fail(*_: Any) -> Any:
        raise error

    inside: Any = inspect.unwrap(DuckSession.running)
    *before, _ = inside.__defaults__
    with mock.patch.object(inside, "__defaults__", (*before, fail)):
        yield


def leaks(world: World) -> list[str]:
    """What was said, or left behind, with a canary in it."""
    found = [f"{name}: {text}" for name, text in (*world.said, *_told(world)) if CANARY.search(text.encode())]
    for name, data in world.left_behind():
        hit = _NO_KEY.search(data)
        if hit is not None:
            found.append(f"{name}: {data[max(0, hit.start() - 120) : hit.end() + 60]!r}")
    return found


def _told(world: World) -> Iterator[tuple[str, str]]:
    """What the workspace tells of past work: findings, states and reasons."""
    for name in ("check", "quality_show", "syncs", "alerts", "tasks", "runs", "recent_log", "activity", "red_tables",
                 "ingest_troubles", "score_troubles", "ingest_status", "doctor", "freshness_of", "identity_state"):  # fmt: skip
        with suppress(EngineError):
            yield name, repr(getattr(operations, name)(world.workspace))


def asked_by_http(world: World, client: Any) -> Iterator[tuple[str, int, str]]:
    """(route, status, body) of every GET of the API, and of the questions about a document."""
    places = {"identifier": "all", "trait": "city", "key": ASKED, "name": "city", "number": "1", "run": "1"}
    for route, methods in client.get("/openapi.json").json()["paths"].items():
        path = re.sub(r"\{(\w+)\}", lambda found: places.get(found[1], "all"), route)
        if "get" in methods:
            answer = client.get(path)
            yield f"GET {route}", answer.status_code, answer.text.replace(ASKED, "")
    for path in ("/v1/size", "/v1/plan"):
        answer = client.post(path, json={"document": DOCUMENT, "as_of": "2026-06-15T12:00:00Z"})
        yield f"POST {path}", answer.status_code, answer.text


def _ingest(path: Path) -> Any:
    from engine.domain.documents import load_one
    from engine.domain.ingest_codec import read_ingest

    return read_ingest(load_one(INGEST.format(path=path)))


def _identity() -> Any:
    from engine.domain.documents import load_one
    from engine.domain.identity_codec import read_identity

    return read_identity(load_one(IDENTITY))
