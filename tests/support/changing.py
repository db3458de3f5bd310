"""A generated world that changes between runs: profiles come, go and return, events arrive late or are taken back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from engine.bitmap.finding import Setting
from engine.bitmap.library import Library
from engine.domain.audience_codec import read_audience
from engine.domain.documents import dump_yaml, iso, load_one
from engine.membership.running import Due, Runner
from engine.membership.snapshots import Snapshots
from engine.sql.compile import World
from engine.store.database import Database
from engine.store.ordinals import OrdinalSegments
from engine.store.runs import Runs
from tests.support import oracle
from tests.support.equivalence import Case, Plain
from tests.support.plans import AS_IT_IS, Plan

DOCUMENTS = 6


class ChangingCase:
    """A world in several states, and a run after each; the oracle says what every run must have found."""

    def __init__(self, rng: Random, folder: Path, plan: Plan = AS_IT_IS, *, large: bool = False) -> None:
        self.rng = rng
        self.case = Case(rng, plan, large=large, in_memory=True)
        self.made = self.case.made
        self.connection = self.made.warehouse._connection
        for table in sorted(set(self.made.tables.values())):
            self.connection.execute(
                f"CREATE TABLE {_quoted(table, 'full ')} AS SELECT *, rowid AS rid FROM {_quoted(table)}"
            )
        plain = self.made.plain
        self.full = (list(plain.profiles), dict(plain.events), dict(plain.objects))
        self.documents = self._documents()
        self.database = Database(folder / "store.sqlite")
        self.library = Library(self.database, folder / "bitmaps", 1 << 20)
        self.segments = OrdinalSegments(self.database)
        self.runs = Runs(self.database)
        self.snapshots = Snapshots(self.runs, self.segments, self.library)
        self.before: dict[str, set[Any]] = {}
        self.moved = self.recounted = 0

    def _documents(self) -> list[Plain]:
        documents = []
        for number in range(DOCUMENTS):
            document = self.case.document(number)
            documents.append(document)
            audience = read_audience(load_one(dump_yaml(document)))
            self.case.audiences[audience.id, None] = audience
            self.made.plain.audiences[audience.id] = document
            self.case.rules.audiences.append(audience.id)
        return documents

    # -- changing --------------------------------------------------------------------------------------------------

    def change(self, number: int) -> None:
        """Put the world into another state; sometimes only the clock moves."""
        plain = self.made.plain
        if number == 0 or self.rng.random() < 0.8:
            profiles, events, objects = self.full
            plain.profiles = self._some({"": profiles})[""]
            if number == 0 or self.rng.random() < 0.5:  # else only profiles come, go and return
                plain.events = self._some_of_each(events)
                plain.objects = self._some_of_each(objects)
            self.made.warehouse._version = f"state {number}"
        if self.rng.random() < 0.6:
            plain.as_of += timedelta(days=self.rng.choice([1, 1, 7, 30]))
        plain.forget()

    def _some_of_each(self, rows: dict[str, list[Plain]]) -> dict[str, list[Plain]]:
        """Some rows of each event or object, table by table."""
        result: dict[str, list[Plain]] = {}
        for table in dict.fromkeys(self.made.tables[name] for name in rows):
            result |= self._some({name: rows[name] for name in rows if self.made.tables[name] == table})
        return result

    def _some(self, rows: dict[str, list[Plain]]) -> dict[str, list[Plain]]:
        """Some rows of one table."""
        share = self.rng.choice([0.4, 0.8, 1.0])
        kept = {name: [row for row in found if self.rng.random() < share] for name, found in rows.items()}
        table = self.made.tables[next(iter(rows))]
        wanted = ", ".join(str(row["_rowid"]) for found in kept.values() for row in found) or "-1"
        query = f"SELECT * EXCLUDE (rid) FROM {_quoted(table, 'full ')} WHERE rid IN ({wanted})"
        self.connection.execute(f"CREATE OR REPLACE TABLE {_quoted(table)} AS {query}")
        return kept

    # -- running ---------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Run every audience over the present state, and compare all it froze with the oracle."""
        made = self.made
        world = World(made.model, made.warehouse, made.warehouse.describe, made.plain.lists, made.plain.as_of)  # type: ignore[arg-type]
        scratch = made.warehouse.scratch()
        memory = self.rng.choice([1, 500, 1 << 20])
        slide_from = self.rng.choice([0, 0, 1 << 40])
        setting = Setting(
            made.warehouse, world, scratch, self.library, self.segments, {}, memory, slide_from=slide_from
        )
        run = self.runs.start(iso(made.plain.as_of), made.warehouse.data_version(), [])
        due = [Due(read_audience(load_one(dump_yaml(d))), 1, "") for d in self.documents]
        report = Runner(setting, self.case.audiences, self.runs, run).all(due, list(made.model.sites.values()))
        assert not report.failures, report.failures
        self.runs.finish(run, {"sites": report.sites}, report.failures)
        scratch.close()
        for document in self.documents:
            self._compare(document, run)
        scans = [scan for site in report.sites for scan in site["scans"]]
        self.moved += sum(scan["moved"] for scan in scans)
        self.recounted += sum(scan["recounted"] for scan in scans)
        return sum(site["reused"] for site in report.sites)

    def _compare(self, document: Plain, run: int) -> None:
        expected = oracle.members(document, self.made.plain)
        history = self.snapshots.history(document["id"])
        newest = history[-1]
        assert newest[0].run_id == run
        assert self.snapshots.members(newest).tolist() == sorted(expected), document
        before = self.before.get(document["id"], set())
        assert sum(one.row.added or 0 for one in newest) == len(expected - before), document
        assert sum(one.row.removed or 0 for one in newest) == len(before - expected), document
        if len(history) > 1:
            came, went = self.snapshots.changes(history[-2], newest)
            assert set(came.tolist()) == expected - before, document
            assert set(went.tolist()) == before - expected, document
        self.before[document["id"]] = expected

    def close(self) -> None:
        """Let the world go."""
        self.library.close()
        self.database.close()
        self.case.close()


def _quoted(name: str, prefix: str = "") -> str:
    return '"' + (prefix + name).replace('"', '""') + '"'
