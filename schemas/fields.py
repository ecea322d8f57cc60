"""The fields of a golden project: who speaks first for each (`codes/fields.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from schemas.lifecycle import Stage


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One golden field: where a statement says it (`read`), its stage, who speaks first."""

    code: str
    zh: str
    en: str
    stage: Stage
    read: str
    whole_first: bool
    authority: tuple[str, ...]

    def place(self, source: str, department: str) -> int:
        """Give how late a source speaks for this field; 0 speaks first, unlisted ones after all others."""
        for at, speaker in enumerate(self.authority):
            if speaker in (source, department):
                return at
        return len(self.authority)


class Words(NamedTuple):
    """The same words in Chinese and English."""

    zh: str
    en: str


@cache
def _table() -> tuple[dict[str, FieldRow], dict[str, Words]]:
    said = tomllib.loads(files("schemas.codes").joinpath("fields.toml").read_text("utf-8"))
    rows = {
        row["code"]: FieldRow(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            stage=Stage(row["stage"]),
            read=row["from"],
            whole_first=row.get("whole_first", False),
            authority=tuple(row["authority"]),
        )
        for row in said["field"]
    }
    return rows, {rule: Words(*words) for rule, words in said["rules"].items()}


def fields() -> dict[str, FieldRow]:
    """Give every golden field by its code, in the order of the data file."""
    return _table()[0]


def rule_words() -> dict[str, Words]:
    """Give the words of every rule a claim can win or lose by."""
    return _table()[1]
