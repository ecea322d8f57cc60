"""The systems of numbers, and what a number is worth."""

from __future__ import annotations

from enum import StrEnum


class Scheme(StrEnum):
    """Which system of numbers an identifier belongs to."""

    PROJECT_CODE = "project_code"
    WORKS_CODE = "works_code"
    PROMOTION_NO = "promotion_no"
    AGREEMENT_NO = "agreement_no"
    USCC = "uscc"
    ORGANISATION_CODE = "organisation_code"
    SUPERVISION_NO = "supervision_no"
    SUPPLY_NO = "supply_no"
    LAND_CONTRACT_NO = "land_contract_no"
    LAND_APPROVAL_NO = "land_approval_no"
    LISTING_NO = "listing_no"
    SITE_OPINION = "site_opinion"
    LAND_USE_PERMIT = "land_use_permit"
    WORKS_PERMIT = "works_permit"
    DRAWING_REVIEW = "drawing_review"
    TENDER_NOTICE = "tender_notice"
    CONSTRUCTION_PERMIT = "construction_permit"
    COMPLETION_FILING = "completion_filing"
    PARCEL_CODE = "parcel_code"
    REAL_ESTATE_UNIT = "real_estate_unit"
    MARKET_PROJECT_NO = "market_project_no"
    ELECTRONIC_CERTIFICATE = "electronic_certificate"
    DOCUMENT_NO = "document_no"

    __hash__ = str.__hash__  # as of the text it is equal to, and several times as fast as that of its name


class Status(StrEnum):
    """What an identifier is worth: only a valid one links by itself."""

    VALID = "valid"
    SUSPECT = "suspect"
    PSEUDO = "pseudo"
    SUPERSEDED = "superseded"
    VOID = "void"
