"""What is known before anything is learned: log-odds beyond which no teaching may take a level.

Numbers are proof by what they are, however often a city mistypes them; and an address is written by people, however
tidy the city is that teaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ANY = -9.0
_PROOF, _STRONG = 7.0, 5.0

LEAST: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        # missing, apart, together, cited, borne
        "number_certificate": (0, _ANY, 3.0, _PROOF, _PROOF),
        "number_works": (0, _ANY, _PROOF, _PROOF, _PROOF),
        "number_works_base": (0, 0, 2.0, 2.0, 2.0),
        "number_contract": (0, _ANY, 1.0, _PROOF, _PROOF),
        "number_approval": (0, _ANY, 1.0, 2.0, 1.0),
        "number_parcel": (0, _ANY, 3.0, 3.0, 3.0),
        "number_promotion": (0, -2.0, _STRONG, _PROOF, _PROOF),
        "number_market": (0, _ANY, _STRONG, _STRONG, _STRONG),
        "number_document": (0, _ANY, 0.5, 2.0, 1.0),
        "number_suspect": (0, _ANY, 1.0, 2.0, 1.0),
        # missing, apart, one_digit, same_old, same
        "code": (0, -3.0, 1.0, 2.5, 3.0),
        "town": (0, -2.5, 0),
        "park": (0, -2.0, 0),
        "spots": (0, -2.5, 0),
        # one office may know another of a project's parcels
        "land": (0, -1.0, -1.0, -0.5, 0, 0, 0),
    }
)
"""The least of each level, by feature."""

PRIOR: Mapping[str, float] = MappingProxyType({"project": -3.0})
"""What two records that state nothing count at most, by profile."""

MOST: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        # two codes that differ, where the rules let the two be one at all
        "code": (0, -1.0, -_ANY, -_ANY, -_ANY),
        # whose records they are is hardly a reason: else the prior would hide there
        "sources": (0.3,) * 15,
        # equal because one office copied the other, as simulated ones do, or because the numbers are small
        "house": (0, 0, 3.0),
        "land": (0, 0, 0, 1.0, 1.5, 2.0, 3.0),
    }
)
"""The most of each level, by feature."""
