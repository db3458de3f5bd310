"""Which operation answers which request, and the cache of sizes that makes undo instant."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias

from engine.domain.canonical import canonical_json
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations import Workspace, overview, prepare_sample, save, size_document, values
from engine.warehouses.protocol import Warehouse
from engine.worker.calls import CHANGING, LOOKS, READING, Call, Look

Early: TypeAlias = Callable[[dict[str, Any]], None]

_REMEMBERED = 200
_LOOK_SECONDS = 3.0
_MOMENT_STAYS = timedelta(minutes=15)


class Handlers:
    """The operations of one open workspace."""

    def __init__(self, folder: Path) -> None:
        self._workspace = Workspace(folder)
        self._as_of: datetime | None = None
        self._looked_at = monotonic()
        self._sizes: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._calls: dict[str, Callable[[Mapping[str, Any], Job], Any]] = {
            "overview": lambda arguments, job: overview(self._workspace),
            "values": self._values,
            "save": self._save,
            **{name: self._about(look) for name, look in LOOKS.items()},
            **{name: self._plain(call, changes=False) for name, call in READING.items()},
            **{name: self._plain(call, changes=True) for name, call in CHANGING.items()},
        }

    def call(self, operation: str, arguments: Mapping[str, Any], job: Job, early: Early = lambda result: None) -> Any:
        """Run an operation; ``early`` is told what a sample says when a size takes long.

        Raises EngineError("usage") for an operation there is not.
        """
        self._follow_data()
        if operation == "size":
            return self._size(arguments, job, early)
        if operation not in self._calls:
            raise EngineError("usage", f'there is no operation "{operation}"')
        return self._calls[operation](arguments, job)

    def _follow_data(self) -> None:
        """Read new data once they are there; looked at every few seconds."""
        opened: Warehouse | None = vars(self._workspace).get("warehouse")  # None before anything was read from it
        if opened is None or monotonic() - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = monotonic()
        if not opened.still_current():
            self._workspace.reload()
            self._sizes.clear()

    def prepare(self, job: Job) -> bool:
        """One step of what makes later sizes answer early; whether nothing is left to do."""
        if self._workspace.settings.warehouse is None:
            return True
        return prepare_sample(self._workspace, job=job)

    def _size(self, arguments: Mapping[str, Any], job: Job, early: Early) -> dict[str, Any]:
        """Sizes at a moment that stays for a while, so that conditions found once serve every edit."""
        as_of = self._moment()
        stamp = self._workspace.audiences_stamp()
        key = canonical_json([arguments["document"], as_of, self._workspace.warehouse.data_version(), stamp])
        if key in self._sizes:
            self._sizes.move_to_end(key)
            return self._sizes[key]
        found = size_document(
            self._workspace,
            arguments["document"],
            as_of=as_of,
            job=job,
            on_estimate=lambda estimate: early(estimate.as_json()),
            hints=True,
        ).as_json()
        self._sizes[key] = found
        while len(self._sizes) > _REMEMBERED:
            self._sizes.popitem(last=False)
        return found

    def _about(self, look: Look) -> Callable[[Mapping[str, Any], Job], Any]:
        """A look into the audience on the canvas, at the moment of its size, unless the request names another."""

        def call(arguments: Mapping[str, Any], job: Job) -> Any:
            given = dict(arguments)
            document = given.pop("document")
            as_of = given.pop("as_of", None) or self._moment()
            return look(self._workspace, document, as_of=as_of, job=job, **given)

        return call

    def _plain(self, operation: Call, *, changes: bool) -> Callable[[Mapping[str, Any], Job], Any]:
        """A call on the workspace; one that ``changes`` audiences, lists, model or data makes sizes unknown."""

        def call(arguments: Mapping[str, Any], job: Job) -> Any:
            if changes:
                self._sizes.clear()
            return operation(self._workspace, arguments, job)

        return call

    def _moment(self) -> datetime:
        """The minute of the first size; a new one after a quarter of an hour."""
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        if self._as_of is None or now - self._as_of >= _MOMENT_STAYS:
            self._as_of = now
        return self._as_of

    def _values(self, arguments: Mapping[str, Any], job: Job) -> list[dict[str, Any]]:
        found = values(self._workspace, arguments["name"], source=arguments.get("source"), job=job)
        return [asdict(one) for one in found]

    def _save(self, arguments: Mapping[str, Any], job: Job) -> dict[str, Any]:
        version = save(self._workspace, arguments["document"])
        self._sizes.clear()  # other audiences may refer to this one
        return {"version": version}

    def close(self) -> None:
        """Close the workspace."""
        self._workspace.close()
