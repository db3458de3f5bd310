"""`convoke propensity train|show`: how likely people are to do something, judged over a period not learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience
from engine.domain.delivery import read_delivery
from engine.domain.feature import Excluded, Feature
from engine.domain.scoring import PropensityDocument, Service, Trialled
from engine.errors import EngineError
from engine.jobs import Job
from engine.locks import holding
from engine.operations.context import prepare
from engine.operations.score_versions import BUSY, Fresh, ScoreOutcome, in_force, keep_version
from engine.operations.scoring import (
    LOCK,
    Scoring,
    Written,
    day,
    one_score,
    written_scores,
)
from engine.operations.targets import Named
from engine.operations.workspace import Workspace
from engine.store.scores import ScoreModels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.lookalike.propensity import Labelled
    from engine.lookalike.table import FeatureTable

_MOST = 100_000
"""People that a model is learnt from, drawn from all."""


def propensity_train(
    workspace: Workspace,
    ids: Sequence[str] = (),
    *,
    as_of: str | datetime | None = None,
    accept: bool = False,
    job: Job | None = None,
) -> list[ScoreOutcome]:
    """Train propensities (all, or those named). Each is judged over the last horizon by a model of the one before it,
    and then learnt from the last. A model clearly worse than the one before is kept but not used, unless it is
    ``accept``-ed."""
    with holding(workspace.folder / LOCK, "convoke propensity", "refused", BUSY):
        scoring, at = Scoring(workspace, job), day(as_of)
        return [_Training(scoring, one, at).run(accept=accept) for one in chosen_propensities(workspace, ids)]


def chosen_propensities(workspace: Workspace, ids: Sequence[str]) -> list[Written]:
    """The documents of propensities: those named, or all."""
    if ids:
        return [one_score(workspace, name, PropensityDocument) for name in ids]
    found = [one for one in written_scores(workspace).values() if isinstance(one.document, PropensityDocument)]
    if not found:
        raise EngineError("not_found", "there is no document of a propensity", hint="Write one in the folder scores.")
    return found


def propensity_of(written: Written) -> PropensityDocument:
    """What it says."""
    assert isinstance(written.document, PropensityDocument)  # noqa: S101 - chosen by its kind
    return written.document


class _Training:
    """Trains the services of one document as of a moment."""

    def __init__(self, scoring: Scoring, written: Written, at: datetime) -> None:
        self._scoring, self._written, self._document = scoring, written, propensity_of(written)
        self._at, self._days = at, timedelta(days=self._document.days)

    def run(self, *, accept: bool) -> ScoreOutcome:
        workspace, document = self._scoring.workspace, self._document
        name = document.learning.id
        try:
            card, told, arrays = self._trained()
        except EngineError as error:
            raise error.within(f'propensity "{name}"') from None
        fresh = Fresh("propensity", card, told, arrays)
        worse = None if accept else partial(_worse_reason, document, card)
        return replace(keep_version(workspace, self._written, self._at, fresh, worse), people=card["people"])

    def _trained(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        document, scoring = self._document, self._scoring
        first = scoring.table(document.learning, self._at - 2 * self._days, computed=False)
        second = scoring.table(document.learning, self._at - self._days, first.features, computed=False)
        services: dict[str, Any] = {}
        told: dict[str, Any] = {}
        arrays: dict[str, Any] = {}
        excluded: set[Excluded] = set()
        for place, service in enumerate(document.services):
            self._report(0.3 + 0.6 * place / len(document.services), service.name)
            services[service.name], parts, found, left = self._service(service, first, second)
            told[service.name] = parts
            arrays |= {f"{service.name}/{key}": value for key, value in found.items()}
            excluded |= set(left)
        if document.uplift is not None:
            services["uplift"], told["uplift"], found = self._uplift(document.services[0])
            arrays |= {f"uplift/{key}": value for key, value in found.items()}
        card = {
            "kind": "propensity",
            "days": document.days,
            "services": services,
            "people": second.people,
            "data": second.data,
            "as_of": second.as_of,
            "judged": [first.as_of, second.as_of],
            "consent": document.learning.consent,
            "features": len(first.features),
            "reads": sorted({one.source for one in first.features}),
            "excluded": [vars(one) for one in sorted({*first.excluded, *excluded}, key=lambda one: one.name)],
        }
        return card, {"services": told}, arrays

    def _report(self, share: float, step: str) -> None:
        if self._scoring.job is not None:
            self._scoring.job.report(share, step)

    def _check(self) -> None:
        if self._scoring.job is not None:
            self._scoring.job.check()

    def _service(
        self, service: Service, first: FeatureTable, second: FeatureTable
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[Excluded]]:
        from engine.lookalike.candidates import Sample
        from engine.lookalike.factors import factors, leaking
        from engine.lookalike.propensity import Labelled, fit, judge
        from engine.lookalike.training import useless

        number = self._document.learning.number
        learnt, judged = self._labelled(first, service, _MOST), self._labelled(second, service, None)
        excluded = [*useless(learnt.values, learnt.features), *useless(judged.values, judged.features)]
        if learnt.did.any() and not learnt.did.all():
            leaks = leaking(Sample(learnt.values, learnt.did, learnt.features))
            excluded += [Excluded(one.name, "leaks") for one in leaks]
        names = {one.name for one in excluded}
        kept = [one.name not in names for one in learnt.features]
        features = tuple(one for one, is_kept in zip(learnt.features, kept, strict=True) if is_kept)
        learnt, judged = (Labelled(one.values[:, kept], one.did, features) for one in (learnt, judged))
        found = judge(fit(learnt, number, self._check).predict(judged.values), judged.did)
        last = self._drawn(judged)
        model = fit(last, number, self._check)
        sample = Sample(last.values, last.did, features)
        told, arrays = model.parts()
        card = {
            **found.as_json(),
            "way": model.way,
            "factors": [one.as_json() for one in factors(sample, model)],
            "value": service.value,
            "cost": service.cost,
        }
        return card, {**told, "features": [one.as_json() for one in features]}, arrays, excluded

    def _labelled(self, table: FeatureTable, service: Service, most: int | None) -> Labelled:
        """Whoever is eligible at the moment of a table (``most`` of them), and who did it within the horizon after."""
        import numpy as np

        from engine.lookalike.propensity import Labelled

        at = datetime.fromisoformat(table.as_of)
        places = self._scoring.eligible(self._document, service, table, at)
        if most is not None and len(places) > most:
            drawn = np.random.default_rng(self._document.learning.number).choice(places, most, replace=False)
            places = np.sort(drawn)
        if not len(places):
            raise EngineError("refused", "nobody is eligible who may be learnt from", "eligible")
        return Labelled(table.take(places), self._did(table, service, at)[places], table.features)

    def _drawn(self, people: Labelled) -> Labelled:
        """No more than are learnt from."""
        import numpy as np

        if len(people.did) <= _MOST:
            return people
        rng = np.random.default_rng(self._document.learning.number)
        rows = np.sort(rng.choice(len(people.did), _MOST, replace=False))
        return replace(people, values=people.values[rows], did=people.did[rows])

    def _did(self, table: FeatureTable, service: Service, at: datetime) -> NDArray[Any]:
        """Who of a table did it in the horizon after a moment."""
        import numpy as np

        end = at + self._days
        if service.enters is not None:
            keys = self._scoring.members_of(service.enters, end, "target.audience")
        else:
            audience = _target(self._document, service)
            context = prepare(self._scoring.workspace, [Named(audience, "", None)], end, self._scoring.job)
            keys = [str(one) for one in context.evaluator.members(audience, context.sites(audience, None)).tolist()]
        found = np.zeros(table.people, dtype=bool)
        found[self._scoring.places(table, keys)] = True
        return found

    def _uplift(self, service: Service) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        import numpy as np

        from engine.lookalike.training import useless
        from engine.lookalike.uplift import Arms, fit

        document, trial = self._document, self._document.uplift
        assert trial is not None  # noqa: S101 - asked for
        since = datetime.fromisoformat(trial.since).replace(tzinfo=UTC)
        if since + self._days > self._at:
            message = f"the horizon after {trial.since} has not passed yet"
            raise EngineError("refused", message, "uplift.since", "Name an earlier day.")
        table = self._scoring.table(document.learning, since, computed=False)
        treated, control = (self._scoring.places(table, keys) for keys in self._arms(trial, since))
        control = control[~np.isin(control, treated)]
        places = np.sort(np.concatenate([treated, control]))
        is_treated = np.isin(places, treated)
        did = self._did(table, service, since)[places]
        values = table.take(places)
        names = {one.name for one in useless(values, table.features)}
        kept = [one.name not in names for one in table.features]
        features = [one for one in table.features if one.name not in names]
        arms = Arms(values[:, kept], is_treated, did, features)
        model, told = fit(arms, document.learning.number, self._check)
        parts, arrays = model.parts()
        parts["features"] = [one.as_json() for one in features]
        return told | {"learner": model.learner}, parts, arrays

    def _arms(self, trial: Trialled, since: datetime) -> tuple[list[str], list[str]]:
        """Who was treated and who was not, at the beginning. Who was held out, and who would have been delivered to,
        differ by a draw alone, whatever else kept some of them from being reached."""
        if trial.holdout is None:
            assert trial.treated is not None and trial.control is not None  # noqa: S101, PT018 - one or the other
            arms = (trial.treated, "uplift.treated"), (trial.control, "uplift.control")
            one, other = (self._scoring.keys(group, path, since) for group, path in arms)
            return one, other
        everybody = self._scoring.members_of(trial.holdout, since, "uplift.holdout")
        stored = self._scoring.workspace.audiences.find(trial.holdout)
        holdout = None if stored is None else read_delivery(stored.audience.settings).holdout
        if holdout is None:
            hint = "Write holdout in that audience, or name two groups as treated and control."
            raise EngineError("refused", f'the audience "{trial.holdout}" holds nobody out', "uplift.holdout", hint)
        held = {key for key in everybody if holdout.holds(key)}
        return [key for key in everybody if key not in held], sorted(held)


def _target(document: PropensityDocument, service: Service) -> Audience:
    made: dict[str, Any] = {"kind": "audience", "id": document.learning.id}
    made["rule"] = {**(service.did or {}), "within": f"{document.days}d"}
    if document.learning.sites:
        made["sites"] = list(document.learning.sites)
    return read_audience(made)


def _worse_reason(document: PropensityDocument, card: dict[str, Any], before: dict[str, Any]) -> str | None:
    for service in document.services:
        old = before["services"].get(service.name)
        new = card["services"][service.name]
        if old is not None and new["auc"] - 0.5 < document.learning.guard.recall * (old["auc"] - 0.5):
            numbers = f"{new['auc']:.3f}", f"{old['auc']:.3f}"
            return f"the new model of {service.name} has an AUC of {numbers[0]}, and the one before had {numbers[1]}"
    return None


def propensity_show(workspace: Workspace, identifier: str) -> dict[str, Any]:
    """The card of the model in force, and what became of it last."""
    written = one_score(workspace, identifier, PropensityDocument)
    store = ScoreModels(workspace.database)
    current, state = in_force(store, identifier), store.states().get(identifier)
    return {
        "id": identifier,
        "card": None if current is None else current.card,
        "version": None if current is None else current.version,
        "changed": current is not None and current.hash != written.hash,
        "state": None if state is None else asdict(state),
        "versions": [
            {
                "version": one.version,
                "at": one.at,
                "who": one.who,
                "services": {
                    name: {key: told[key] for key in ("auc", "ece", "ratio")}
                    for name, told in one.card["services"].items()
                    if name != "uplift"
                },
            }
            for one in store.all(identifier)
        ],
    }


def propensity_list(workspace: Workspace) -> list[dict[str, Any]]:
    """Every propensity there is a document of, with its state and how many are expected to do it."""
    store = ScoreModels(workspace.database)
    states, found = store.states(), []
    for name, one in written_scores(workspace).items():
        if isinstance(one.document, PropensityDocument):
            current, state = in_force(store, name), states.get(name)
            services = [] if current is None else [key for key in current.card["services"] if key != "uplift"]
            found.append(
                {
                    "id": name,
                    "label": dict(one.document.learning.label),
                    "days": one.document.days,
                    "services": services or [service.name for service in one.document.services],
                    "traits": list(one.document.traits),
                    "state": "new" if state is None else state.state,
                    "reason": None if state is None else state.told.get("reason"),
                    "version": None if current is None else current.version,
                    "expected": None if state is None else state.told.get("reach"),
                }
            )
    return found


def feature_union(told: dict[str, Any]) -> tuple[Feature, ...]:
    """Every feature that some service of a model reads."""
    found: dict[Feature, None] = {}
    for one in told["services"].values():
        found |= dict.fromkeys(Feature.from_json(feature) for feature in one["features"])
    return tuple(found)
