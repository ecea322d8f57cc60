"""What is packed of a record and how two are compared, as data: one profile for projects, others for foreign data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldKind = Literal["ids", "grams", "digits", "measures", "set", "small", "numbers"]
FeatureKind = Literal[
    "same", "jaccard", "overlap", "size", "body", "code", "ratio", "phases", "stated", "leads", "dates", "days", "flags",
    "classes", "distance", "family", "signs",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One thing packed of a record: `slots` values, of `size` bits (grams) or signs (digits) where that matters.

    ids: texts, kept as hashes. grams: the bigrams of texts, kept as a signature. digits: texts, kept sign by sign.
    measures: numbers. set: small whole numbers. small: one whole number below 256. numbers: strong numbers, each with its
    family and whether it is borne.
    """

    name: str
    kind: FieldKind
    slots: int = 1
    size: int = 0


@dataclass(frozen=True, slots=True)
class Feature:
    """One comparison: the levels two records may reach, level 0 where it says nothing.

    With `ordered` the further levels go from most different to most alike. `edges` are where levels begin: thousandths
    (jaccard, overlap), counts (size), greatest ratios (ratio), days (days) or metres (distance); for `family` the family's
    number, for `classes` how many there are.
    """

    name: str
    kind: FeatureKind
    fields: tuple[str, ...]
    levels: tuple[str, ...]
    edges: tuple[float, ...] = ()
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """The fields of a packed record and the features of two; names are those of the model file."""

    name: str
    fields: tuple[Field, ...]
    features: tuple[Feature, ...]

    def place(self, feature: str) -> int:
        """Give the row of a feature among the levels."""
        return [one.name for one in self.features].index(feature)


def same(name: str, field: str) -> Feature:
    """Compare texts as wholes: any of one side is any of the other."""
    return Feature(name, "same", (field,), ("missing", "other", "same"))


def signs(name: str, field: str) -> Feature:
    """Compare numbers sign by sign, as they are mistyped."""
    return Feature(name, "signs", (field,), ("missing", "apart", "two_off", "one_off", "same"))


def stated(name: str, field: str) -> Feature:
    """Compare texts of which saying none is a statement too."""
    return Feature(name, "stated", (field,), ("neither", "conflict", "one", "same"), ordered=False)


def jaccard(name: str, grams: str, ids: str, edges: tuple[int, ...]) -> Feature:
    """Compare the shares of common bigrams of all, and whether the texts are equal."""
    return Feature(name, "jaccard", (grams, ids), ("missing", *_steps(edges), "equal"), edges)


def overlap(name: str, grams: str, edges: tuple[int, ...]) -> Feature:
    """Compare the shares of common bigrams of the shorter text."""
    return Feature(name, "overlap", (grams,), ("missing", *_steps(edges)), edges)


def size(name: str, grams: str, edges: tuple[int, ...]) -> Feature:
    """Tell how many bigrams the shorter of two texts has."""
    return Feature(name, "size", (grams,), ("missing", *_steps(edges)), edges, ordered=False)


def ratio(name: str, field: str, edges: tuple[float, ...]) -> Feature:
    """Compare the two nearest measures by how often the smaller goes into the larger."""
    return Feature(name, "ratio", (field,), ("missing", "far", *(f"within_{e:g}" for e in edges)), edges)


def distance(name: str, field: str, edges: tuple[int, ...]) -> Feature:
    """Compare two points (longitude and latitude in degrees) by their distance."""
    return Feature(name, "distance", (field,), ("missing", "far", *(f"within_{e}m" for e in edges)), edges)


def days(name: str, field: str, classes: str, edges: tuple[int, ...]) -> Feature:
    """Compare days by how many lie between, later in the higher class of source counted as more."""
    return Feature(name, "days", (field, classes), ("missing", *_steps(edges)), edges, ordered=False)


def _steps(edges: tuple[int, ...]) -> tuple[str, ...]:
    return (f"below_{edges[0]}", *(f"from_{edge}" for edge in edges))
