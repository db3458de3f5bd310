"""A small market with planted truth for models of people: who likes what is known, what they do follows from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from engine import operations
from engine.domain.documents import dump_yaml
from engine.operations import Workspace

MODEL: dict[str, Any] = {
    "kind": "model",
    "sites": {
        "column": "site",
        "list": {
            "MX": {"timezone": "America/Mexico_City", "currency": "MXN"},
            "BR": {"timezone": "America/Sao_Paulo", "currency": "BRL"},
        },
    },
    "profile": {
        "table": "people",
        "key": "id",
        "traits": {
            "age": {"type": "integer"},
            "city": {"type": "string"},
            "gender": {"type": "string"},
            "email": {"type": "string", "personal": True},
            "member": {"type": "boolean"},
            "since": {"type": "date"},
            "never": {"type": "float"},
            "same": {"type": "integer"},
            "code": {"type": "string"},
        },
    },
    "events": {
        "view": {
            "table": "events",
            "where": "kind = 'view'",
            "profile": "who",
            "time": "ts",
            "properties": {"category": {"type": "string"}, "channel": {"type": "string"}},
        },
        "buy": {
            "table": "events",
            "where": "kind = 'buy'",
            "profile": "who",
            "time": "ts",
            "properties": {"category": {"type": "string"}, "amount": {"type": "decimal", "money": True}},
        },
    },
    "consents": {"profiling": {"table": "people", "profile": "id", "column": "profiling"}},
}
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


class Market:
    """``people`` people over two sites; ``likes`` says how much each likes phones (0 to 1): the more, the more of them
    they view and buy. One in ten did not agree to profiling."""

    def __init__(self, folder: Path, people: int = 3_000, seed: int = 5) -> None:
        rng = np.random.default_rng(seed)
        self.likes = rng.random(people) ** 3
        self.agreed = rng.random(people) > 0.1
        with duckdb.connect(str(folder / "market.duckdb")) as made:
            self._people(made, rng, people)
            self._events(made, rng, people)
        self.workspace: Workspace = operations.init(folder / "ws")
        operations.connect(self.workspace, str(folder / "market.duckdb"))
        operations.apply_model_text(self.workspace, dump_yaml(MODEL))

    def _people(self, made: Any, rng: Any, people: int) -> None:
        import pyarrow as pa

        age = np.where(rng.random(people) < 0.1, -1, 18 + (self.likes * 30 + rng.random(people) * 20).astype(int))
        rows = pa.table(
            {
                "id": np.arange(people),
                "site": np.where(np.arange(people) % 2 == 0, "MX", "BR"),
                "age": age,
                "city": rng.choice(["north", "south", "west"], people),
                "gender": rng.choice(["f", "m"], people),
                "member": rng.random(people) < 0.3 + 0.4 * self.likes,
                "days": rng.integers(1, 2_000, people),
                "profiling": self.agreed,
            }
        )
        made.register("rows", rows)
        made.execute(
            "CREATE TABLE people AS SELECT id, site, nullif(age, -1) AS age, city, gender, 'p' || id || '@x.com' AS email, "
            "member, (? - to_days(days::INT))::DATE AS since, NULL::DOUBLE AS never, 7 AS same, 'c' || id AS code, "
            "profiling FROM rows",
            [TODAY.replace(tzinfo=None)],
        )

    def _events(self, made: Any, rng: Any, people: int) -> None:
        import pyarrow as pa

        who, kind, ago, category, amount = [], [], [], [], []
        for rate, name in ((10.0, "view"), (1.5, "buy")):
            count = rng.poisson(rate * (0.3 + self.likes))
            mine = np.repeat(np.arange(people), count)
            phones = rng.random(len(mine)) < 0.1 + 0.7 * self.likes[mine]
            who.append(mine)
            kind.append(np.full(len(mine), name))
            ago.append(rng.random(len(mine)) * 180)
            category.append(np.where(phones, "phones", rng.choice(["books", "toys"], len(mine))))
            amount.append(np.round(rng.random(len(mine)) * np.where(mine % 2 == 0, 400, 100), 2))
        times = [TODAY.replace(tzinfo=None) - timedelta(days=float(one)) for one in np.concatenate(ago)]
        rows = pa.table(
            {
                "who": np.concatenate(who),
                "kind": np.concatenate(kind),
                "ts": pa.array(times, pa.timestamp("us")),
                "category": np.concatenate(category),
                "channel": rng.choice(["app", "web"], len(times)),
                "amount": np.concatenate(amount),
            }
        )
        made.register("rows", rows)
        made.execute(
            "CREATE TABLE events AS SELECT * REPLACE (amount::DECIMAL(10, 2) AS amount) FROM rows ORDER BY who, ts"
        )

    def change(self, sql: str, values: list[Any] | None = None) -> None:
        """Change the warehouse; the workspace is opened anew, as in the next command."""
        self.workspace.close()
        with duckdb.connect(str(self.workspace.folder.parent / "market.duckdb")) as made:
            made.execute(sql, values or [])
        self.workspace = Workspace(self.workspace.folder)

    def write(self, identifier: str, **more: Any) -> Path:
        """A document in the folder `scores`."""
        folder = self.workspace.folder / "scores"
        folder.mkdir(exist_ok=True)
        path = folder / f"{identifier}.yaml"
        path.write_text(dump_yaml({"id": identifier, **more}), encoding="utf-8")
        return path

    def upload(self, name: str, keys: Any) -> None:
        """A list of people."""
        path = self.workspace.folder / f"{name}.csv"
        path.write_text("id\n" + "\n".join(str(key) for key in keys), encoding="utf-8")
        operations.upload_list(self.workspace, name, path)

    def fans(self, count: int, seed: int = 1) -> Any:
        """Some of those who like phones, drawn by how much."""
        rng = np.random.default_rng(seed)
        weight = self.likes**2 * self.agreed
        return np.sort(rng.choice(len(self.likes), count, replace=False, p=weight / weight.sum()))

    def values(self, trait: str) -> dict[int, Any]:
        """Everybody's value of a trait that is in force."""
        model = self.workspace.model.profile
        query = f'SELECT id, "{model.traits[trait].column}" AS v FROM ({model.source.sql}) WHERE v IS NOT NULL'
        return dict(self.workspace.warehouse.rows(query))
