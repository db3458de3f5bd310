"""What has to change at a destination: those to be there against those it has acknowledged, both by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

Change = Literal["add", "remove", "change", "refresh", "same", "refused"]
Pair = tuple[str, str]
Kept = tuple[str, str, bool]


def changes(
    wanted: Iterator[Pair], delivered: Iterator[Kept], refused: Mapping[str, str]
) -> Iterator[tuple[Change, str, str, str]]:
    """(change, key, payload to remove, payload to add), by key, in one pass over both.

    ``delivered`` also says who was delivered so long ago that the membership would expire: that is a ``refresh``.
    Someone whose identifiers are others now is a ``change``: what was sent goes, the new comes. A payload the
    destination refused is not offered again.
    """
    want, have = next(wanted, None), next(delivered, None)
    while want is not None or have is not None:
        if have is None or (want is not None and want[0] < have[0]):
            assert want is not None  # noqa: S101 — one of both is there
            kind: Change = "refused" if refused.get(want[0]) == want[1] else "add"
            yield kind, want[0], "", want[1]
            want = next(wanted, None)
        elif want is None or have[0] < want[0]:
            yield "remove", have[0], have[1], ""
            have = next(delivered, None)
        else:
            kind = "change" if want[1] != have[1] else "refresh" if have[2] else "same"
            if kind == "change" and refused.get(want[0]) == want[1]:
                yield "remove", have[0], have[1], ""
            else:
                yield kind, want[0], have[1], want[1]
            want, have = next(wanted, None), next(delivered, None)
