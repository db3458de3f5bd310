"""`convoke propensity apply`: everybody's probabilities put in force as traits, and what to offer whom next, how and
when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.domain.durations import Duration
from engine.domain.feature import YEAR, Feature
from engine.domain.model import Labels
from engine.domain.scoring import PropensityDocument, Service
from engine.domain.trait import Measured
from engine.domain.values import ValueType
from engine.domain.windows import Last
from engine.errors import EngineError, nearest
from engine.jobs import Job
from engine.locks import holding
from engine.operations.propensities import chosen_propensities, feature_union, propensity_of
from engine.operations.score_versions import BUSY, ScoreOutcome, in_force, used
from engine.operations.scoring import (
    LOCK,
    Score,
    Scoring,
    Written,
    day,
    model_path,
    put_in_force,
    remove_gone,
    say_state,
)
from engine.operations.workspace import Workspace
from engine.store.scores import ScoreModel, ScoreModels, ScoreState

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from engine.lookalike.table import FeatureTable

_LIKELY = {"en": "Likely: {name}", "es": "Probable: {name}", "pt": "Provável: {name}"}
_NEXT = {"en": "Next best offer", "es": "Mejor próxima oferta", "pt": "Melhor próxima oferta"}
_WORTH = {"en": "Worth of the next offer", "es": "Valor de la próxima oferta", "pt": "Valor da próxima oferta"}
_UPLIFT = {"en": "Uplift: {name}", "es": "Efecto: {name}", "pt": "Efeito: {name}"}
_CHANNEL = {"en": "Best channel", "es": "Mejor canal", "pt": "Melhor canal"}
_HOUR = {"en": "Best hour", "es": "Mejor hora", "pt": "Melhor hora"}


def propensity_apply(
    workspace: Workspace,
    ids: Sequence[str] = (),
    *,
    as_of: str | datetime | None = None,
    accept: bool = False,
    job: Job | None = None,
) -> list[ScoreOutcome]:
    """Give every profile its probabilities by the models in force (of all documents, or those named), and with several
    services the one whose probability times value less cost is greatest. What moved further than the guard allows is
    held, unless it is ``accept``-ed."""
    with holding(workspace.folder / LOCK, "convoke propensity", "refused", BUSY):
        scoring, at = Scoring(workspace, job), day(as_of)
        found = [_Applying(scoring, one, at).run(accept=accept) for one in chosen_propensities(workspace, ids)]
        gone = () if ids else remove_gone(workspace)
    return found + [ScoreOutcome(name, "removed", None) for name in gone]


class _Applying:
    """Scores by one document's model as of a moment."""

    def __init__(self, scoring: Scoring, written: Written, at: datetime) -> None:
        self._scoring, self._written, self._at = scoring, written, at
        self._document = propensity_of(written)
        self._name = self._document.learning.id

    def run(self, *, accept: bool) -> ScoreOutcome:
        import numpy as np

        from engine.lookalike.kept import read

        workspace = self._scoring.workspace
        model = self._model()
        told, arrays = read(model_path(workspace, self._name, model.version), model.digest)
        table = self._scoring.table(self._document.learning, self._at, feature_union(told), computed=False)
        chances = {one.name: self._chances(one, table, told, arrays) for one in self._document.services}
        expected = float(sum(np.nansum(one) for one in chances.values()))
        people = int((~np.isnan(np.stack(list(chances.values())))).any(axis=0).sum())
        store = ScoreModels(workspace.database)
        before = store.states().get(self._name)
        held = None if accept else self._moved_reason(before, expected)
        if held is not None:
            told_now = {**used(store, self._name), "reason": held}
            say_state(workspace, self._name, "held", model.version, self._at, told_now)
            return ScoreOutcome(self._name, "held", model.version, people, round(expected), reason=held)
        scores = [
            self._score(self._document.trait_of(one), chances[one.name], self._label(one), model)
            for one in self._document.services
        ]
        scores += self._more(table, chances, told, arrays, model)
        put_in_force(workspace, table, scores, "propensity")
        say_state(
            workspace,
            self._name,
            "applied",
            model.version,
            self._at,
            {"reason": None, "reach": expected, "applied": model.version, "text": self._written.whole},
        )
        return ScoreOutcome(self._name, "applied", model.version, people, round(expected))

    def _model(self) -> ScoreModel:
        found = in_force(ScoreModels(self._scoring.workspace.database), self._name)
        hint = f"Run convoke propensity train {self._name}."
        if found is None:
            raise EngineError("not_found", f'the propensity "{self._name}" has no model yet', hint=hint)
        if found.hash != self._written.hash:
            message = f'the document of "{self._name}" is another one than its model was trained by'
            raise EngineError("changed", message, hint=hint)
        return found

    def _chances(
        self, service: Service, table: FeatureTable, told: dict[str, Any], arrays: dict[str, Any]
    ) -> NDArray[Any]:
        """The probability of everybody who is eligible, NaN for the others."""
        import numpy as np

        from engine.lookalike.propensity import Likelihood

        mine = told["services"][service.name]
        model = Likelihood.of(mine, _of(arrays, service.name))
        features = tuple(Feature.from_json(one) for one in mine["features"])
        is_eligible = np.zeros(table.people, dtype=bool)
        is_eligible[self._scoring.eligible(self._document, service, table, self._at)] = True
        found = np.full(table.people, np.nan)
        for block in table.blocks(features):
            self._report(0.3 + 0.6 * block.first / table.people, service.name)
            found[block.first : block.first + len(block.values)] = model.predict(block.values)
        found[~is_eligible] = np.nan
        return np.round(found, 6)

    def _report(self, share: float, step: str) -> None:
        if self._scoring.job is not None:
            self._scoring.job.report(share, step)

    def _moved_reason(self, before: ScoreState | None, expected: float) -> str | None:
        if before is None or before.told.get("text") != self._written.whole or not before.told.get("reach"):
            return None
        ratio, (low, high) = expected / before.told["reach"], self._document.learning.guard.reach
        if low <= ratio <= high:
            return None
        were = before.told["reach"]
        return f"{expected:,.0f} people are expected to do it, and {were:,.0f} were: {ratio:.2f} times as many"

    def _label(self, service: Service) -> Labels:
        own = service.label or (self._document.learning.label if len(self._document.services) == 1 else {})
        return own or _worded(_LIKELY, service.name)

    def _score(
        self, name: str, values: Any, label: Labels, model: ScoreModel, kind: ValueType = ValueType.FLOAT
    ) -> Score:
        return Score(name, kind, values, label, model.version, self._written.hash)

    def _more(
        self,
        table: FeatureTable,
        chances: dict[str, NDArray[Any]],
        told: dict[str, Any],
        arrays: dict[str, Any],
        model: ScoreModel,
    ) -> list[Score]:
        """The next best of several services, the uplift, the channel and the hour."""
        found: list[Score] = []
        if len(chances) > 1:
            best, worth = next_best(self._document, chances)
            found.append(self._score(f"{self._name}_next", best, _NEXT, model, ValueType.STRING))
            found.append(self._score(f"{self._name}_next_value", worth, _WORTH, model))
        if self._document.uplift is not None:
            uplift = self._uplift(table, told["services"]["uplift"], _of(arrays, "uplift"))
            found.append(self._score(f"{self._name}_uplift", uplift, _worded(_UPLIFT, self._name), model))
        if self._document.best is not None:
            channel, hour = self._habits(table, *self._document.best)
            found.append(self._score(f"{self._name}_channel", channel, _CHANNEL, model, ValueType.STRING))
            found.append(self._score(f"{self._name}_hour", hour, _HOUR, model, ValueType.INTEGER))
        return found

    def _uplift(self, table: FeatureTable, told: dict[str, Any], arrays: dict[str, Any]) -> NDArray[Any]:
        import numpy as np

        from engine.lookalike.uplift import Uplift

        model = Uplift.of(told, arrays)
        features = tuple(Feature.from_json(one) for one in told["features"])
        return np.round(np.concatenate([model.predict(one.values) for one in table.blocks(features)]), 6)

    def _habits(self, table: FeatureTable, event: str, prop: str) -> tuple[pa.Array, pa.Array]:
        """By which channel, and in which local hour, each most often answered in the last year."""
        from engine.sql.compile import World
        from engine.sql.traits import favourite_hour, measured

        model = self._scoring.model(traits=False)
        known = model.events.get(event)
        if known is None:
            hint = nearest(event, model.events, "event")
            raise EngineError("unknown_name", f'there is no event "{event}"', "best.did", hint)
        if prop not in known.properties:
            hint = nearest(prop, known.properties, "property")
            raise EngineError("unknown_name", f'there is no property of {event} "{prop}"', "best.channel", hint)
        warehouse = self._scoring.workspace.warehouse
        world = World(model, warehouse, warehouse.describe, {}, self._at)
        what = Measured("most_frequent", event, True, prop, window=Last(Duration(YEAR, "d")))
        sites = self._scoring.sites(self._document.learning, model)
        channels = [measured(world, site, what, ValueType.STRING) for site in sites]
        hours = [favourite_hour(world, site, what) for site in sites]
        return self._aligned(table, channels), self._aligned(table, hours)

    def _aligned(self, table: FeatureTable, statements: Sequence[Any]) -> pa.Array:
        """The values of statements (key, value) in the order of a table's people."""
        import pyarrow as pa
        import pyarrow.compute as pc

        scratch, job = self._scoring.workspace.scratch, self._scoring.job
        rows = pa.concat_tables([scratch.table(one.sql, one.parameters, job) for one in statements])
        rows = rows.combine_chunks()
        places = pc.index_in(table.keys().combine_chunks(), value_set=rows.column("key").combine_chunks())
        return rows.column("value").combine_chunks().take(places)


def next_best(document: PropensityDocument, chances: dict[str, NDArray[Any]]) -> tuple[Any, NDArray[Any]]:
    """For each person the service that is worth most (probability times value, less cost) and how much; none where no
    service is worth anything."""
    import numpy as np

    worth = np.stack([chances[one.name] * one.value - one.cost for one in document.services])
    worth = np.where(np.isnan(worth), -np.inf, worth)
    best, most = worth.argmax(axis=0), worth.max(axis=0)
    names = np.array([one.name for one in document.services], dtype=object)[best]
    names[most <= 0] = None
    return names, np.where(most > 0, np.round(most, 6), np.nan)


def _of(arrays: dict[str, Any], name: str) -> dict[str, Any]:
    head = f"{name}/"
    return {key.removeprefix(head): one for key, one in arrays.items() if key.startswith(head)}


def _worded(words: dict[str, str], name: str) -> dict[str, str]:
    return {language: text.format(name=name.replace("_", " ")) for language, text in words.items()}
