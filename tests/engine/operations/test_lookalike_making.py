"""What the app writes into a document leaves the rest of it as somebody wrote it."""

from __future__ import annotations

import pytest

from engine.domain.documents import load_one
from engine.operations.lookalike_making import _with_reach

HEAD = "# the loyal ones\nkind: lookalike\nid: like_vip\nseed: {list: vip}  # from the CRM\n"


@pytest.mark.parametrize(
    "reach",
    [
        "",
        "reach: {share: 0.05}\n",
        "reach:\n  share: 0.05\n",
        "reach:\n  count: 500\nguard: {recall: 0.7}\n",
        "guard: {recall: 0.7}",
    ],
)
def test_only_the_reach_changes(reach: str) -> None:
    found = _with_reach(HEAD + reach, 0.125)
    assert found.startswith(HEAD)
    told = load_one(found)
    assert float(told["reach"]["share"]) == 0.125
    assert ("guard" in told) == ("guard" in reach)


def test_a_document_that_is_json() -> None:
    told = load_one(
        _with_reach('{"kind": "lookalike", "id": "x", "seed": {"list": "vip"}, "reach": {"count": 5}}', 0.1)
    )
    assert float(told["reach"]["share"]) == 0.1
    assert told["seed"] == {"list": "vip"}
