"""What departments' own words for status, land and industry mean for a golden project. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from schemas.cleaning import REMEMBERED, clean
from schemas.lifecycle import Stage
from schemas.path_signs import path_signs
from schemas.tables import CodeRow, code_list, industry

ACTIVE = "ACTIVE"
TERMINATED = "TERMINATED"

_STATUS_LISTS = ("LYZT", "PROJECT_STATUS")


@cache
def _words(*lists: str) -> Mapping[str, CodeRow]:
    """Give the rows of code lists by code and by Chinese name, the first list first."""
    found: dict[str, CodeRow] = {}
    for name in lists:
        for row in code_list(name).values():
            for word in (row.code, row.zh):
                found.setdefault(clean(word), row)
    return found


def _land(department: str, word: str) -> CodeRow | None:
    return _words(*path_signs().land_mode.get(department, ())).get(clean(word))


@lru_cache(maxsize=REMEMBERED)
def status_of(word: str) -> str | None:
    """Give the project status a word means: any step that is reached is ACTIVE, an unknown word is None."""
    row = _words(*_STATUS_LISTS).get(clean(word))
    if row is None:
        return None
    return row.status or (ACTIVE if row.kind == "reached" else row.code)


@lru_cache(maxsize=REMEMBERED)
def stage_of(word: str) -> Stage | None:
    """Give the stage a department's status word says the project stands in, None when it says none."""
    row = _words(*_STATUS_LISTS).get(clean(word))
    return None if row is None else row.stage


@lru_cache(maxsize=REMEMBERED)
def land_mode_of(department: str, word: str) -> str:
    """Give the common name of how land is held; an unknown word stays as it is."""
    row = _land(department, word)
    return word if row is None else row.zh


@lru_cache(maxsize=REMEMBERED)
def path_of_land_mode(department: str, word: str) -> str | None:
    """Give the path a department's word for how land is held points to."""
    row = _land(department, word)
    return None if row is None else row.path


@lru_cache(maxsize=REMEMBERED)
def industry_of(text: str) -> str:
    """Give an industry's code with its section letter (GB/T 4754-2017); what is no code stays as it is."""
    row = industry(clean(text))
    return text if row is None else row.code
