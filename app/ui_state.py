"""Where windows stood and which hints were seen; nothing about audiences."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings


class UiState:
    """A file of the desktop's own settings store."""

    def __init__(self, settings: QSettings | None = None) -> None:
        self._settings = settings or QSettings(
            QSettings.Format.IniFormat, QSettings.Scope.UserScope, "Convoke", "window"
        )

    def bytes(self, name: str) -> QByteArray | None:
        """A remembered geometry or splitter state."""
        found = self._settings.value(name)
        return found if isinstance(found, QByteArray) and not found.isEmpty() else None

    def remember(self, name: str, value: QByteArray) -> None:
        """Remember a geometry or splitter state."""
        self._settings.setValue(name, value)

    def texts(self, name: str) -> list[str]:
        """A remembered list of short texts."""
        found = self._settings.value(name)
        return [found] if isinstance(found, str) else list(found or [])

    def remember_texts(self, name: str, texts: list[str]) -> None:
        """Remember a list of short texts; an empty one is forgotten."""
        if texts:
            self._settings.setValue(name, texts)
        else:
            self._settings.remove(name)

    def seen(self, hint: str) -> bool:
        """Whether a hint was dismissed."""
        return bool(self._settings.value(f"seen/{hint}", False, bool))

    def see(self, hint: str) -> None:
        """A hint was dismissed."""
        self._settings.setValue(f"seen/{hint}", True)
