"""What of an example leads to records, field by field: its keys in every district it may lie in, or why it has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from app.pipeline.matching.keys import block_keys_of
from app.pipeline.matching.names import is_public
from app.pipeline.matching.normal import Normal
from schemas.tables import regions


class Unused(NamedTuple):
    """A field of an example that found nobody, or could not be used: a stable rule, and words for a person."""

    field: str
    rule: str
    zh: str
    en: str


def districts_of(jurisdiction: int) -> Mapping[str, str]:
    """Give the districts of a jurisdiction by code, with their names."""
    inside = f"{jurisdiction:06d}".removesuffix("00").removesuffix("00")
    return {
        code: row.name
        for code, row in regions().items()
        if code.startswith(inside) and not code.endswith("00")
    }


def district_in(address: str, jurisdiction: int) -> str | None:
    """Give the one district of a jurisdiction that an address names, None where it names none or several."""
    named = [code for code, name in districts_of(jurisdiction).items() if name in address]
    return named[0] if len(named) == 1 else None


def keys_anywhere(example: Normal, jurisdiction: int) -> frozenset[int]:
    """Give an example's keys; where it says no district those it would have in each, for records say theirs."""
    several: Iterable[str] = districts_of(jurisdiction) if example.district is None else ()
    everywhere = [example, *(replace(example, district=one) for one in several)]
    return frozenset(key for keys in block_keys_of(everywhere) for key in keys)


def mute(field: str, part: Normal) -> Unused:
    """Tell why a field that has no keys has none; `part` is an example of this field alone."""
    if field == "name":
        if part.generic:
            return Unused(
                field,
                "generic",
                f"名称只是“{part.generic}”，看不出是哪个项目，请写全称",
                f"the name says no more than {part.generic}: give the whole name",
            )
        return Unused(
            field, "not_understood", "名称里没有可辨认的内容", "nothing in the name can be told apart"
        )
    if field == "owners":
        public = [core for core in part.owner_cores if is_public(core)]
        if public:
            return Unused(
                field,
                "public",
                f"{'、'.join(public)} 是平台公司或公共单位，项目太多，请再给名称、地址或编号",
                f"{', '.join(public)}: a public body has too many projects: give a name, an address or a number too",
            )
        return Unused(field, "not_understood", "看不出业主是谁", "nothing in the owners can be told apart")
    if field == "address":
        return Unused(
            field,
            "too_short",
            "地址太短，请写到道路、村或园区",
            "too short an address: give the road, village or park",
        )
    return Unused(field, "not_understood", "无法据此查找", "nobody can be looked for by this")


def unheard(field: str, *, common: bool) -> Unused:
    """Tell why the keys of a field found nobody: too many records hold them, or none does."""
    if common:
        return Unused(
            field,
            "common",
            "太多记录都有此内容，不足以辨别，请再给其他内容",
            "too many records say this for it to tell anything: give something else too",
        )
    return Unused(field, "unknown", "枢纽里没有记录有此内容", "no record of the hub says this")
