"""Colours by purpose: light, dark and high contrast. Text keeps 4.5:1 and the borders of inputs 3:1 against what is
behind (WCAG 2.2)."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Tokens:
    """One colour scheme."""

    window: str
    surface: str
    raised: str
    text: str
    muted: str
    border: str
    input_border: str
    accent: str
    accent_text: str
    accent_soft: str
    all_bar: str
    any_bar: str
    not_bar: str
    danger: str
    bar_back: str
    warning_back: str

    def names(self) -> dict[str, str]:
        """Colours by token name, for the style sheet."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


LIGHT = Tokens(
    window="#f4f6fa",
    surface="#ffffff",
    raised="#f8f9fc",
    text="#161c2b",
    muted="#566175",
    border="#dde2ec",
    input_border="#7f889c",
    accent="#2456d6",
    accent_text="#ffffff",
    accent_soft="#e6edfd",
    all_bar="#1b7f4b",
    any_bar="#a85500",
    not_bar="#b3261e",
    danger="#b3261e",
    bar_back="#e3e7f0",
    warning_back="#fdf3e1",
)
DARK = Tokens(
    window="#11151d",
    surface="#1a202b",
    raised="#202734",
    text="#e8ecf4",
    muted="#a3adbf",
    border="#2d3646",
    input_border="#76829a",
    accent="#7da2ff",
    accent_text="#0c1220",
    accent_soft="#24314f",
    all_bar="#4cc38a",
    any_bar="#f0a24a",
    not_bar="#ff8a80",
    danger="#ff8a80",
    bar_back="#2d3646",
    warning_back="#3a2f1a",
)
CONTRAST = Tokens(
    window="#000000",
    surface="#000000",
    raised="#0b0b0b",
    text="#ffffff",
    muted="#e6e6e6",
    border="#ffffff",
    input_border="#ffffff",
    accent="#ffd60a",
    accent_text="#000000",
    accent_soft="#3a3200",
    all_bar="#3ddc84",
    any_bar="#ffb020",
    not_bar="#ff8a80",
    danger="#ff8a80",
    bar_back="#4a4a4a",
    warning_back="#3a2f00",
)
SCHEMES = {"light": LIGHT, "dark": DARK, "contrast": CONTRAST}


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
