"""Documents of persons and companies: one canonical text for every way to write one, and why a text is none."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from stdnum.br import cpf as other_cpf

from engine.domain import identity_codec
from engine.domain.national import CHECKED, DOCUMENTS, canonical, card, country_of, iban, read, share_of
from engine.domain.unusable import Unusable

FORM, LENGTH, CHECK, COUNTRY = Unusable.FORM, Unusable.LENGTH, Unusable.CHECK, Unusable.COUNTRY
PLACEHOLDER = Unusable.PLACEHOLDER

SAME = {
    ("cpf", None): {
        "52998224725": ["529.982.247-25", "52998224725", " 529 982 247 25 ", "52998224725.0", "CPF: 529.982.247-25",
                        "529.982.247–25", "5.2998224725E10", "５２９９８２２４７２５", "529982247-25\u200b"],
        "01234568861": ["012.345.688-61", "1234568861", "1234568861.0"],
    },
    ("cnpj", None): {
        "16727230000197": ["16.727.230/0001-97", "16727230000197", "CNPJ 16.727.230/0001-97", "16727230000197.0"],
        "12ABC34501DE35": ["12.ABC.345/01DE-35", "12abc34501de35", "12. ABC.345 /01DE–35"],
        "00394460005887": ["00.394.460/0058-87", "394460005887"],
    },
    ("rfc", None): {
        "GODE561231GR8": ["GODE561231GR8", "gode-561231-gr8", "GODE 561231 GR8", "RFC: GODE561231GR8"],
        "MAB9307148T4": ["MAB-930714-8T4", "mab9307148t4"],
    },
    ("curp", None): {"BOXW310820HNERXN09": ["BOXW310820HNERXN09", "boxw310820hnerxn09", "BOXW-310820-HNERXN-09"]},
    ("cuit", None): {"20055361682": ["20-05536168-2", "20055361682", "CUIT 20-05536168-2", "20055361682.0"]},
    ("cuil", None): {"20055361682": ["20 05536168 2", "CUIL: 20055361682"]},
    ("rut", None): {
        "125319092": ["12.531.909-2", "12531909-2", "125319092", "RUT 12.531.909-2", "012.531.909-2"],
        "10000013K": ["10.000.013-K", "10000013k", "RUN: 10.000.013-k"],
        "51266633": ["5.126.663-3", "05.126.663-3", "51266633.0"],
    },
    ("rut", "UY"): {"211406340011": ["21-140634-001-1", "211406340011", "UY 21 140634 001 1"]},
    ("dni", "AR"): {"20123456": ["20.123.456", "DNI 20123456", "20123456.0"], "7654321": ["07.654.321", "7654321"]},
    ("dni", "PE"): {"10117410": ["10117410", "10117410-2", "DNI 10117410"], "00117418": ["00117418", "117418.0"]},
    ("dni", "HN"): {"0801199012345": ["0801-1990-12345", "801199012345"]},
    ("dni", "ES"): {"54362315K": ["54362315-K", "54362315k"]},
    ("cedula", "CO"): {"1020304050": ["1.020.304.050", "CC 1020304050", "1020304050.0"], "79654328": ["79.654.328"]},
    ("cedula", "EC"): {"1714307103": ["171430710-3", "1714307103"], "0910000009": ["0910000009", "910000009"]},
    ("cedula", "UY"): {"12345672": ["1.234.567-2", "CI 1234567-2", "12345672.0"]},
    ("cedula", "VE"): {"V12345679": ["V-12.345.679", "v12345679", "12345679"], "E84000123": ["E-84.000.123", "84000123"]},
    ("cedula", "CR"): {"106130584": ["1-0613-0584", "1-613-584", "01-0613-0584", "106130584.0"]},
    ("cedula", "DO"): {"00113918205": ["001-1391820-5", "0113918205"]},
    ("cedula", "PA"): {"8-123-456": ["8-123-456", "08-0123-00456"], "PE-1-123": ["pe-1-123"], "E-8-12345": ["E-8-12345"]},
    ("cedula", "NI"): {"0010101800001A": ["001-010180-0001A", "0010101800001a"]},
    ("cedula", "PY"): {"4123457": ["4.123.457", "CI 4123457", "4123457.0"]},
    ("cedula", "BO"): {"7654328-1A": ["7654328-1A", "7654328-1a LP"], "7654328": ["7.654.328", "7654328 SC"]},
    ("nit", "CO"): {"2131234321": ["213.123.432-1"], "9001234568": ["900.123.456-8", "9001234568", "900123456"]},
    ("nit", "GT"): {"576937K": ["576937-K", "576937k", "0576937-K"]},
    ("nit", "SV"): {"06140507071048": ["0614-050707-104-8", "SV06140507071048", "6140507071048"]},
    ("ruc", "PE"): {"20512333797": ["20512333797", "RUC 20512333797", "20512333797.0"]},
    ("ruc", "EC"): {"1792060346001": ["1792060346001", "1792060346-001"]},
    ("ruc", "PY"): {"800280610": ["80028061-0", "800280610"]},
    ("rif", None): {"V114702834": ["V-11470283-4", "v114702834", "RIF V-11470283-4"]},
    ("dui", None): {"000162975": ["00016297-5", "000162975", "0162975"]},
    ("cui", None): {"2620512140101": ["2620 51214 0101", "2620512140101"]},
}  # fmt: skip

NONE = [
    ("cpf", None, "529.982.247-24", CHECK),
    ("cpf", None, "111.111.111-11", PLACEHOLDER),
    ("cpf", None, "123.456.789-09", PLACEHOLDER),
    ("cpf", None, "529.982.247-2X", FORM),
    ("cpf", None, "5299822", LENGTH),
    ("cpf", None, "5.29982E10", FORM),
    ("cpf", None, "5299822\x00725", FORM),
    ("cnpj", None, "16.727.230/0001-98", CHECK),
    ("cnpj", None, "12.ABC.345/01DE-36", CHECK),
    ("cnpj", None, "00.000.000/0000-00", PLACEHOLDER),
    ("cnpj", None, "12.ÁBC.345/01DE-35", FORM),
    ("cnpj", None, "12ABC34501DE3", LENGTH),
    ("rfc", None, "VACE-460910-SX6", CHECK),
    ("rfc", None, "XAXX010101000", PLACEHOLDER),
    ("rfc", None, "XEXX010101000", PLACEHOLDER),
    ("rfc", None, "COMG-600703", LENGTH),
    ("rfc", None, "GODE561331GR8", FORM),
    ("curp", None, "BOXW310820HNERXN08", CHECK),
    ("curp", None, "BOXW310820HXXRXN09", FORM),
    ("curp", None, "BOXW310820HNERXN0", LENGTH),
    ("cuit", None, "20-05536168-3", CHECK),
    ("cuit", None, "99-05536168-2", FORM),
    ("cuit", None, "20-0553616-2", LENGTH),
    ("cuit", None, "00-00000000-0", PLACEHOLDER),
    ("rut", None, "12.531.909-3", CHECK),
    ("rut", None, "66.666.666-6", PLACEHOLDER),
    ("rut", None, "12.53A.909-2", FORM),
    ("rut", None, "9-2", LENGTH),
    ("rut", "BR", "12.531.909-2", COUNTRY),
    ("dni", None, "20.123.456", COUNTRY),
    ("dni", "AR", "99.999.999", PLACEHOLDER),
    ("dni", "AR", "12345678", PLACEHOLDER),
    ("dni", "AR", "2012345", None),
    ("dni", "AR", "201234567", LENGTH),
    ("dni", "PE", "10117410-3", CHECK),
    ("dni", "HN", "9901-1990-12345", FORM),
    ("dni", "ES", "54362315A", CHECK),
    ("cedula", None, "1020304050", COUNTRY),
    ("cedula", "CO", "2020304050", LENGTH),
    ("cedula", "CO", "1234", LENGTH),
    ("cedula", "EC", "1714307104", CHECK),
    ("cedula", "EC", "9914307103", FORM),
    ("cedula", "UY", "1.234.567-3", CHECK),
    ("cedula", "VE", "J-12345679", FORM),
    ("cedula", "CR", "1-0613-058", None),
    ("cedula", "DO", "00113918204", CHECK),
    ("cedula", "PA", "99-123-456", FORM),
    ("cedula", "NI", "001-991380-0001A", FORM),
    ("nit", "CO", "900.123.456-7", CHECK),
    ("nit", "GT", "CF", PLACEHOLDER),
    ("nit", "GT", "576937-1", CHECK),
    ("nit", "SV", "0614-050707-104-0", CHECK),
    ("ruc", "PE", "20512333798", CHECK),
    ("ruc", "EC", "9999999999999", PLACEHOLDER),
    ("ruc", "PY", "80028061-1", CHECK),
    ("ruc", None, "20512333797", COUNTRY),
    ("rif", None, "V-11470283-5", CHECK),
    ("dui", None, "00016297-6", CHECK),
    ("cui", None, "2620 51217 0101", CHECK),
    ("cui", None, "2620 51214 9901", FORM),
]


@pytest.mark.parametrize(("kind", "country"), list(SAME), ids=str)
def test_every_way_to_write_a_document_is_one(kind: str, country: str | None) -> None:
    ways = {text: wanted for wanted, texts in SAME[kind, country].items() for text in [wanted, *texts]}
    assert {text: read(kind, text, country) for text in ways} == ways


@pytest.mark.parametrize(("kind", "country", "text", "why"), [one for one in NONE if one[3] is not None], ids=str)
def test_what_is_no_document_tells_why(kind: str, country: str | None, text: str, why: Unusable) -> None:
    assert read(kind, text, country) is why
    assert canonical(kind, text, country) is None


def test_every_kind_and_country_has_an_example() -> None:
    shown = {(kind, country_of(kind, country)) for kind, country in SAME}
    assert shown == {(kind, country) for kind, readers in DOCUMENTS.items() for country in readers}


def test_identity_documents_and_the_readme_name_every_kind() -> None:
    assert set(identity_codec.DOCUMENTS) == set(DOCUMENTS)
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in readme.splitlines() if line.startswith("| `")]
    named = set(re.findall(r"`([a-z]+)`", " ".join(rows)))
    assert set(identity_codec.NORMALISERS) - named == set()


def test_one_digit_more_or_less_is_noticed_where_there_is_a_check_digit() -> None:
    unnoticed = {
        right: sum(canonical(kind, f"{right[:5]}{digit}{right[6:]}", country) is not None for digit in "0123456789")
        for (kind, country), examples in SAME.items()
        if (kind, country_of(kind, country)) in CHECKED
        for right in examples
    }
    assert len(unnoticed) > 20
    assert {right: count for right, count in unnoticed.items() if count > 2} == {}


def test_cpfs_are_those_that_stdnum_knows() -> None:
    chance = random.Random(7)
    texts = [f"{chance.randrange(10**11):011d}" for _ in range(2_000)]
    texts += (
        [one[:9] + other_cpf.calc_check_digits(one[:9]) for one in texts]
        if hasattr(other_cpf, "calc_check_digits")
        else []
    )
    assert [canonical("cpf", one) is not None for one in texts] == [other_cpf.is_valid(one) for one in texts]


def test_a_column_is_known_by_the_share_of_its_values() -> None:
    assert share_of("cpf", ["529.982.247-25", "000.000.000-00", "01234567890"]) == 1
    chance = random.Random(7)
    assert share_of("cpf", [f"{chance.randrange(10**11):011d}" for _ in range(500)]) < 0.05
    assert share_of("cpf", []) == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432"),
        ("BR18 0036 0305 0000 1000 9795 493C 1", "BR1800360305000010009795493C1"),
        ("GB82 WEST 1234 5698 7654 33", None),
        ("hello", None),
    ],
)
def test_ibans(text: str, found: str | None) -> None:
    assert iban(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4111 1111 1111 1111", "4111111111111111"),
        ("5555-5555-5555-4444", "5555555555554444"),
        ("4111111111111112", None),
        ("0000000000000000", None),
        ("11987654321", None),
    ],
)
def test_cards(text: str, found: str | None) -> None:
    assert card(text) == found
