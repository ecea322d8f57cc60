"""Strong numbers by what sharing one proves."""

from __future__ import annotations

from functools import cache

FAMILIES = (
    "certificate", "works", "works_base", "contract", "approval", "parcel", "promotion", "market", "document", "suspect",
)  # fmt: skip
"""Families of schemes, certificates of one act first; the order is the rank in which numbers are kept where they are too many."""
_FAMILY_OF = {
    "works_code": "works",
    "works_base": "works_base",  # a local works code without the tail of the section, which some cities number by the year
    "land_contract_no": "contract",
    "land_approval_no": "approval",  # one may cover a batch of projects
    "listing_no": "approval",
    "parcel_code": "parcel",  # phases may stand on one
    "real_estate_unit": "parcel",
    "promotion_no": "promotion",
    "market_project_no": "market",
    "document_no": "document",  # documents of any kind: which one is not said
    "suspect": "suspect",  # of a form its scheme does not know, yet the same text
}
_WEAK = frozenset({"works_base", "approval", "document", "suspect"})
ONCE = frozenset({"promotion_no"})
"""Schemes of which a project has one number, so that two different ones are a reason to ask."""


@cache
def family_of(scheme: str) -> str:
    """Name the family of a scheme; those the table does not name are certificates."""
    return _FAMILY_OF.get(scheme, "certificate")


@cache
def is_firm(scheme: str) -> bool:
    """Tell whether citing a number of a scheme is proof by itself."""
    return family_of(scheme) not in _WEAK
