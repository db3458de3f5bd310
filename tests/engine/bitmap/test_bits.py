"""Bitmaps from arrays, whatever their density, and the bytes they become."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from engine.bitmap.bits import from_bytes, from_flags, from_sorted, from_unsorted, to_array, to_bytes


@given(st.integers(0, 200_000), st.sampled_from([0.0, 0.0001, 0.01, 0.07, 0.5, 1.0]), st.integers(0, 9))
def test_flags_give_the_set_that_listing_gives(size: int, density: float, seed: int) -> None:
    flags = np.random.default_rng(seed).random(size) < density
    expected = BitMap(np.flatnonzero(flags).tolist())
    found = from_flags(flags)
    assert found == expected
    assert to_bytes(found) == to_bytes(expected)  # equal sets are equal bytes, however they were made
    assert from_bytes(to_bytes(found)) == expected
    assert to_array(found).tolist() == np.flatnonzero(flags).tolist()


@pytest.mark.parametrize("count", [0, 1, 70_000, 199_999])
def test_order_does_not_matter(count: int) -> None:
    shuffled = np.random.default_rng(1).permutation(200_000)[:count]
    assert from_unsorted(shuffled, 200_000) == from_sorted(np.sort(shuffled)) == BitMap(shuffled.tolist())


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="deserialize"):
        from_bytes(b"not a bitmap")
