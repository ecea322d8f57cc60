"""The feeds of the bench: the real manifests, told over HTTP pages so that every contestant reads the same bytes."""

from __future__ import annotations

from functools import lru_cache

from connectors.manifest import Manifest
from connectors.registry import Registry, Source, discover
from connectors.transport_settings import HttpSettings, Paging

CHANGING = {
    "commerce.negotiations_api": "NTZZE",
    "commerce.signed_api": "NTZZE",
    "housing.buildings": "JZMJ",
    "housing.completions": "ZJZMJ",
    "housing.construction_permits": "ZJZMJ",
    "housing.drawing_reviews": "SJDW",
    "housing.fire_acceptances": "GCTZE",
    "housing.fire_reviews": "GCTZE",
    "housing.item_documents": "PFWH",
    "housing.item_events": "BLYJ",
    "housing.item_instances": "SXBLSX",
    "housing.permit_events": "detail",
    "housing.projects": "ZTZE",
    "housing.supervision": "SGDW",
    "land.conversions": "YDZMJ",
    "land.real_estate": "MJ",
    "land.site_opinions": "NYDMJ",
    "land.supply": "CJJK",
    "land.use_permits": "YDMJ",
    "land.verifications": "JL",
    "land.works_permits": "ZJZMJ",
}
"""Every feed the simulated city streams, and the mapped column that says something else once all records have changed."""


def key_columns(source: str) -> tuple[str, ...]:
    """Give the columns that are a record's key; the bench sends only records whose key columns are filled."""
    return found()[source].manifest.identity.choices[0]


@lru_cache(maxsize=1)
def found() -> dict[str, Source]:
    """Give the sources of the bench as this hub ships them."""
    sources = discover().sources
    return {source: sources[source] for source in CHANGING}


def registry(page: int) -> Registry:
    """Give the same sources, each read from a paged JSON listing of `page` rows at the place it is bound to."""
    return Registry(
        {key: Source(_over_http(source.manifest, page), source.folder) for key, source in found().items()}, []
    )


def _over_http(manifest: Manifest, page: int) -> Manifest:
    settings = HttpSettings(
        kind="http",
        variable="BENCH_URL",
        rows="rows",
        paging=Paging(style="page", size=page, total="total"),
    )
    return manifest.model_copy(update={"transport": settings, "listing": "changes"})
