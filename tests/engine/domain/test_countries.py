"""The country of a site, from what is known of it."""

from __future__ import annotations

import pytest

from engine.domain.countries import country_of
from engine.domain.model import DEFAULT_SITE, Site


@pytest.mark.parametrize(
    ("site", "country"),
    [
        (Site("MLB", "Brasil", "America/Sao_Paulo", "BRL"), "BR"),
        (Site("s1", "s1", "America/Mexico_City"), "MX"),
        (Site("s1", "s1", "America/Argentina/Cordoba"), "AR"),
        (Site("s1", "s1", "America/Buenos_Aires"), "AR"),
        (Site("s1", "s1", "Brazil/East"), "BR"),
        (Site("s1", "s1", "UTC", "CLP"), "CL"),
        (Site("co", "Colombia"), "CO"),
        (Site("MPE", "Perú"), "PE"),
        (Site("s1", "s1", "America/Guayaquil", "USD"), "EC"),
        (Site("s1", "s1", "America/El_Salvador", "USD"), "SV"),
        (Site("s1", "s1", "America/Sao_Paulo", "MXN"), None),
        (Site("s1", "s1", "UTC", "USD"), None),
        (DEFAULT_SITE, None),
    ],
    ids=str,
)
def test_a_sites_country(site: Site, country: str | None) -> None:
    assert country_of(site) == country
