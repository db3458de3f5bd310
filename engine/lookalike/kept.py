"""Models as files: a JSON document that says everything for people, and arrays; nothing in them can run.

Of people they hold only what is told of many: means, deviations, weights, quantiles, thresholds of trees.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.domain.feature import Feature
from engine.durable import replace_file
from engine.errors import EngineError
from engine.lookalike.candidates import Fitted
from engine.lookalike.scaling import Scaling
from engine.lookalike.trees import Trees

_FORMAT = 1
_AGAIN = "Train it again."


def keep(path: Path, fitted: Fitted, features: tuple[Feature, ...], more: Mapping[str, Any]) -> str:
    """Keep a model in a file (`NAME.json`, and `NAME.npz` with its arrays); the SHA-256 of both, which is kept
    elsewhere: a file that somebody changed is not used."""
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    quantiles = {"linear_at": fitted.linear_at, "trees_at": fitted.trees_at}
    arrays = {"weights": fitted.weights, **{name: one for name, one in quantiles.items() if one is not None}}
    if fitted.trees is not None:
        arrays |= {f"tree_{name}": one for name, one in fitted.trees.arrays().items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    told = {
        "format": _FORMAT,
        "candidate": fitted.candidate,
        "features": [one.as_json() for one in features],
        "scaling": fitted.scaling.as_json(),
        **more,
    }
    text = json.dumps(told, ensure_ascii=False, allow_nan=False).encode()
    replace_file(path.with_suffix(".npz"), buffer.getvalue())
    replace_file(path.with_suffix(".json"), text)
    return hashlib.sha256(text + buffer.getvalue()).hexdigest()


def read(path: Path, digest: str) -> tuple[Fitted, tuple[Feature, ...], dict[str, Any]]:
    """A model that was kept, and what else was told of it; EngineError when it is not there or not what was kept."""
    import numpy as np

    try:
        text, data = path.with_suffix(".json").read_bytes(), path.with_suffix(".npz").read_bytes()
    except OSError:
        raise EngineError("file", f"the model {path.name} is not there any more", hint=_AGAIN) from None
    if hashlib.sha256(text + data).hexdigest() != digest:
        raise EngineError("file", f"the model {path.name} is not what was trained here", hint=_AGAIN)
    told = json.loads(text)
    if told["format"] != _FORMAT:
        raise EngineError("file", f"the model {path.name} is of another version of Convoke", hint=_AGAIN)
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    trees = {name.removeprefix("tree_"): one for name, one in arrays.items() if name.startswith("tree_")}
    fitted = Fitted(
        told["candidate"],
        Scaling.from_json(told["scaling"]),
        arrays["weights"],
        Trees.from_arrays(trees) if trees else None,
        arrays.get("linear_at"),
        arrays.get("trees_at"),
    )
    return fitted, tuple(Feature.from_json(one) for one in told["features"]), told
