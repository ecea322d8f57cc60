"""Where a project is: district, zone, address, parcels and coordinates, for any jurisdiction of the country."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple

from schemas.base import Value
from schemas.cleaning import REMEMBERED, clean, says_nothing, squeeze
from schemas.doubts import Doubt, NotUnderstood, Parsed
from schemas.tables import RegionRow, district_aliases, regions


class Place(Value):
    """A place, as much of it as was said.

    `district` is a six-digit code of GB/T 2260, `zone` a functional zone without one, `parcels` are parcel codes,
    `longitude` and `latitude` degrees inside China.
    """

    district: str | None = None
    district_raw: str | None = None
    zone: str | None = None
    address: str | None = None
    parcels: tuple[str, ...] = ()
    longitude: Decimal | None = None
    latitude: Decimal | None = None


class _Meaning(NamedTuple):
    """What a word means in a jurisdiction: a district's code, perhaps by a zone, perhaps by the alias table."""

    district: str
    zone: str | None = None
    alias: bool = False


class _Words(NamedTuple):
    """The words of one jurisdiction, those that may be found inside a longer text longest first."""

    exact: Mapping[str, tuple[_Meaning, ...]]
    inside: tuple[str, ...]
    prefixes: tuple[str, ...]


_CODE = re.compile(r"([0-9]{6})(?:[0-9]{3}(?:[0-9]{3})?)?(?:\.0)?")
_WHOLE = frozenset(
    [
        "市辖区",
        "市本级",
        "市级",
        "市直",
        "市属",
        "市区",
        "本级",
        "全市",
        "全省",
        "省级",
        "省本级",
        "县",
        "跨区",
        "跨县区",
        "跨县市区",
    ]
)
_SUFFIX = re.compile(r"(?<=..)(?:(?:[\u4e00-\u9fff]族)*自治[县旗州区]|林区|特区|新区|地区|[区县市旗盟省])$")
_GLUE = "-/>·,、.:;|()"
_WEST, _EAST, _SOUTH, _NORTH = map(Decimal, ("73.4", "135.1", "3.8", "53.6"))
_DEGREES = r"([0-9]{1,3}(?:\.[0-9]{1,16})?)"
_POINT = re.compile(rf"\(?{_DEGREES}[°EN]?[,;/、 ]+{_DEGREES}[°EN]?\)?")


def region_of(adcode: str) -> RegionRow | None:
    """Give the province, city or district of a six-digit code, None when the country has no such code."""
    return regions().get(adcode)


def district_name(adcode: str) -> str | None:
    """Give the name of a district, city or province by its six-digit code, None for an unknown code."""
    return found.name if (found := regions().get(adcode)) else None


@lru_cache(maxsize=REMEMBERED)
def find_district(text: str, city: int) -> Parsed[str | None]:
    """Give the six-digit code of the district that a code, name, alias or zone means in the jurisdiction `city`.

    The city itself (市辖区, 市本级, …00, …01) and nothing said give None. Doubts: `district.unknown` and
    `district.ambiguous` with None, `district.elsewhere` for a district outside the jurisdiction, `district.alias` and
    `district.zone` for what the alias table translated. Never raises.
    """
    meaning, doubts = _find(text, f"{city:06d}")
    return Parsed(meaning.district if meaning else None, doubts)


def find_zone(text: str, city: int) -> str | None:
    """Give the functional zone that a district text means in a jurisdiction, such as 株洲高新区, else None."""
    meaning, _ = _find(text, f"{city:06d}")
    return meaning.zone if meaning else None


def parse_point(text: str) -> Parsed[tuple[Decimal, Decimal] | None]:
    """Read `longitude,latitude` in degrees, of several points the first.

    Nothing said, 0,0 and a point outside China give None (the latter with `point.sentinel_zero`,
    `point.implausible`); a pair the wrong way round is turned with `point.swapped`. Raises NotUnderstood
    (`point.form`).
    """
    if says_nothing(text):
        return Parsed(None)
    found = list(_POINT.finditer(squeeze(text).upper()))
    if not found or found[0].start():
        raise NotUnderstood("point.form", text, "请写作 113.134,27.827", "not a point: write 113.134,27.827")
    doubts: tuple[Doubt, ...] = ()
    if len(found) > 1:
        doubts = (Doubt("point.several", text, "有多个坐标，取第一个", "several points, the first is taken"),)
    longitude, latitude = Decimal(found[0][1]), Decimal(found[0][2])
    if not longitude and not latitude:
        return Parsed(
            None, (*doubts, Doubt("point.sentinel_zero", text, "0,0 按未填处理", "0,0 is read as not said"))
        )
    if _in_china(latitude, longitude) and not _in_china(longitude, latitude):
        longitude, latitude = latitude, longitude
        doubts += (Doubt("point.swapped", text, "经纬度颠倒，已对调", "latitude came first, turned round"),)
    if not _in_china(longitude, latitude):
        doubts += (Doubt("point.implausible", text, "坐标不在中国境内，未采用", "outside China, not used"),)
        return Parsed(None, doubts)
    return Parsed((longitude, latitude), doubts)


def _in_china(longitude: Decimal, latitude: Decimal) -> bool:
    return _WEST <= longitude <= _EAST and _SOUTH <= latitude <= _NORTH


@lru_cache(maxsize=REMEMBERED)
def _find(text: str, city: str) -> tuple[_Meaning | None, tuple[Doubt, ...]]:
    if says_nothing(text):
        return None, ()
    said = clean(text).strip(_GLUE)
    words = _words(city)
    if said not in words.exact and (code := _CODE.fullmatch(said)):
        return _by_code(code[1], text, city)
    rest = said
    while rest:
        if rest in _WHOLE:
            return None, () if rest == said or said.startswith(words.prefixes) else _elsewhere(text)
        if meanings := words.exact.get(rest):
            return _one_of(meanings, text, said)
        prefix = next((prefix for prefix in words.prefixes if rest.startswith(prefix)), None)
        if prefix is None:
            break
        rest = rest[len(prefix) :].lstrip(_GLUE)
    if not rest:
        return None, ()
    if meanings := tuple(_inside(rest, words)):
        return _one_of(meanings, text, said)
    if meanings := words.exact.get(_short(rest)):  # a county that became a district, or the other way round
        return _one_of([meaning._replace(alias=True) for meaning in meanings], text, said)
    return _in_country(said, text)


def _by_code(code: str, text: str, city: str) -> tuple[_Meaning | None, tuple[Doubt, ...]]:
    """Judge a six-digit code that is no alias."""
    at_home = code.startswith(city.rstrip("0")) or code == city
    if code.endswith("00") or (code.endswith("01") and code not in regions()):
        known = f"{code[:4]}00" in regions()
        return (
            (None, ())
            if known and (at_home or city.startswith(code.rstrip("0")))
            else (None, _elsewhere(text))
        )
    if code not in regions():
        return None, (_unknown(text),)
    meaning = _Meaning(code)
    return meaning, () if _inside_of(code, city) else _elsewhere(text)


def _one_of(meanings: Iterable[_Meaning], text: str, said: str) -> tuple[_Meaning | None, tuple[Doubt, ...]]:
    """Settle on the one district that is meant, by the name of its city where several bear the same name."""
    by_district = {
        meaning.district: meaning for meaning in sorted(meanings, key=lambda m: m.zone is not None)
    }
    if len(by_district) > 1:
        named = [code for code in by_district if (parent := _parent_name(code)) and _short(parent) in said]
        if len(named) != 1:
            zh, en = "无法确定是哪个县市区，请填行政区划代码", "may be several districts: give the code"
            return None, (Doubt("district.ambiguous", text, zh, en),)
        by_district = {named[0]: by_district[named[0]]}
    (meaning,) = by_district.values()
    name = district_name(meaning.district)
    if meaning.zone:
        zh, en = f"{meaning.zone}按{name}处理", f"the zone {meaning.zone} is read as {name}"
        return meaning, (Doubt("district.zone", text, zh, en),)
    if meaning.alias:
        return meaning, (Doubt("district.alias", text, f"按{name}处理", f"another name of {name}"),)
    return meaning, ()


def _inside(said: str, words: _Words) -> Iterable[_Meaning]:
    """Find names inside a longer text, longest first, each sign used once."""
    for word in words.inside:
        if word in said:
            yield from words.exact[word]
            said = said.replace(word, "\n")


def _in_country(said: str, text: str) -> tuple[_Meaning | None, tuple[Doubt, ...]]:
    """Look for a district of the rest of the country at the end of a text, or for another city as a whole."""
    if any(said.endswith(word) and said.removesuffix(word) in _cities() for word in (*_WHOLE, "")):
        return None, _elsewhere(text)
    for start in range(len(said)):
        if codes := _by_name().get(said[start:]):
            named = [
                code for code in codes if (parent := _parent_name(code)) and _short(parent) in said[:start]
            ]
            fitting = codes if len(codes) == 1 else named
            if len(fitting) == 1:
                return _Meaning(fitting[0]), _elsewhere(text)
            break
    return None, (_unknown(text),)


def _unknown(text: str) -> Doubt:
    zh, en = "不认识的县市区，请核对或补充别名", "an unknown district: correct it or add an alias"
    return Doubt("district.unknown", text, zh, en)


def _elsewhere(text: str) -> tuple[Doubt, ...]:
    return (Doubt("district.elsewhere", text, "不在本辖区内，请核对", "outside this jurisdiction, check it"),)


def _parent_name(code: str) -> str | None:
    row = regions()[code]
    return district_name(row.parent) if row.parent else None


def _short(name: str) -> str:
    """Give a name without its rank: 荷塘 for 荷塘区, 攸县 as it is."""
    return _SUFFIX.sub("", name)


def _inside_of(code: str, city: str) -> bool:
    """Tell whether a district belongs to a jurisdiction; one that is no division of the country holds them all."""
    row = regions().get(city)
    if row is None or code == city:
        return True
    return code.startswith(city[:2]) if row.level == "province" else regions()[code].parent == city


@cache
def _cities() -> frozenset[str]:
    return frozenset(row.name for row in regions().values() if row.level != "district")


@cache
def _by_name() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in regions().values():
        if row.level == "district":
            found[row.name] = (*found.get(row.name, ()), row.code)
    return found


@lru_cache(maxsize=512)
def _words(city: str) -> _Words:
    """Gather the words of one jurisdiction."""
    exact: dict[str, set[_Meaning]] = defaultdict(set)
    inside: set[str] = set()
    for row in regions().values():
        if row.level == "district" and _inside_of(row.code, city):
            exact[row.name].add(_Meaning(row.code))
            exact[_short(row.name)].add(_Meaning(row.code))
            inside.add(row.name)
    for home, aliases in district_aliases().items():
        for alias in aliases:
            if home == city or _inside_of(alias.district, city):
                exact[alias.text].add(_Meaning(alias.district, alias.zone, alias=True))
                inside |= {alias.text} if len(alias.text) > 2 and not alias.text.isdigit() else set()
    above: list[str] = ["中国"]
    code: str | None = city
    while code and (region := regions().get(code)):
        above += [region.name, _short(region.name)]
        code = region.parent
    return _Words(
        {word: tuple(sorted(meanings, key=str)) for word, meanings in exact.items()},
        tuple(sorted(inside, key=lambda word: (-len(word), word))),
        tuple(sorted(above, key=len, reverse=True)),
    )
