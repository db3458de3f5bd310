"""Twenty audiences a marketer would recognise, as documents in three languages.

The documents are made from :mod:`sample_data.audiences.catalogue`; run ``python -m sample_data.audiences`` after
changing it.
"""

from __future__ import annotations

from pathlib import Path


def folder(language: str) -> Path:
    """The documents in a language: en, es or pt_BR."""
    return Path(__file__).parent / language
