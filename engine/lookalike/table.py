"""Features of people, as a Parquet file: a block of people after another, in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.feature import Excluded, Feature
from engine.durable import file_checksum, read_checked, replace_file, with_checksum
from engine.errors import EngineError

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Block:
    """Some people: the number of the first, their keys as text (Arrow), and a row of float32 for each, NaN where a
    feature is missing."""

    first: int
    keys: pa.Array
    values: NDArray[Any]


@dataclass(frozen=True)
class FeatureTable:
    """Features as of a moment over one state of the data. ``means`` are the mean amounts of sites by feature."""

    path: Path
    features: tuple[Feature, ...]
    excluded: tuple[Excluded, ...]
    people: int
    data: str
    as_of: str

    @classmethod
    def at(cls, path: Path) -> FeatureTable | None:
        """The table that was kept at a path; None when there is none, or not as it was kept: it is built again then."""
        try:
            told = read_checked(path.with_suffix(".json").read_bytes())
            features = tuple(Feature.from_json(one) for one in told["features"])
            excluded = tuple(Excluded(**one) for one in told["excluded"])
            about = int(told["people"]), told["data"], told["as_of"]
            sound = told["file"] == file_checksum(path)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cls(path, features, excluded, *about) if sound else None

    def keep(self) -> None:
        """Say what is in the file: it counts from now on."""
        told = {
            "features": [one.as_json() for one in self.features],
            "excluded": [vars(one) for one in self.excluded],
            "people": self.people,
            "data": self.data,
            "as_of": self.as_of,
            "file": file_checksum(self.path),
        }
        replace_file(self.path.with_suffix(".json"), with_checksum(told))

    def blocks(self, wanted: Sequence[Feature] | None = None) -> Iterator[Block]:
        """Everybody, block by block, with the features that are wanted (by default all)."""
        import numpy as np
        from pyarrow import parquet

        chosen = self._places(wanted)
        with parquet.ParquetFile(self.path) as file:
            first = 0
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=["key", *(f"f{place}" for place in chosen)])
                values = np.empty((rows.num_rows, len(chosen)), dtype=np.float32)
                for place, one in enumerate(chosen):
                    values[:, place] = rows.column(f"f{one}").to_numpy()
                yield Block(first, rows.column("key").combine_chunks(), values)
                first += rows.num_rows

    def keys(self) -> pa.ChunkedArray:
        """Everybody's key as text."""
        from pyarrow import parquet

        return parquet.read_table(self.path, columns=["key"]).column("key")

    def take(self, places: NDArray[Any], wanted: Sequence[Feature] | None = None) -> NDArray[Any]:
        """The rows of some people, by ascending number."""
        import numpy as np

        parts = []
        for block in self.blocks(wanted):
            low, high = np.searchsorted(places, [block.first, block.first + len(block.values)])
            parts.append(block.values[places[low:high] - block.first])
        return np.concatenate(parts) if parts else np.empty((0, 0), dtype=np.float32)

    def _places(self, wanted: Sequence[Feature] | None) -> list[int]:
        known = {one: place for place, one in enumerate(self.features)}
        if wanted is None:
            return list(known.values())
        for one in wanted:
            if one not in known:
                raise EngineError(
                    "changed",
                    f'the data has no feature "{one.name}" any more, which the model was trained with',
                    hint="Train it again.",
                )
        return [known[one] for one in wanted]
