"""Workspaces with every kind of file that Convoke keeps, and the questions whose answers rest on them."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.damaging import Ask, answers
from tests.support.power import copy

Question = tuple[str, Callable[[], Any]]
_LATER = datetime(2031, 1, 1, tzinfo=UTC)
"""Runs are as of a time when everything has happened."""


@dataclass
class World:
    """``make`` leaves a workspace in a folder, calling its second argument when what is there is to be the older state; the
    folder is where it is damaged and asked too (some files name others by their whole path);
    ``targets`` are the files by name, as patterns below the folder; ``fits`` accepts answers other than the right one."""

    name: str
    make: Callable[[Path, Callable[[], None]], object]
    ask: Ask
    targets: Mapping[str, Sequence[str]]
    also: Callable[[Mapping[str, Any], str, Any], bool] = lambda right, name, value: False
    right: dict[str, Any] = field(default_factory=dict)
    former: dict[str, Any] = field(default_factory=dict)
    between: dict[str, list[Any]] = field(default_factory=dict)

    def prepare(self, base: Path, *, between: bool = True) -> None:
        """Make it once, in a process of its own, for DuckDB's threads do not survive a fork; and ask it, also as it was
        ``between`` the transactions of the store's journal."""
        (base / "at").mkdir(parents=True)
        child = os.fork()
        if child == 0:
            os._exit(self._made(base))
        assert os.waitpid(child, 0)[1] == 0, "the world was not made"
        work = base / "at"
        for state, into in (("now", self.right), ("older", self.former)):
            if (base / state).exists():
                copy(base / state, work)
                found = answers(self.ask, work)
                assert state == "older" or all(one.verdict == "right" for one in found.values()), found
                into.update({name: one.value for name, one in found.items()})
        if between and "wal" in self.targets:
            self._look_between(base)

    def _look_between(self, base: Path) -> None:
        """The answers after each transaction that is in the store's journal: SQLite takes it up to the first damage."""
        for journal in (base / "now").glob("ws/store.sqlite-wal"):
            data = journal.read_bytes()
            for end in (0, *_commits(data)):
                copy(base / "now", base / "at")
                (base / "at/ws/store.sqlite-wal").write_bytes(data[:end])
                for name, one in answers(self.ask, base / "at").items():
                    if one.verdict == "right" and one.value not in self.between.setdefault(name, []):
                        self.between[name].append(one.value)

    def _made(self, base: Path) -> int:
        """Nothing is closed: the journal of the store stays as it is."""
        try:
            kept_open = self.make(base / "at", lambda: copy(base / "at", base / "older"))
            copy(base / "at", base / "now")
            del kept_open
        except BaseException:
            traceback.print_exc()
            return 1
        return 0

    def fits(self, older: bool) -> Callable[[str, Any], bool]:
        """Whether an answer other than the right one is sound; that of an ``older`` state where one was put back."""

        def fits(name: str, value: Any) -> bool:
            was = older and value in (self.former.get(name, self.right), *self.between.get(name, ()))
            return was or self.also(self.right, name, value)

        return fits


def _commits(journal: bytes) -> list[int]:
    """Where each transaction ends in a journal of SQLite (https://sqlite.org/fileformat.html#the_write_ahead_log)."""
    frame = 24 + int.from_bytes(journal[8:12], "big")
    starts = range(32, len(journal) - frame + 1, frame)
    return [start + frame for start in starts if journal[start + 4 : start + 8] != bytes(4)]


# -- few people: store, its journal, bitmaps, local warehouse ----------------------------------------------------------


def _few(folder: Path, older: Callable[[], None]) -> object:
    from engine import operations
    from tests.support.delivering import make, person

    people = [person(number, city=("SP", "RJ")[number % 2]) for number in range(40)]
    out = {"type": "folder", "settings": {"path": "out"}, "identifiers": ["email"], "max_removal": 100}
    workspace = make(folder / "ws", people, out)
    operations.run(workspace, ["sp"], as_of="2030-01-01T00:00:00Z")
    older()
    rule = {"not": {"trait": "city", "eq": "SP"}}
    for number in range(3):
        operations.save(workspace, {"kind": "audience", "id": "rest", "name": f"Rest {number}", "rule": rule})
    operations.upload_list(workspace, "some", _list(folder))
    operations.run(workspace, ["sp", "rest"], as_of=_LATER)
    operations.sync(workspace)
    return workspace


def _list(folder: Path) -> Path:
    path = folder / "some.csv"
    path.write_text("id\n" + "\n".join(str(number) for number in range(0, 40, 3)), encoding="utf-8")
    return path


def _ask_few(folder: Path) -> Iterator[Question]:
    from engine import operations
    from engine.operations import Workspace

    with Workspace(folder / "ws") as ws:
        yield "members", lambda: sorted(map(int, operations.members_then(ws, "rest").keys))
        yield "snapshots", lambda: [[s.as_of, s.size, s.added, s.removed] for s in operations.snapshots(ws, "sp")]
        yield "list", lambda: {name: one.version for name, one in ws.audiences.all().items()}
        yield "history", lambda: [one.version for one in operations.history(ws, "rest")]
        yield "lists", lambda: ws.lists.keys("some")
        yield "syncs", lambda: [[one.id, one.state] for one in operations.syncs(ws)]
        rule = {"all": [{"trait": "city", "eq": "SP"}, {"list": "some"}]}
        document = {"kind": "audience", "id": "x", "name": "x", "rule": rule}
        yield "size", lambda: operations.size_document(ws, document, as_of=_LATER).size


# -- a shop: ordinals, counters, collected events ----------------------------------------------------------------

_IDS = ("buyers", "heavy", "never", "big", "both", "counted")


def _shop(folder: Path, older: Callable[[], None]) -> object:
    from engine import operations
    from tests.support.shop import Shop

    shop = Shop(folder)
    shop.land(200)
    shop.save("counted", {"did": "bought", "times": {"gte": 4}, "within": "30d"})
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    (folder / "as_of").write_text((today + timedelta(days=3)).isoformat(), encoding="utf-8")
    operations.run(shop.workspace, _IDS, as_of=today + timedelta(days=2))
    older()
    shop.land(100)
    operations.run(shop.workspace, _IDS, as_of=today + timedelta(days=3))
    shop.save("late", {"did": "bought", "times": {"gte": 9}})
    return shop


def _ask_shop(folder: Path) -> Iterator[Question]:
    from engine import operations
    from engine.operations import Workspace

    as_of = (folder / "as_of").read_text(encoding="utf-8")
    with Workspace(folder / "ws") as ws:
        yield "size", lambda: {one.id: one.size for one in operations.size(ws, _IDS, as_of=as_of)}
        yield "members buyers", lambda: sorted(map(str, operations.members_then(ws, "buyers").keys))
        yield "members never", lambda: sorted(map(str, operations.members_then(ws, "never").keys))
        yield "snapshots", lambda: [[s.as_of, s.size, s.added, s.removed] for s in operations.snapshots(ws, "heavy")]
        yield "list", lambda: {name: one.version for name, one in ws.audiences.all().items()}
        yield "history", lambda: [one.version for one in operations.history(ws, "late")]

        def ran() -> dict[str, Any]:
            found = operations.run(ws, _IDS, as_of=as_of).audiences
            for one in found:
                if one.error is not None:
                    raise one.error
            return {one.id: one.size for one in found}

        yield "run", ran
        yield "members after", lambda: ran() and sorted(map(str, operations.members_then(ws, "both").keys))
        yield "check", lambda: list(operations.check_store(ws).corrupt) or None


def _also_shop(right: Mapping[str, Any], name: str, value: Any) -> bool:
    """Files of bitmaps that are damaged are said by the check, and found again by the next run."""
    return name == "check" and value is not None


# -- persons: the map, its index, the vault ----------------------------------------------------------------------------

_KEYS = ("ana-1", "ana-2", "ana-3", "bruno-1", "carla-1", "nobody", "stranger")


def _people(folder: Path, older: Callable[[], None]) -> object:
    from engine import operations
    from tests.support.people import PEOPLE, make, publish

    more = [(f"k{one}", f"mail{one // 2}@mail.com", None, None) for one in range(600)]
    workspace = make(folder, [*PEOPLE, *more[:300]])
    operations.run_identity(workspace)
    workspace.close()
    older()
    publish(folder, [*PEOPLE, *more])
    with operations.Workspace(folder / "ws") as workspace:
        operations.run_identity(workspace)
    return None


def _ask_people(folder: Path) -> Iterator[Question]:
    from engine import operations
    from engine.operations import Workspace

    with Workspace(folder / "ws") as ws:
        wanted = [("profile", one) for one in (*_KEYS, *(f"k{one}" for one in range(0, 600, 7)))]

        def persons() -> list[Any]:
            return [one.person for one in operations.resolve_identifiers(ws, wanted)]

        yield "resolve", persons
        yield "profile", lambda: asdict(operations.profile_of(ws, str(persons()[0])))
        yield "find", lambda: str(operations.find_person(ws, "profile:ana-1"))
        yield "size", lambda: operations.size_document(ws, _ADULTS, as_of=_LATER).size


_ADULTS = {"kind": "audience", "id": "x", "name": "x", "rule": {"trait": "age", "gte": 30}}


# -- a collector whose journal waits -----------------------------------------------------------------------------------


def _journal(folder: Path, older: Callable[[], None]) -> object:
    from engine import operations
    from engine.ingest.messages import Received
    from engine.operations.collecting import collecting_into

    operations.init(folder / "ws").close()
    with collecting_into(folder / "ws") as collecting:
        for first in range(0, 90, 30):
            for number in range(first, first + 30):
                event = {"messageId": f"m{number}", "userId": "u1", "type": "track", "event": "Seen"}
                collecting.journal.write([Received(datetime.now(UTC), "web", (event,)).as_bytes()])
            collecting.journal.close()
            if not first:
                collecting.lander.land(collecting.journal.landed)
                older()
    return None


def _ask_journal(folder: Path) -> Iterator[Question]:
    from engine.operations import Workspace
    from engine.operations.collecting import collecting_into

    def land() -> None:
        with collecting_into(folder / "ws") as collecting:
            while any((folder / "ws/warehouse/collected/journal").glob("*.log")):
                collecting.lander.land(collecting.journal.landed)

    def landed() -> Any:
        with Workspace(folder / "ws") as ws:
            ids = [row[0] for row in ws.warehouse.rows("SELECT message_id FROM collected.seen ORDER BY 1")]
            known = {table.name for table in ws.warehouse.tables()}
            aside = ws.warehouse.rows("SELECT count(*) FROM collected.aside")[0][0] if "collected.aside" in known else 0
            return [ids, aside]

    yield "land", land
    yield "landed", landed


def _also_journal(right: Mapping[str, Any], name: str, value: Any) -> bool:
    """What is missing was put aside as damaged; nothing is there twice."""
    if name != "landed":
        return False
    (ids, aside), (all_ids, _) = value, right[name]
    return len(set(ids)) == len(ids) and set(ids) <= set(all_ids) and (len(ids) == len(all_ids) or aside > 0)


WORLDS: list[World] = [
    World(
        "few",
        _few,
        _ask_few,
        {
            "store": ["ws/store.sqlite"],
            "wal": ["ws/store.sqlite-wal"],
            "packs": ["ws/bitmaps/packs/*"],
            "local warehouse": ["ws/warehouse/warehouse.duckdb"],
        },
    ),
    World(
        "shop",
        _shop,
        _ask_shop,
        {
            "ordinals": ["ws/bitmaps/ordinals/*"],
            "collected parquet": ["ws/warehouse/collected/**/*.parquet"],
            "collected catalog": ["ws/warehouse/collected/*"],
            "locks and settings": ["ws/*.lock", "ws/warehouse/*.lock", "ws/convoke.toml"],
        },
        _also_shop,
    ),
    World(
        "people",
        _people,
        _ask_people,
        {
            "identity index": ["ws/identity/index-*.lmdb"],
            "identity map": ["ws/identity/map-*.duckdb"],
            "identity pointer": ["ws/identity/current.json"],
            "vault": ["ws/secrets.vault", "vault.key"],
        },
    ),
    World("journal", _journal, _ask_journal, {"journal": ["ws/warehouse/collected/journal/*"]}, _also_journal),
]
