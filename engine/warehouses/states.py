"""Which state of the data a session reads: that of the files, and of what is read beside them."""

from __future__ import annotations

from engine.domain.model import Source
from engine.warehouses.collected import COLLECTED, Collected
from engine.warehouses.computed import Computed


class States:
    """The state that a session reads. ``version`` names that of its files."""

    def __init__(self, version: str) -> None:
        self._version = version
        self.collected: Collected | None = None
        self.computed: Computed | None = None

    @property
    def landed(self) -> int | None:
        """The last file of the collector's journal whose events are read here."""
        return None if self.collected is None else self.collected.landed

    def data_version(self) -> str:
        """Names the state of the files this session reads."""
        version = self._version if self.computed is None else f"{self._version}~{self.computed.number}"
        return version if self.collected is None else f"{version}+{self.collected.version}"

    def source_version(self, source: Source) -> str:
        """The state of what one source reads; here that of everything, but what was collected is no part of a table of
        the warehouse."""
        if source.table is None or source.where is not None or source.table.lower().startswith(f"{COLLECTED}."):
            return self.data_version()
        return self._version

    def still_current(self) -> bool:
        """Whether the files are still as they were when this session opened them."""
        return True

    def same_data(self) -> bool:
        """The same, though more may have been collected since."""
        return self.still_current()
