"""Everything one evaluation needs: checked audiences, their references, lists, verified keys and one moment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.bitmap.finding import Setting
from engine.domain.audience import Audience
from engine.domain.canonical import canonical_json
from engine.domain.check import check_audience, patterns
from engine.domain.model import DataModel, Site
from engine.domain.model_codec import write_model
from engine.domain.references import evaluation_order
from engine.domain.rule import InList
from engine.domain.walk import active, references
from engine.errors import EngineError, nearest
from engine.jobs import Job
from engine.membership.evaluate import Evaluator
from engine.membership.portfolio import Portfolio
from engine.operations.catalogue import Catalogue, with_referred
from engine.operations.targets import Named
from engine.operations.workspace import Workspace
from engine.sql.compile import World
from engine.sql.keys import typed_keys, verify_keys
from engine.sql.leaves import Keys
from engine.sql.sources import Sources
from engine.warehouses.protocol import Warehouse

_ONE_BY_ONE = 3
"""Up to this many audiences are asked of the warehouse one after another."""


@dataclass(frozen=True)
class Context:
    """A ready evaluator over one state of the data, at one moment."""

    model: DataModel
    warehouse: Warehouse
    evaluator: Evaluator
    world: World
    as_of: datetime
    data_version: str
    catalogue: Catalogue
    setting: Callable[[], Setting]

    @property
    def portfolio(self) -> Portfolio:
        """What evaluates many audiences, or large ones, at once."""
        return Portfolio(self.setting(), self.catalogue)

    def together(self, wanted: Sequence[tuple[Audience, Sequence[Site]]]) -> bool:
        """Whether audiences are worth a plan of shared scans: many, or with very many conditions."""
        return len(wanted) > _ONE_BY_ONE or any(self.evaluator.is_large(*one) for one in wanted)

    def sites(self, audience: Audience, only: str | None) -> list[Site]:
        """The sites to evaluate an audience over; ``only`` narrows them to one."""
        if only is not None and only not in self.model.sites:
            raise EngineError(
                "unknown_name", f'there is no site "{only}"', "--site", nearest(only, self.model.sites, "site")
            )
        return [site for site in audience.sites_in(self.model) if only is None or site.id == only]


def prepare(workspace: Workspace, named: Sequence[Named], as_of: datetime, job: Job | None = None) -> Context:
    """Check the audiences and everything they refer to, verify the data's keys, and open the evaluator."""
    model = workspace.model
    catalogue = catalogue_for(workspace, named)
    check_all(workspace, model, catalogue, named)
    warehouse = workspace.warehouse
    sources = Sources(model, warehouse)
    verify(workspace, model, sources, warehouse, job)
    world = World(model, warehouse, warehouse.describe, lists_for(workspace, catalogue, sources), as_of)
    evaluator = Evaluator(warehouse, world, catalogue, job)

    def setting() -> Setting:
        return bitmap_setting(workspace, world, job)

    return Context(model, warehouse, evaluator, world, as_of, warehouse.data_version(), catalogue, setting)


def bitmap_setting(workspace: Workspace, world: World, job: Job | None) -> Setting:
    """What evaluating with bitmaps needs; an eighth of the memory setting is for the rows of one scan."""
    return Setting(
        workspace.warehouse,
        world,
        workspace.scratch,
        workspace.library,
        workspace.segments,
        workspace.lists.stamps(),
        workspace.settings.memory_bytes // 8,
        job,
        numbering=workspace.numbering,
    )


def catalogue_for(workspace: Workspace, named: Sequence[Named]) -> Catalogue:
    """The given audiences and what they refer to."""
    return with_referred(workspace, {(one.audience.id, None): one.audience for one in named})


def check_all(workspace: Workspace, model: DataModel, catalogue: Catalogue, named: Sequence[Named]) -> None:
    """Raise for the first thing wrong in the given audiences or anything they refer to, and for circles."""
    ids = known_ids(workspace, catalogue)
    lists = set(workspace.lists.sizes())
    given = {one.audience.id: one for one in named}
    for one in named:
        try:
            check_audience(one.audience, model, ids, lists)
        except EngineError as error:
            raise _placed(error, one, many=len(named) > 1) from None
    current = {identifier: audience for (identifier, version), audience in catalogue.items() if version is None}
    reachable = _reachable([one.audience for one in named], catalogue)
    for audience in reachable:
        if audience.id not in given:
            try:
                check_audience(audience, model, ids, lists)
            except EngineError as error:
                raise error.within(f'audience "{audience.id}"') from None
    evaluation_order({**{a.id: current.get(a.id, a) for a in reachable}})


def sound(workspace: Workspace, named: Sequence[Named], wrong: list[EngineError]) -> list[Named]:
    """Those of some audiences with which nothing is wrong, nor with what they refer to; the errors of the others go
    into ``wrong``."""
    model = workspace.model
    try:
        check_all(workspace, model, catalogue_for(workspace, named), named)
    except EngineError:
        catalogue = with_referred(workspace, {(one.audience.id, None): one.audience for one in named}, strict=False)
        return [one for one in named if _is_sound(workspace, model, catalogue, one, wrong)]
    return list(named)


def _is_sound(
    workspace: Workspace, model: DataModel, catalogue: Catalogue, one: Named, wrong: list[EngineError]
) -> bool:
    try:
        reachable: Catalogue = {(found.id, None): found for found in _reachable([one.audience], catalogue)}
        with_referred(workspace, reachable)  # raises for a version that there is not
        check_all(workspace, model, catalogue, [one])
    except EngineError as error:
        wrong.append(_placed(error, one, many=True))
        return False
    return True


def known_ids(workspace: Workspace, catalogue: Catalogue) -> set[str]:
    """What a rule may refer to, and what a misspelt name is compared with."""
    ids = {identifier for identifier, _ in catalogue}
    if any(references(audience.rule) for audience in catalogue.values()):
        ids.update(workspace.audiences.ids())
    return ids


def audience_problem(
    workspace: Workspace, model: DataModel, catalogue: Catalogue
) -> Callable[[Audience], EngineError | None]:
    """A check that says what is wrong with one audience, or with anything it refers to; None when nothing is."""
    ids = known_ids(workspace, catalogue)
    lists = set(workspace.lists.sizes())
    own: dict[int, EngineError | None] = {}
    refuses = workspace.warehouse.regex_error

    def alone(audience: Audience) -> EngineError | None:
        try:
            check_audience(audience, model, ids, lists)
        except EngineError as error:
            return error
        for path, pattern in patterns(audience.rule):
            problem = refuses(pattern)
            if problem is not None:
                return EngineError("operand", f"the expression cannot be read: {problem}", path, "Use RE2 syntax.")
        return None

    def check(audience: Audience) -> EngineError | None:
        for one in _reachable([audience], catalogue):
            if id(one) not in own:
                own[id(one)] = alone(one)
            error = own[id(one)]
            if error is not None:
                return error if one is audience else error.within(f'audience "{one.id}"')
        for path, node in references(audience.rule):
            if (node.audience, node.version) not in catalogue:
                return EngineError("unknown_name", f'audience "{node.audience}" has no version {node.version}', path)
        return None

    return check


def _placed(error: EngineError, one: Named, *, many: bool) -> EngineError:
    return placed(error, one) if many else error


def placed(error: EngineError, one: Named) -> EngineError:
    """An error that says in which of several audiences it is."""
    return error.within(one.source.name if one.source is not None else f'audience "{one.audience.id}"')


def _reachable(start: Sequence[Audience], catalogue: Mapping[tuple[str, int | None], Audience]) -> list[Audience]:
    seen: dict[int, Audience] = {}
    pending = list(start)
    while pending:
        audience = pending.pop()
        if id(audience) in seen:
            continue
        seen[id(audience)] = audience
        for _, node in references(audience.rule):
            found = catalogue.get((node.audience, node.version))
            if found is not None:
                pending.append(found)
    return list(seen.values())


def lists_for(workspace: Workspace, catalogue: Catalogue, sources: Sources) -> dict[str, Keys]:
    """The keys of every uploaded list that the audiences use, in the key's type."""
    wanted = {
        node.list for audience in catalogue.values() for _, node in active(audience.rule) if isinstance(node, InList)
    }
    result: dict[str, Keys] = {}
    known = workspace.lists.sizes() if wanted else {}
    for identifier in sorted(wanted & set(known)):
        keys = workspace.lists.keys(identifier)
        result[identifier] = typed_keys(keys, sources)
    return result


def verify(workspace: Workspace, model: DataModel, sources: Sources, warehouse: Warehouse, job: Job | None) -> None:
    """Null or duplicate keys are refused; the finding is remembered for this model and data version."""
    profile = write_model(model)["profile"]
    text = canonical_json({"profile": {k: v for k, v in profile.items() if k != "traits"}, "url": warehouse.url})
    identity = f"{warehouse.data_version()}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    if workspace.verified_keys.profiles(identity) is None:
        workspace.verified_keys.remember(identity, verify_keys(sources, warehouse, job))
