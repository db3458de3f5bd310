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

from engine.durable import make_folder, replace_file
from engine.errors import EngineError

_FORMAT = 1
_AGAIN = "Train it again."


def keep(path: Path, told: Mapping[str, Any], arrays: Mapping[str, Any]) -> str:
    """Keep a model in two files (`NAME.json` and `NAME.npz`, which holds its arrays); the SHA-256 of both, to be kept
    elsewhere: a file that somebody changed is not used."""
    import numpy as np

    make_folder(path.parent)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    text = json.dumps({"format": _FORMAT, **told}, ensure_ascii=False, allow_nan=False).encode()
    replace_file(path.with_suffix(".npz"), buffer.getvalue())
    replace_file(path.with_suffix(".json"), text)
    return hashlib.sha256(text + buffer.getvalue()).hexdigest()


def read(path: Path, digest: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was kept of a model, and its arrays; EngineError when it is not there or not what was kept."""
    import numpy as np

    try:
        text, data = path.with_suffix(".json").read_bytes(), path.with_suffix(".npz").read_bytes()
    except OSError:
        raise EngineError("file", f"the model {path.name} is not there any more", hint=_AGAIN) from None
    if hashlib.sha256(text + data).hexdigest() != digest:
        raise EngineError("file", f"the model {path.name} is not what was trained here", hint=_AGAIN)
    told: dict[str, Any] = json.loads(text)
    if told["format"] != _FORMAT:
        raise EngineError("file", f"the model {path.name} is of another version of Convoke", hint=_AGAIN)
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        return told, {name: found[name] for name in found.files}
