"""The context of a message: known parts are columns, and nothing of the rest is lost."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from engine.ingest.context import CONTEXT, context_columns


def test_known_parts_are_columns_and_the_rest_stays_as_it_came() -> None:
    columns, others = context_columns(
        {
            "page": {"url": "https://s.example/?q=1", "path": "/", "referrer": "", "title": None, "tab": 3},
            "campaign": {"source": "google", "medium": "cpc", "name": "bf", "creative": ["a"]},
            "device": {"type": "ios", "advertisingId": "x", "adTrackingEnabled": True},
            "app": {"version": 2.5, "build": 7},
            "os": {"version": Decimal("10.123456789012345678901")},
            "locale": "pt-BR",
            "userAgent": "M",
            "ip": {"v4": "10.0.0.1"},
            "library": "none",
            "traits": {"email": "a@b.c"},
            "active": None,
        }
    )
    assert columns == {
        "context_page_url": "https://s.example/?q=1",
        "context_page_path": "/",
        "context_page_referrer": "",
        "context_campaign_source": "google",
        "context_campaign_medium": "cpc",
        "context_campaign_name": "bf",
        "context_device_type": "ios",
        "context_device_advertising_id": "x",
        "context_app_version": "2.5",
        "context_app_build": "7",
        "context_os_version": "10.123456789012345678901",
        "context_locale": "pt-BR",
        "context_user_agent": "M",
    }
    assert set(columns) <= CONTEXT
    assert others == {
        "page": {"tab": 3},
        "campaign": {"creative": ["a"]},
        "device": {"adTrackingEnabled": True},
        "ip": {"v4": "10.0.0.1"},
        "library": "none",
        "traits": {"email": "a@b.c"},
    }
    assert context_columns({}) == ({}, {})


def test_the_documentation_names_every_column() -> None:
    text = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    assert set(re.findall(r"`(context_[a-z_]+)`", text)) == CONTEXT
