"""How projects are packed and compared: the profile, what a record gives for its fields, and what a person reads of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal

import numpy as np

from app.pipeline.matching.names import is_public
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.numbers import FAMILIES, family_of
from app.pipeline.matching.profile import (
    Feature,
    Field,
    Profile,
    days,
    distance,
    jaccard,
    overlap,
    ratio,
    same,
    size,
    stated,
)
from app.pipeline.matching.vector import Columns, Vectors, dtype, vectors

CLASSES = ("commerce", "land", "housing", "other")
_CLASS_OF = {"commerce": 0, "reform": 0, "land": 1, "land_portals": 1, "housing": 2}
_WORKS = {"building": 1, "municipal": 2, "other": 3}
MOST_NUMBERS = 16
_PORTION = 256
"""Records that are packed at once: their columns stay in the processor's cache."""
_RANK = {family: rank for rank, family in enumerate(FAMILIES)}


def _class_levels() -> tuple[str, ...]:
    pairs = [f"{a}_{b}" for i, a in enumerate(CLASSES) for b in CLASSES[i:]]
    return ("missing", *pairs, *(f"one_{a}" for a in CLASSES))


def _family(name: str) -> Feature:
    levels = ("missing", "apart", "together", "cited", "borne")
    return Feature(f"number_{name}", "family", ("numbers",), levels, (FAMILIES.index(name),))


PROJECT = Profile(
    "project",
    fields=(
        Field("code", "ids", 2),
        Field("code_digits", "digits", 2, 20),
        Field("uscc", "ids", 3),
        Field("owner", "ids", 3),
        Field("brand", "ids", 3),
        Field("owner_grams", "grams", 2, 256),
        Field("public", "small"),
        Field("core", "ids"),
        Field("core_grams", "grams", 1, 1024),
        Field("rest_grams", "grams", 1, 512),
        Field("rest", "ids"),
        Field("quantity", "ids", 3),
        Field("phase", "set"),
        Field("zone", "ids"),
        Field("district", "ids"),
        Field("address", "ids"),
        Field("street_grams", "grams", 1, 512),
        Field("house", "ids", 4),
        Field("amount", "measures"),
        Field("site_area", "measures"),
        Field("works_class", "small"),
        Field("point", "measures", 2),
        Field("source", "ids"),
        Field("source_class", "small"),
        Field("numbers", "numbers", MOST_NUMBERS),
        Field("generic", "ids"),
        Field("parts", "ids", 3),
        Field("plots", "ids", 3),
        Field("kinds", "ids", 2),
        Field("town", "ids"),
        Field("spots", "ids", 4),
        Field("park", "ids"),
        Field("industry", "ids"),
        Field("division", "ids"),
        Field("land", "measures", 3),
        Field("floors", "measures", 3),
        Field("dates", "ids", 6),
        Field("milestones", "ids", 6),
        Field("day", "measures"),
    ),
    features=(
        Feature("code", "code", ("code", "code_digits"), ("missing", "apart", "one_digit", "same_old", "same")),
        same("uscc", "uscc"),
        Feature("owner", "body", ("owner", "brand", "owner_grams"),
                ("missing", "other", "brand", "like", "within", "same")),
        Feature("public", "flags", ("public",), ("neither", "one", "both"), ordered=False),
        jaccard("name", "core_grams", "core", (150, 300, 500, 600, 700, 850)),
        overlap("name_in", "core_grams", (200, 400, 600, 850, 990)),
        size("name_size", "core_grams", (2, 3, 5, 7, 10)),
        jaccard("rest", "rest_grams", "rest", (10, 200, 500, 800)),
        overlap("rest_in", "rest_grams", (10, 300, 600, 850, 990)),
        same("quantity", "quantity"),
        Feature("phase", "phases", ("phase",),
                ("neither", "conflict", "later_or_none", "first_or_none", "same"), ordered=False),
        stated("zone", "zone"),
        same("district", "district"),
        jaccard("address", "street_grams", "address", (100, 300, 500, 650, 850)),
        overlap("address_in", "street_grams", (300, 600, 850)),
        same("house", "house"),
        ratio("amount", "amount", (20, 2.7, 1.5, 1.1, 1.01)),
        ratio("area", "site_area", (3, 1.1, 1.03, 1.002)),
        Feature("works_class", "same", ("works_class",), ("missing", "other", "same")),
        distance("distance", "point", (5000, 1500, 500, 150, 50)),
        Feature("sources", "classes", ("source_class", "source"), _class_levels(), (len(CLASSES),), ordered=False),
        *map(_family, FAMILIES),
        same("generic", "generic"),
        same("parts", "parts"),
        same("plots", "plots"),
        stated("kinds", "kinds"),
        same("town", "town"),
        same("spots", "spots"),
        same("park", "park"),
        Feature("industry", "leads", ("industry", "division"), ("missing", "other", "division", "same")),
        ratio("land", "land", (1.5, 1.2, 1.05, 1.01, 1.003)),
        ratio("floors", "floors", (1.5, 1.2, 1.05, 1.01, 1.003)),
        Feature("dates", "dates", ("dates", "milestones"), ("missing", "other", "unlike", "shared"), ordered=False),
        days("day", "day", "source_class", (-60, 60, 200, 400, 600, 850)),
    ),
)  # fmt: skip


def project_vectors(normals: Sequence[Normal]) -> Vectors:
    """Pack records, one row each; equal records give equal bytes."""
    made = np.zeros(len(normals), dtype(PROJECT))
    for start in range(0, len(normals), _PORTION):
        part = slice(start, start + _PORTION)
        made[part] = vectors(PROJECT, _columns(normals[part]))
    return made


def _columns(normals: Sequence[Normal]) -> Columns:
    codes = [n.codes for n in normals]
    owners = [[core for core in n.owner_cores if "*" not in core] for n in normals]
    cores = [n.core for n in normals]
    dates = [sorted(n.dates) for n in normals]
    return {
        "code": codes,
        "code_digits": codes,
        "uscc": [n.usccs for n in normals],
        "owner": [[core for core in some if len(core) > 1] for some in owners],
        "brand": [[core[:2] for core in some] for some in owners],
        "owner_grams": owners,
        "public": [int(any(map(is_public, n.owner_cores))) for n in normals],
        "core": cores,
        "core_grams": cores,
        "rest": [n.rest for n in normals],
        "rest_grams": [n.rest for n in normals],
        "quantity": [sorted(n.quantities) for n in normals],
        "phase": [n.phase for n in normals],
        "zone": [n.zone or "" for n in normals],
        "district": [n.district or "" for n in normals],
        "address": [n.address for n in normals],
        "street_grams": [n.street for n in normals],
        "house": [sorted(n.houses) for n in normals],
        "amount": [_number(n.amount) for n in normals],
        "site_area": [_number(n.site_area) for n in normals],
        "works_class": [_WORKS.get(n.works_class or "", 0) for n in normals],
        "point": [n.point or () for n in normals],
        "source": [n.source for n in normals],
        "source_class": [_CLASS_OF.get(n.source.partition(".")[0], 3) for n in normals],
        "numbers": [list(_numbers(n)) for n in normals],
        "generic": [n.generic for n in normals],
        "parts": [sorted(n.parts) for n in normals],
        "plots": [sorted(n.plots) for n in normals],
        "kinds": [sorted(n.kinds) for n in normals],
        "town": [n.town for n in normals],
        "spots": [sorted(n.spots) for n in normals],
        "park": [n.park for n in normals],
        "industry": [n.industry or "" for n in normals],
        "division": [(n.industry or "")[:2] for n in normals],
        "land": [n.land for n in normals],
        "floors": [n.floors for n in normals],
        "dates": dates,
        "milestones": [[one.partition(":")[0] for one in some] for some in dates],
        "day": [np.nan if n.day is None else n.day for n in normals],
    }


def _number(value: Decimal | None) -> float:
    return float(value) if value is not None else np.nan


def _numbers(n: Normal) -> Iterator[tuple[str, int, bool]]:
    """Give a record's strong numbers, those that prove most first where there are more than are kept."""
    if not n.numbers:
        return
    found = sorted((_RANK[family_of(number.partition(":")[0])], number) for number in n.numbers)
    for family, number in found[:MOST_NUMBERS]:
        yield number, family, number in n.bears


def said(feature: str, n: Normal) -> str:
    """Give what a record says of a feature, as a person reads it; '' where it says nothing."""
    if feature.startswith("number_"):
        family = FAMILIES.index(feature.removeprefix("number_"))
        return " ".join(number for number, one, _ in _numbers(n) if one == family)
    return _SAID[feature.partition("*")[0]](n)


_SAID: dict[str, Callable[[Normal], str]] = {
    "code": lambda n: " ".join(n.codes),
    "uscc": lambda n: " ".join(n.usccs),
    "owner": lambda n: " ".join(n.owner_cores),
    "public": lambda n: " ".join(core for core in n.owner_cores if is_public(core)),
    "name": lambda n: n.core,
    "name_in": lambda n: n.core,
    "name_size": lambda n: n.core,
    "rest": lambda n: n.rest,
    "rest_in": lambda n: n.rest,
    "quantity": lambda n: " ".join(sorted(n.quantities)),
    "phase": lambda n: ",".join(map(str, sorted(n.phase))),
    "zone": lambda n: n.zone or "",
    "district": lambda n: n.district or "",
    "address": lambda n: n.address,
    "address_in": lambda n: n.address,
    "house": lambda n: " ".join(sorted(n.houses)),
    "amount": lambda n: str(n.amount or ""),
    "area": lambda n: str(n.site_area or ""),
    "works_class": lambda n: n.works_class or "",
    "distance": lambda n: "" if n.point is None else f"{n.point[0]},{n.point[1]}",
    "sources": lambda n: n.source,
    "generic": lambda n: n.generic,
    "parts": lambda n: " ".join(sorted(n.parts)),
    "plots": lambda n: " ".join(sorted(n.plots)),
    "kinds": lambda n: " ".join(sorted(n.kinds)),
    "town": lambda n: n.town,
    "spots": lambda n: " ".join(sorted(n.spots)),
    "park": lambda n: n.park,
    "industry": lambda n: n.industry or "",
    "land": lambda n: " ".join(f"{area:g}" for area in n.land),
    "floors": lambda n: " ".join(f"{area:g}" for area in n.floors),
    "dates": lambda n: " ".join(sorted(n.dates)),
    "day": lambda n: "" if n.day is None else date.fromordinal(n.day).isoformat(),
}
