"""Applying a colour scheme: palette, style sheet, fonts, and icons recoloured from their tokens."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template

from PySide6.QtCore import QByteArray, QRectF, Qt, QTemporaryDir
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from app.theme.tokens import SCHEMES, Tokens


class Theme:
    """The scheme in use; one object made by the composition root and handed down."""

    def __init__(self, scheme: str = "light") -> None:
        self.scheme = scheme
        self._icons: dict[tuple[str, str], QIcon] = {}
        self._folder = QTemporaryDir()  # style sheets take pictures only from files

    @property
    def tokens(self) -> Tokens:
        """The colours in use."""
        return SCHEMES[self.scheme]

    def apply(self, app: QApplication) -> None:
        """Give the whole application this scheme."""
        app.setStyle("Fusion")
        app.setFont(_font())
        app.setPalette(_palette(self.tokens))
        sheet = files("resources").joinpath("style.qss").read_text(encoding="utf-8")
        chevron = _recoloured(self._folder.path(), "chevron-down", self.tokens.muted)
        check = _recoloured(self._folder.path(), "check", self.tokens.accent_text)
        pictures = {"chevron": chevron, "check": check}
        app.setStyleSheet(Template(sheet).substitute(self.tokens.names() | pictures))

    def icon(self, name: str, colour: str | None = None) -> QIcon:
        """An icon in the text colour, or in the one given."""
        key = (name, colour or self.tokens.text)
        if key not in self._icons:
            self._icons[key] = self._painted(*key)
        return self._icons[key]

    @staticmethod
    def _painted(name: str, colour: str) -> QIcon:
        svg = files("resources").joinpath("icons", f"{name}.svg").read_text(encoding="utf-8")
        painted = svg.replace("currentColor", colour)
        renderer = QSvgRenderer(QByteArray(painted.encode()))
        ratio = QGuiApplication.primaryScreen().devicePixelRatio() if QGuiApplication.primaryScreen() else 1.0
        pixmap = QPixmap(int(18 * ratio), int(18 * ratio))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, pixmap.width(), pixmap.height()))
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return QIcon(pixmap)


def _recoloured(folder: str, name: str, colour: str) -> str:
    """An icon in a colour, as a file that a style sheet can name."""
    svg = files("resources").joinpath("icons", f"{name}.svg").read_text(encoding="utf-8")
    path = Path(folder) / f"{name}-{colour[1:]}.svg"
    path.write_text(svg.replace("currentColor", colour), encoding="utf-8")
    return path.as_posix()


def chosen_scheme(theme: str) -> str:
    """The scheme a theme setting means; "system" is what the desktop asks for."""
    if theme in SCHEMES:
        return theme
    return "dark" if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"


def _font() -> QFont:
    for name in ("Inter-Regular.otf", "Inter-SemiBold.otf", "Inter-Bold.otf"):
        QFontDatabase.addApplicationFontFromData(QByteArray(files("resources").joinpath("fonts", name).read_bytes()))
    font = QFont("Inter")
    font.setPixelSize(13)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _palette(tokens: Tokens) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    colours = {
        role.Window: tokens.window,
        role.Base: tokens.surface,
        role.AlternateBase: tokens.raised,
        role.Button: tokens.surface,
        role.Text: tokens.text,
        role.WindowText: tokens.text,
        role.ButtonText: tokens.text,
        role.PlaceholderText: tokens.muted,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.accent_text,
        role.ToolTipBase: tokens.surface,
        role.ToolTipText: tokens.text,
    }
    for name, colour in colours.items():
        palette.setColor(name, QColor(colour))
    return palette
