"""A workspace in which everything was done once, through the command line: loads with bad rows, collected events,
persons, lists, audiences, runs, deliveries, traits, a model of people, contracts, a vault.

One person, Zulmira, has a text of her own in every place (see :data:`CANARIES`), so that a test can look for her.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.cli.__main__ import main
from engine.domain.documents import dump_yaml
from engine.ingest.messages import Received
from engine.operations.collecting import collecting_into

KEY = "zulmira-key-4711"
EMAIL = "zulmira.canary@mail.com"
DEVICE = "zulmira-device-a81"
CANARIES = {
    "key": KEY,
    "email": EMAIL,
    "device": DEVICE,
    "name": "Zulmira Canaria Zzyzx",
    "city": "Zulmiropolis",
    "page": "zulmira-page-0f",
    "aside": "zulmira-aside-77",
    "anonymous": "zulmira-anonymous-5e",
    "setting": "zulmira-trait-3c",
}
PASSPHRASE = "correct-horse-battery-staple-9"  # noqa: S105
MODEL: dict[str, Any] = {
    "kind": "model",
    "profile": {
        "table": "people",
        "key": "id",
        "identity": True,
        "traits": {
            "city": {"type": "string"},
            "age": {"type": "integer"},
            "name": {"type": "string", "personal": True},
        },
    },
    "events": {
        "visit": {
            "table": "visits",
            "profile": "who",
            "time": "ts",
            "properties": {"page": {"type": "string"}, "amount": {"type": "integer"}},
        },
        "seen": {"table": "collected.seen", "profile": "user_id", "time": "ts"},
    },
    "identifiers": {
        "email": {"table": "people", "profile": "id", "column": "email", "kind": "email"},
        "device": {"table": "people", "profile": "id", "column": "device", "kind": "device"},
    },
    "consents": {"profiling": {"table": "people", "profile": "id", "column": "agreed"}},
}
IDENTITY = {"kind": "identity", "id": "persons", "kinds": {"email": {"links": 5}, "device": {"links": 4}}}


class Failed(AssertionError):
    """A command that should have worked."""


def convoke(*arguments: str, expect: int | Sequence[int] = 0) -> str:
    """Run a command in this process; what it printed, on both outputs."""
    code, said = answered(*arguments)
    if code not in ((expect,) if isinstance(expect, int) else expect):
        raise Failed(f"convoke {' '.join(arguments)} gave {code}: {said}")
    return said


def answered(*arguments: str) -> tuple[int, str]:
    """Run a command in this process; its exit code, and what it printed, on both outputs."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return code, out.getvalue() + err.getvalue()


@contextmanager
def passphrase() -> Iterator[None]:
    """The vault's passphrase is in the environment."""
    os.environ["CONVOKE_VAULT_PASSPHRASE"] = PASSPHRASE
    try:
        yield
    finally:
        del os.environ["CONVOKE_VAULT_PASSPHRASE"]


class Everything:
    """The folder of files it was made from (``files``) and the workspace (``folder``)."""

    def __init__(self, above: Path, people: int = 200, *, models: bool = False, folder: Path | None = None) -> None:
        self.files, self.folder = above / "files", folder or above / "ws"
        self.people, self.models = people, models
        self._write_files()

    def run(self, *arguments: str, expect: int | Sequence[int] = 0) -> str:
        """A command on the workspace."""
        return convoke(*arguments, "--workspace", str(self.folder), expect=expect)

    def make(self) -> Everything:
        """Do everything, with the vault's passphrase where it is needed."""
        with passphrase():
            convoke("init", str(self.folder))
            self._load()
            self._collect()
            self._identity()
            self._audiences()
            self._models()
        return self

    def _load(self) -> None:
        self._write_documents()
        settings = self.folder / "convoke.toml"
        settings.write_text(settings.read_text("utf-8").replace('"keyring"', '"vault"'), "utf-8")
        self.run("ingest", "load", str(self.files / "people.csv"), "--into", "people", "--key", "id", "--reject", "0.5")
        self.run("ingest", "load", str(self.files / "visits.csv"), "--into", "visits")
        self.run("connect", "local:")
        self.run("quality", "draft", "people", "--out", str(self.files / "people.contract.yaml"))
        (self.folder / "contracts").mkdir(exist_ok=True)
        (self.folder / "contracts" / "people.yaml").write_bytes((self.files / "people.contract.yaml").read_bytes())

    def _collect(self) -> None:
        with collecting_into(self.folder) as collecting:
            base = {"messageId": "m1", "anonymousId": CANARIES["anonymous"], "timestamp": datetime.now(UTC).isoformat()}
            given: list[dict[str, Any]] = [
                base | {"type": "track", "userId": KEY, "event": "Seen", "properties": {"page": CANARIES["page"]}},
                base | {"messageId": "m2", "type": "identify", "userId": KEY, "traits": {"mood": CANARIES["setting"]}},
                base
                | {
                    "messageId": "m3",
                    "anonymousId": "a1",
                    "type": "track",
                    "userId": "p1",
                    "event": "Seen",
                    "properties": {"page": "x"},
                },
                base
                | {
                    "messageId": "m4",
                    "anonymousId": "a1",
                    "type": "identify",
                    "userId": "p1",
                    "traits": {"mood": "calm"},
                },
            ]
            aside = base | {
                "messageId": "m5",
                "type": "track",
                "userId": KEY,
                "properties": {"note": CANARIES["aside"]},
            }
            collecting.journal.write([Received(datetime.now(UTC), "web", (*given, aside)).as_bytes()])
            collecting.journal.close()
            collecting.lander.land(collecting.journal.landed)
            collecting.journal.write([Received(datetime.now(UTC), "web", (given[0] | {"messageId": "m6"},)).as_bytes()])
            collecting.journal.close()

    def _identity(self) -> None:
        (self.files / "model.yaml").write_text(dump_yaml(MODEL), "utf-8")
        self.run("model", "apply", str(self.files / "model.yaml"))
        self.run("identity", "apply", str(self.files / "identity.yaml"))
        self.run("identity", "run")
        self.run("identity", "join", "profile:p1", "profile:p2", "--reason", "they said so")
        if self.models:
            self.run("identity", "join", f"profile:{KEY}", f"device:{DEVICE}", "--reason", "the same")
            self.run("identity", "run", "--everything")
        self.run("identity", "export", "--out", str(self.files / "persons.csv"))

    def _audiences(self) -> None:
        self.run("lists", "add", "fans", str(self.files / "fans.csv"), "--report", str(self.files / "report.csv"))
        self.run("destination", "add", str(self.files / "folder.yaml"))
        self.run("apply", "-f", str(self.files / "audiences"))
        self.run("size", "all", "fans", "buyers", "--as-of", "2026-07-01T00:00:00Z")
        self.run("run", "--all", "--as-of", "2026-07-01T00:00:00Z")
        self.run("members", "all", "--out", str(self.files / "members.csv"))
        self.run("members", "all", "--out", str(self.files / "members.parquet"))
        self.run("sync")
        self.run("insights", "all")

    def _models(self) -> None:
        self.run("trait", "run")
        self.run("warehouse", "layout", "--apply")
        self.run("quality", "run", expect=(0, 1))
        if self.models:
            self.run("lookalike", "train")
            self.run("lookalike", "apply")
        self.run("token", "add", "reader", "--scope", "read")
        self.run("run", "--all", "--as-of", "2026-07-02T00:00:00Z")
        self.run("sync")

    # -- what it is made from --------------------------------------------------------------------------------------

    def _write_files(self) -> None:
        self.files.mkdir(parents=True)
        people, visits = ["id,email,device,name,city,age,agreed"], ["who,ts,page,amount"]
        for number in range(self.people):
            people.append(f"p{number},p{number}@mail.com,d{number},Name {number},C{number % 7},{18 + number % 60},true")
            visits += [f"p{number},2026-06-0{day} 10:00:00,page{day % 3},{number % 11}" for day in range(1, number % 5)]
        people.append(f"{KEY},{EMAIL},{DEVICE},{CANARIES['name']},{CANARIES['city']},41,true")
        people.append(f"{KEY}-bad,{EMAIL},{DEVICE},{CANARIES['name']},{CANARIES['city']},41,true,{CANARIES['aside']}")
        visits.append(f"{KEY},2026-06-02 10:00:00,{CANARIES['page']},7")
        (self.files / "people.csv").write_text("\n".join(people) + "\n", "utf-8")
        (self.files / "visits.csv").write_text("\n".join(visits) + "\n", "utf-8")
        fans = ["id", KEY, *(f"p{number}" for number in range(0, self.people, 2))]
        (self.files / "fans.csv").write_text("\n".join(fans) + "\n", "utf-8")
        (self.files / "identity.yaml").write_text(dump_yaml(IDENTITY), "utf-8")
        out = {"path": str(self.files.parent / "out"), "format": "jsonl"}
        crm = {"kind": "destination", "id": "crm", "type": "folder", "settings": out}
        (self.files / "folder.yaml").write_text(dump_yaml(crm), "utf-8")
        rules: dict[str, Any] = {
            "all": {"all": []},
            "buyers": {"did": "visit", "measure": {"sum": "amount"}, "gte": 3},
            "fans": {"list": "fans"},
            "place": {"trait": "city", "in": ["C1", "C2"]},
            "seen": {"did": "seen"},
        }
        (self.files / "audiences").mkdir()
        for name, rule in rules.items():
            body = {"kind": "audience", "id": name, "name": name.title(), "rule": rule, "destinations": ["crm"]}
            (self.files / "audiences" / f"{name}.json").write_text(json.dumps(body), "utf-8")

    def _write_documents(self) -> None:
        for kind, body in (
            ("traits", {"kind": "trait", "id": "visits", "event": "visit", "measure": {"times": True}}),
            ("scores", {"kind": "lookalike", "id": "like_fans", "seed": {"list": "fans"}, "reach": {"share": 0.1}}),
        ):
            (self.folder / kind).mkdir(parents=True, exist_ok=True)
            (self.folder / kind / f"{body['id']}.yaml").write_text(dump_yaml(body), "utf-8")
