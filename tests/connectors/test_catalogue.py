from __future__ import annotations

from pathlib import Path

from connectors.catalogue import page
from connectors.registry import discover

PAGE = Path(__file__).parents[2] / "docs" / "feeds.md"


def test_the_page_of_feeds_says_what_the_manifests_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "the manifests have changed: write the page anew with python -m connectors.catalogue docs/feeds.md"
    )


def test_every_built_in_feed_and_each_of_its_columns_stands_there() -> None:
    sections = {part.split("`", 1)[0]: part for part in page().split("\n### `")[1:]}
    for key, source in discover().sources.items():
        missing = {name for name in source.manifest.known_columns() if name not in sections[key]}
        assert not missing - set(source.manifest.volatile), key


def test_defects_of_a_sample_stand_beside_its_feed() -> None:
    told = page().split("### `housing.buildings`")[1].split("\n### ")[0]
    assert "`part.no_parent` in GCDM" in told
    assert "`row.test_data` in DTMC" in told
    assert "**Withdrawn by** SJYXBS = 0, for the reason in SJWXYY" in told
