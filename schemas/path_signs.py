"""What tells the path of a project (`codes/path_signs.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class PathSigns:
    """Paths by precedence, those a parcel belies, and the words that tell them.

    `land_mode` gives the code lists of each department's words for how land is held.
    """

    order: tuple[str, ...]
    default: str
    not_with_parcels: frozenset[str]
    land_mode: Mapping[str, tuple[str, ...]]
    works_class: Mapping[str, str]
    industry: Mapping[str, str]


@cache
def path_signs() -> PathSigns:
    """Give the signs of paths."""
    said = tomllib.loads(files("schemas.codes").joinpath("path_signs.toml").read_text("utf-8"))
    return PathSigns(
        order=tuple(said["order"]),
        default=said["default"],
        not_with_parcels=frozenset(said["not_with_parcels"]),
        land_mode={department: tuple(lists) for department, lists in said["land_mode"].items()},
        works_class=said["works_class"],
        industry=said["industry"],
    )
