"""`convoke lookalike preview|why|rule`: a look at what a model would give, and why; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.domain.audience_codec import read_audience
from engine.domain.documents import iso
from engine.domain.feature import Feature
from engine.domain.scoring import LookalikeDocument
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.context import prepare
from engine.operations.likening import share_of, threshold
from engine.operations.lookalikes import document_of, model_of, opened
from engine.operations.looking import MOST_OTHERS
from engine.operations.scoring import Scoring, day, one_score
from engine.operations.targets import Named, moment
from engine.operations.workspace import Workspace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.lookalike.candidates import Fitted
    from engine.lookalike.scoring import Ranking
    from engine.lookalike.table import FeatureTable

_AT_ONCE = 200_000
"""People that are scored in one go."""


@dataclass(frozen=True)
class _Ranked:
    """Everybody ranked by a model as it would be put in force, and the places of the seed."""

    document: LookalikeDocument
    fitted: Fitted
    features: tuple[Feature, ...]
    table: FeatureTable
    seed: NDArray[Any]
    ranking: Ranking
    card: dict[str, Any]

    def share(self, wanted: float | None, count: int | None = None) -> float:
        """A reach as a share: what is wanted, or what the document says."""
        if wanted is None and count is None:
            return share_of(self.document, self.ranking.ranked)
        found = wanted if wanted is not None else (count or 0) / max(1, self.ranking.ranked)
        if not 0 < found <= 1:
            people = self.ranking.ranked
            raise EngineError("usage", f"a reach is some of the {people:,} people there are", "--share", "Write 0.05.")
        return found

    def top(self, share: float) -> NDArray[Any]:
        """By place, who is among that share of the most similar."""
        import numpy as np

        return np.asarray(np.nan_to_num(self.ranking.percentile, nan=0.0) > threshold(share))


def _ranked(scoring: Scoring, identifier: str, at: datetime) -> _Ranked:
    import numpy as np

    from engine.lookalike.scoring import rank

    document = document_of(one_score(scoring.workspace, identifier, LookalikeDocument))
    model = model_of(scoring.workspace, identifier)
    fitted, features = opened(scoring.workspace, model)
    table = scoring.table(document.learning, at, features)
    seed = scoring.places(table, scoring.keys(document.seed, "seed", at))
    without = np.array([], dtype=int) if document.keep_seed else seed
    ranking = rank(table, fitted, features, without, scoring.job)
    return _Ranked(document, fitted, features, table, seed, ranking, model.card)


def lookalike_preview(
    workspace: Workspace,
    identifier: str,
    *,
    share: float | None = None,
    count: int | None = None,
    job: Job | None = None,
) -> dict[str, Any]:
    """What an audience of a reach would be, before it is: its people; how many of the seed would be among them if it
    were ranked with everybody; and how many it would share with each other audience, the most first. Of fewer than
    fifty people nothing is told."""
    from engine.lookalike.factors import FEWEST

    scoring = Scoring(workspace, job)
    found = _ranked(scoring, identifier, day(None))
    wanted = found.share(share, count)
    top = found.top(wanted)
    within = _seed_within(found, top)
    others = [
        {"id": name, "size": size, "both": both} for name, size, both in _shared(scoring, found, top) if both >= FEWEST
    ]
    return {
        "id": identifier,
        "share": wanted,
        "people": int(top.sum()),
        "seed": {"people": len(found.seed), "within": within if within is not None and within >= FEWEST else None},
        "keeps_seed": found.document.keep_seed,
        "others": sorted(others, key=lambda one: (-int(str(one["both"])), str(one["id"]))),
        "as_of": found.table.as_of,
    }


def _seed_within(found: _Ranked, top: NDArray[Any]) -> int | None:
    """How many of the seed score as high as the least of those within reach; None without any."""
    import numpy as np

    places = np.flatnonzero(top)
    if not len(places) or not len(found.seed):
        return None
    parts = np.array_split(places, -(-len(places) // _AT_ONCE))
    least = min(float(found.fitted.score(found.table.take(one, found.features)).min()) for one in parts)
    return int((found.fitted.score(found.table.take(found.seed, found.features)) >= least).sum())


def _shared(scoring: Scoring, found: _Ranked, top: NDArray[Any]) -> list[tuple[str, int, int]]:
    """Of each other audience its id, its members who may be ranked, and how many of them are within reach."""
    workspace, own = scoring.workspace, found.document.learning.id
    stored = [one for one in workspace.audiences.all().values() if one.audience.id != own][:MOST_OTHERS]
    if not stored:
        return []
    named = [Named(one.audience, one.document, None) for one in stored]
    context = prepare(workspace, named, moment(None), scoring.job)
    told = []
    for place, one in enumerate(stored):
        if scoring.job is not None:
            scoring.job.report(0.85 + 0.15 * place / len(stored), "comparing with other audiences")
        keys = context.evaluator.members(one.audience, context.sites(one.audience, None))
        places = scoring.places(found.table, (str(key) for key in keys.tolist()))
        told.append((one.audience.id, len(places), int(top[places].sum())))
    return told


def lookalike_why(workspace: Workspace, identifier: str, key: str, *, job: Job | None = None) -> dict[str, Any]:
    """What draws one person towards the seed and away from it, most first: by the linear part of the model."""
    import numpy as np

    from engine.lookalike.factors import contributions

    document = document_of(one_score(workspace, identifier, LookalikeDocument))
    model = model_of(workspace, identifier)
    fitted, features = opened(workspace, model)
    scoring = Scoring(workspace, job)
    table = scoring.table(document.learning, day(None), features)
    places = scoring.places(table, [key])
    if not len(places):
        consent = document.learning.consent
        if consent is not None:
            raise EngineError("not_found", f'there is no profile "{key}" that agreed to "{consent}"')
        raise EngineError("not_found", f'there is no profile "{key}"')
    row = table.take(np.asarray(places), features)[0]
    found = contributions(fitted, row, features)[:10]
    return {
        "id": identifier,
        "key": key,
        "as_of": table.as_of,
        "version": model.version,
        "exact": fitted.trees is None,
        "because": [
            {"feature": one.name, "of": one.as_json(), "towards": weight > 0, "weight": round(weight, 4)}
            for one, weight in found
        ],
    }


def lookalike_rule(
    workspace: Workspace, identifier: str, *, share: float | None = None, job: Job | None = None
) -> dict[str, Any]:
    """A rule that comes close to the most similar people, with the part of its people who are among them (precision),
    and the part of them whom it takes (recall), by evaluating it."""
    import numpy as np

    from engine.lookalike.readable import readable

    scoring, at = Scoring(workspace, job), day(None)
    known = _ranked(scoring, identifier, at)
    table, ranking, features = known.table, known.ranking, known.features
    wanted = known.share(share)
    is_top = known.top(wanted)
    who = np.flatnonzero(~np.isnan(ranking.percentile))
    sample = who[:: max(1, len(who) // 60_000)]
    useful = [Feature.from_json(one["feature"]) for one in known.card["factors"]]
    rule = readable(table.take(sample, features), is_top[sample], features, useful)
    if rule is None:
        raise EngineError("refused", "no rule comes close to this model", hint="Use the similarity itself.")
    found = scoring.places(table, _members_of(scoring, rule, known.document, at))
    found = found[~np.isnan(ranking.percentile[found])]
    right = int(is_top[found].sum())
    return {
        "id": identifier,
        "share": wanted,
        "rule": rule,
        "people": len(found),
        "precision": right / max(1, len(found)),
        "recall": right / max(1, int(is_top.sum())),
        "as_of": iso(at),
    }


def _members_of(scoring: Scoring, rule: dict[str, Any], document: LookalikeDocument, at: datetime) -> list[str]:
    """Who satisfies a rule that is not kept."""
    made: dict[str, Any] = {"kind": "audience", "id": document.learning.id, "rule": rule}
    if document.learning.sites:
        made["sites"] = list(document.learning.sites)
    audience = read_audience(made)
    context = prepare(scoring.workspace, [Named(audience, "", None)], at, scoring.job)
    keys = context.evaluator.members(audience, context.sites(audience, None))
    return [str(one) for one in keys.tolist()]
