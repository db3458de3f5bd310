"""What models of people share: documents, features of everybody, who is in a group, and putting scores in force."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.documents import iso, load_one, read_file
from engine.domain.feature import Feature
from engine.domain.model import DataModel, Labels, Site
from engine.domain.model_codec import write_model
from engine.domain.scoring import Document, Group, Learning, PropensityDocument, Service, names, read_score
from engine.domain.values import ValueType
from engine.domain.walk import named
from engine.durable import remove_file
from engine.errors import EngineError, nearest
from engine.jobs import Job
from engine.operations.catalogue import with_referred
from engine.operations.layout_wanted import hot_properties
from engine.operations.membering import members
from engine.operations.traits import data_without_traits, publishing_traits, trait_documents
from engine.operations.workspace import Workspace, model_without_traits
from engine.store.erasures import Erasures
from engine.store.scores import ScoreModels, ScoreState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.lookalike.table import FeatureTable

FOLDER, MODELS, FEATURES = "scores", "models", "features"
LOCK = "scores.lock"
_KEPT_TABLES = 4
_USES = ("label", "reach", "keep_seed", "guard", "retrain", "refresh", "best", "value", "cost")
"""Keys of documents that change no model."""
_ASKED = "feature_asked"
_PLAN = "1"
"""Goes up when other features are made of the same data model."""


@dataclass(frozen=True)
class Written:
    """A document with its text."""

    document: Document
    text: str

    @property
    def hash(self) -> str:
        """Names what a model is trained by: all that the document says but what its scores are used for."""
        found = load_one(self.text)
        return _digest({key: value for key, value in found.items() if key not in _USES})

    @property
    def whole(self) -> str:
        """Names the text."""
        return _digest(self.text)


def written_scores(workspace: Workspace) -> dict[str, Written]:
    """The documents of the folder `scores`, by id; EngineError names the file and the place of what is wrong."""
    found: dict[str, Written] = {}
    for path in sorted((workspace.folder / FOLDER).glob("*.y*ml")):
        text = read_file(path)
        try:
            document = read_score(load_one(text))
            if document.learning.id in found:
                message = f'two documents are called "{document.learning.id}"'
                raise EngineError("structure", message, "id", "Give each its own id.")
        except EngineError as error:
            raise error.within(path.name) from None
        found[document.learning.id] = Written(document, text.decode() if isinstance(text, bytes) else text)
    return found


def one_score(workspace: Workspace, identifier: str, kind: type[Any]) -> Written:
    """The document of a kind, by its id."""
    known = {name: one for name, one in written_scores(workspace).items() if isinstance(one.document, kind)}
    if identifier not in known:
        if kind is PropensityDocument:
            hint = nearest(identifier, known, "propensity")
            raise EngineError("not_found", f'there is no document of a propensity "{identifier}"', hint=hint)
        hint = nearest(identifier, known, "lookalike")
        raise EngineError("not_found", f'there is no document of a lookalike "{identifier}"', hint=hint)
    return known[identifier]


def today() -> datetime:
    """The moment that features are of unless another is asked for: the midnight (UTC) before now, so that all models
    and scores of a day share them."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day(text: str | datetime | None) -> datetime:
    """A moment as given, or today's."""
    if text is None:
        return today()
    if isinstance(text, datetime):
        return text if text.tzinfo else text.replace(tzinfo=UTC)
    try:
        found = datetime.fromisoformat(text)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        found.astimezone(UTC)  # beside the ends of the years 1 and 9999 there is none
    except (ValueError, OverflowError):
        raise EngineError("usage", f'"{text}" is no moment', "--as-of", "Write 2026-01-31.") from None
    return found


class Scoring:
    """Features and groups of people over one state of the data."""

    def __init__(self, workspace: Workspace, job: Job | None) -> None:
        self.workspace, self.job = workspace, job
        if str(workspace.settings.warehouse or "").startswith("flight"):
            raise EngineError(
                "refused",
                "models of people are made where the data is, and this warehouse is served by another machine",
                hint="Run this there.",
            )
        if not workspace.warehouse.still_current():
            workspace.reload()
        self._gone = frozenset(Erasures(workspace.database).keys())

    def model(self, *, traits: bool) -> DataModel:
        """The data model that features are of: computed traits among the others when they may be (they are as of now),
        scores never."""
        model, computed = model_without_traits(self.workspace), self.workspace.warehouse.computed
        if not traits or computed is None:
            return model
        from engine.sql.computed import with_computed

        mine = {name: one for name, one in computed.traits.items() if one.origin == "trait"}
        return with_computed(model, self.workspace.warehouse, mine)

    def sites(self, learning: Learning, model: DataModel) -> tuple[Site, ...]:
        """The sites of a document, by default all."""
        for one in learning.sites:
            if one not in model.sites:
                raise EngineError(
                    "unknown_name", f'there is no site "{one}"', "sites", nearest(one, model.sites, "site")
                )
        return tuple(site for site in model.sites.values() if not learning.sites or site.id in learning.sites)

    def table(
        self,
        learning: Learning,
        at: datetime,
        features: tuple[Feature, ...] = (),
        *,
        computed: bool = True,
        seed: frozenset[str] = frozenset(),
    ) -> FeatureTable:
        """Features of everybody who may be learnt from, as of a moment: those of a model that is there, or whatever the
        data gives. Those of the same data and moment are built once."""
        from engine.lookalike.building import Building, build
        from engine.lookalike.planning import Policy
        from engine.sql.compile import World
        from engine.sql.features import FeatureSql

        workspace, model = self.workspace, self.model(traits=learning.traits and computed)
        self._check_consent(learning, model)
        sites, words = self.sites(learning, model), workspace.settings.sensitive_words
        policy = Policy(words, learning.exclude, learning.allow, seed)
        data, hot = self._data(model), hot_properties(workspace)
        who = [site.id for site in sites], learning.consent, sorted(self._gone)
        base = _digest(data, iso(at), who, write_model(model))
        asked = sorted(learning.exclude), sorted(learning.allow), learning.traits, sorted(seed)
        plan = _digest(_PLAN, words, asked, sorted(hot))
        known = self._known(base, plan, features)
        if known is not None:
            return known
        world = World(model, workspace.warehouse, workspace.warehouse.describe, {}, at)
        what = Building(
            FeatureSql(world), workspace.scratch, sites, learning.consent, self._gone, hot, policy, learning.traits,
            features, workspace.settings.memory_bytes // 2, data, iso(at),
        )  # fmt: skip
        if features:
            plan = _digest([one.as_json() for one in features])
        made = build(model, what, self._folder / f"{base}-{plan}.parquet", self.job)
        self._clear()
        return made

    @property
    def _folder(self) -> Path:
        return self.workspace.folder / FEATURES

    def _data(self, model: DataModel) -> str:
        """The state of all that features are made of."""
        computed = self.workspace.warehouse.computed
        known = {} if computed is None else computed.traits
        used = {name: one.as_of for name, one in known.items() if name in model.profile.traits}
        return f"{data_without_traits(self.workspace)}:{_digest(used)}" if used else data_without_traits(self.workspace)

    def _check_consent(self, learning: Learning, model: DataModel) -> None:
        if learning.consent is not None and learning.consent not in model.consents:
            hint = nearest(learning.consent, model.consents, "consent") or (
                "Name one of the data model's, or write consent: false when nobody needs to be asked."
            )
            message = f'the data model has no consent "{learning.consent}", and only who agreed is learnt from'
            raise EngineError("unknown_name", message, "consent", hint)

    def _known(self, base: str, plan: str, features: tuple[Feature, ...]) -> FeatureTable | None:
        from engine.lookalike.table import FeatureTable

        if not features:
            return FeatureTable.at(self._folder / f"{base}-{plan}.parquet")
        for path in sorted(self._folder.glob(f"{base}-*.parquet")):
            found = FeatureTable.at(path)
            if found is not None and set(features) <= set(found.features):
                return found
        return None

    def _clear(self) -> None:
        """Only the newest tables are kept."""
        files = sorted(self._folder.glob("*.parquet"), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in files[_KEPT_TABLES:]:
            remove_file(old.with_suffix(".json"))
            remove_file(old)

    def keys(self, group: Group, path: str, at: datetime) -> list[str]:
        """The keys of a group's people at a moment, as text."""
        workspace = self.workspace
        if group.list is not None:
            known = workspace.lists.sizes()
            if group.list not in known:
                hint = nearest(group.list, known, "list")
                raise EngineError("unknown_name", f'there is no list "{group.list}"', f"{path}.list", hint)
            return [str(one) for one in workspace.lists.keys(group.list)]
        return self.members_of(group.audience or "", at, f"{path}.audience")

    def usable(self, learning: Learning, at: datetime, keys: Iterable[str]) -> tuple[int, int]:
        """How many of some people, and of everybody, may be learnt from; without building features."""
        import pyarrow as pa

        from engine.sql.compile import World
        from engine.sql.features import GONE, PEOPLE, FeatureSql

        workspace, model = self.workspace, self.model(traits=False)
        self._check_consent(learning, model)
        scratch = workspace.scratch
        scratch.stage_keys(GONE, [(pa.array(sorted(self._gone), pa.string()), 0)])
        sql = FeatureSql(World(model, workspace.warehouse, workspace.warehouse.describe, {}, at))
        told = sql.people(self.sites(learning, model), learning.consent)
        scratch.stage(PEOPLE, told.sql, told.parameters, self.job)
        scratch.stage_keys(_ASKED, [(pa.array(list(keys), pa.string()), 0)])
        query = f"SELECT count(a.key), count(*) FROM temp.{PEOPLE} AS p LEFT JOIN temp.{_ASKED} AS a"  # noqa: S608 - ours
        ((some, every),) = scratch.rows(f"{query} ON a.key = p.key::VARCHAR", (), self.job)
        scratch.drop(_ASKED)
        return int(some), int(every)

    def members_of(self, name: str, at: datetime, path: str) -> list[str]:
        """The keys of an audience's members at a moment, as text."""
        workspace = self.workspace
        if workspace.audiences.find(name) is None:
            hint = nearest(name, workspace.audiences.ids(), "audience")
            raise EngineError("unknown_name", f'there is no audience "{name}"', path, hint)
        (found,) = members(workspace, [name], as_of=at, job=self.job)
        return [str(one) for one in found.array.tolist()]

    def eligible(
        self, document: PropensityDocument, service: Service, table: FeatureTable, at: datetime
    ) -> NDArray[Any]:
        """The places of those who may do it at a moment: the eligible, without who is in the audience already."""
        import numpy as np

        found = np.ones(table.people, dtype=bool)
        if document.eligible is not None:
            found[:] = False
            found[self.places(table, self.keys(document.eligible, "eligible", at))] = True
        if service.enters is not None:
            found[self.places(table, self.members_of(service.enters, at, "target.audience"))] = False
        return np.flatnonzero(found)

    def rule_of(self, group: Group) -> frozenset[str]:
        """The traits and events that the rules of a group's audience look at, those it refers to among them, and the
        traits that are computed of such events."""
        stored = None if group.audience is None else self.workspace.audiences.find(group.audience)
        found: set[str] = set()
        if stored is not None:
            audience = stored.audience
            for one in with_referred(self.workspace, {(audience.id, None): audience}).values():
                events, traits = named(one.rule)
                found |= events | traits
        computed = trait_documents(self.workspace) if found else {}
        of = {name: one.measure.of for name, one in computed.items() if one.measure is not None}
        return frozenset(found) | {name for name, event in of.items() if event in found}

    def places(self, table: FeatureTable, keys: Iterable[str]) -> NDArray[Any]:
        """Where people are in a table, ascending; who is not in it is passed over."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(list(keys), pa.string())
        return np.flatnonzero(pc.is_in(table.keys(), value_set=wanted).to_numpy())


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Score:
    """A score to put in force: the trait's name and type, values by place (NaN or None: none), what it is called."""

    name: str
    type: ValueType
    values: Any
    label: Labels
    version: int
    hash: str


def put_in_force(workspace: Workspace, table: FeatureTable, scores: Iterable[Score], origin: str) -> None:
    """Give every profile of a table its scores, all in one step."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from engine.warehouses.computed import ComputedTrait, publish

    _check_names(workspace)
    at, data, keys = iso(datetime.now(UTC)), data_without_traits(workspace), table.keys().combine_chunks()
    fresh = {}
    for one in scores:
        values = pa.array(one.values, from_pandas=True)
        rows = pa.table({"key": keys, "value": values}).filter(pc.is_valid(values))
        number = one.type.is_number and len(rows)
        edges = pc.min_max(rows.column("value")).as_py() if number else {"min": None, "max": None}
        told = ComputedTrait(
            one.version, one.hash, one.type.value, dict(one.label), None, False, False, at, data, len(rows),
            edges["min"], edges["max"], origin,
        )  # fmt: skip
        fresh[one.name] = (told, rows)
    with publishing_traits(workspace, "convoke scores"):
        publish(workspace.warehouse_folder, fresh)
    workspace.reload()


def remove_gone(workspace: Workspace) -> list[str]:
    """Take away the scores whose documents are gone; their names."""
    from engine.warehouses.computed import publish

    gone = gone_scores(workspace)
    if gone:
        with publishing_traits(workspace, "convoke scores"):
            publish(workspace.warehouse_folder, {}, gone)
        workspace.reload()
    return sorted(gone)


def _check_names(workspace: Workspace) -> None:
    """No trait may be given by two documents, or be the data model's already."""
    documents = [one.document for one in written_scores(workspace).values()]
    mine, model = names(documents), model_without_traits(workspace)
    others = {*trait_documents(workspace), *model.profile.traits}
    for place, name in enumerate(mine):
        if name in others or name in mine[:place]:
            raise EngineError("refused", f'there is a trait "{name}" already', "id", "Choose another id.")


def gone_scores(workspace: Workspace) -> frozenset[str]:
    """Scores in force whose documents are gone."""
    from engine.warehouses.computed import state

    found = state(workspace.warehouse_folder)
    if found is None:
        return frozenset()
    mine = names(one.document for one in written_scores(workspace).values())
    return frozenset(name for name, one in found.traits.items() if one.origin != "trait") - frozenset(mine)


def say_state(
    workspace: Workspace, identifier: str, state: str, version: int | None, at: datetime, told: Mapping[str, Any]
) -> None:
    """Keep what became of a document, and when."""
    more = {**told, "at": iso(datetime.now(UTC)), "data": data_without_traits(workspace)}
    ScoreModels(workspace.database).say(ScoreState(identifier, state, version, iso(at), more))


def model_path(workspace: Workspace, identifier: str, version: int) -> Path:
    """Where a version's files are (without their suffixes)."""
    return workspace.folder / MODELS / identifier / f"v{version}"


def forget_features(workspace: Workspace) -> int:
    """Take away all features that are kept: somebody was erased. They are built anew when they are needed."""
    files = list((workspace.folder / FEATURES).glob("*"))
    for one in files:
        with suppress(OSError):
            one.unlink()
    return len(files)
