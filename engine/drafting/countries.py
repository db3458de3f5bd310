"""Countries of a business: codes and names as data write them, their main time zone and currency, and the evidence for
one in the values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import phonenumbers

from engine.drafting.survey import Column
from engine.drafting.words import listed, plain, words
from engine.sql.columns import Physical


@dataclass(frozen=True)
class Country:
    """A country with its main time zone and its currency."""

    code: str
    zone: str
    currency: str
    names: tuple[str, ...]


_LISTED = """
AR America/Argentina/Buenos_Aires ARS argentina,mla,arg
BR America/Sao_Paulo BRL brasil,brazil,mlb,bra
MX America/Mexico_City MXN mexico,mlm,mex
CO America/Bogota COP colombia,mco,col
CL America/Santiago CLP chile,mlc,chl
PE America/Lima PEN peru,mpe,per
UY America/Montevideo UYU uruguay,mlu,ury,uruguai
EC America/Guayaquil USD ecuador,mec,ecu,equador
VE America/Caracas VES venezuela,mlv,ven
PY America/Asuncion PYG paraguay,mpy,pry,paraguai
BO America/La_Paz BOB bolivia,mbo,bol
CR America/Costa_Rica CRC costa rica,mcr,cri
PA America/Panama USD panama,mpa,pan
DO America/Santo_Domingo DOP dominican republic,republica dominicana,mrd,dom
GT America/Guatemala GTQ guatemala,mgt,gtm
HN America/Tegucigalpa HNL honduras,mhn,hnd
NI America/Managua NIO nicaragua,mni,nic
SV America/El_Salvador USD el salvador,msv,slv
PR America/Puerto_Rico USD puerto rico,pri
US America/New_York USD united states,usa,estados unidos,united states of america,eua,eeuu
CA America/Toronto CAD canada,can
ES Europe/Madrid EUR spain,espana,espanha,esp
PT Europe/Lisbon EUR portugal,prt
GB Europe/London GBP united kingdom,uk,gbr,great britain,reino unido,england
IE Europe/Dublin EUR ireland,eire,irl,irlanda
FR Europe/Paris EUR france,fra,francia,franca
DE Europe/Berlin EUR germany,deu,alemania,alemanha,deutschland
IT Europe/Rome EUR italy,ita,italia
NL Europe/Amsterdam EUR netherlands,nld,holanda,paises bajos,paises baixos
BE Europe/Brussels EUR belgium,bel,belgica
CH Europe/Zurich CHF switzerland,che,suiza,suica
AT Europe/Vienna EUR austria,aut
SE Europe/Stockholm SEK sweden,swe,suecia
NO Europe/Oslo NOK norway,nor,noruega
DK Europe/Copenhagen DKK denmark,dnk,dinamarca
FI Europe/Helsinki EUR finland,fin,finlandia
PL Europe/Warsaw PLN poland,pol,polonia
AU Australia/Sydney AUD australia,aus
NZ Pacific/Auckland NZD new zealand,nzl
JP Asia/Tokyo JPY japan,jpn,japon,japao
IN Asia/Kolkata INR india,ind
"""
COUNTRIES: Mapping[str, Country] = {
    code: Country(code, zone, currency, tuple(names.split(",")))
    for code, zone, currency, names in (line.split(" ", 3) for line in _LISTED.strip().split("\n"))
}
_BY_TEXT = {text: one for one in COUNTRIES.values() for text in (one.code.lower(), *one.names)}
_BRAZIL = listed(
    """
    AC AL AP AM BA CE DF ES GO MA MT MS MG PA PB PR PE PI RJ RN RS RO RR SC SP SE TO
    """
)
_BRAZIL_WORDS = frozenset(["estado", "uf", "state", "provincia", "region"])
_COUNTRY_WORDS = frozenset(["country", "pais", "nation"])


def country_of(text: str) -> Country | None:
    """The country of a code or a name in English, Spanish or Portuguese, or of a marketplace's site such as MLB."""
    return _BY_TEXT.get(plain(text.strip()))


@dataclass(frozen=True)
class Evidence:
    """What speaks for one country."""

    country: Country
    sentence: str
    weight: float


def evidence(columns: Iterable[Column]) -> list[Evidence]:
    """What the columns say of the country of the business, the strongest first."""
    found: list[Evidence] = []
    for one in columns:
        found += _of(one)
    return sorted(found, key=lambda each: (-each.weight, each.sentence))


def _of(found: Column) -> list[Evidence]:
    if found.physical not in (Physical.TEXT, Physical.INTEGER) or len(found.known) < 5:
        return []
    result = []
    for share in found.shares:
        code = "BR" if share.kind == "postal" else share.country or ""
        named = share.kind in words(found.name) and share is found.shares[0]
        if code in COUNTRIES and share.part >= 0.8 and (not share.weak or named):
            said = f"{100 * share.part:.0f} % of {share.of:,} values of {found.place} are of {code}"
            weight = {"postal": 0.8, "phone": 0.85}.get(share.kind, 0.9)
            result.append(Evidence(COUNTRIES[code], said, weight))
        if share.kind == "phone" and share.part >= 0.8 and (one := _dialled(found)) is not None:
            result.append(one)
    spoken = set(words(found.name))
    if spoken & _COUNTRY_WORDS and (one := _dominant(found)) is not None:
        result.append(one)
    if spoken & _BRAZIL_WORDS and len(found.different) >= 5 and found.different <= _BRAZIL:
        said = f"all {len(found.different)} different values of {found.place} are states of BR"
        result.append(Evidence(COUNTRIES["BR"], said, 0.9))
    return result


def _dominant(found: Column) -> Evidence | None:
    counts = Counter(one.code for text in found.known if (one := country_of(text)) is not None)
    if not counts:
        return None
    ((code, count),) = counts.most_common(1)
    if count < 0.7 * len(found.known):
        return None
    said = f"{100 * count / len(found.known):.0f} % of {len(found.known):,} values of {found.place} are {code}"
    return Evidence(COUNTRIES[code], said, 0.85)


def _dialled(found: Column) -> Evidence | None:
    """The country whose code most phones begin with."""
    counts: Counter[str] = Counter()
    looked = found.known[:200]
    for text in looked:
        if not text.startswith("+"):
            continue
        try:
            code = phonenumbers.region_code_for_number(phonenumbers.parse(text))
        except phonenumbers.NumberParseException:
            continue
        if code is not None and code in COUNTRIES:
            counts[code] += 1
    if not counts:
        return None
    ((code, count),) = counts.most_common(1)
    if count < 0.8 * len(looked):
        return None
    said = f"{100 * count / len(looked):.0f} % of {len(looked):,} phones of {found.place} are of {code}"
    return Evidence(COUNTRIES[code], said, 0.85)
