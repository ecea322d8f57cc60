from __future__ import annotations

import re

from tests.support.client import Client


def test_the_description_is_shown_from_files_of_the_hub_alone(reader: Client) -> None:
    anybody = reader.holding(None)
    page = anybody.request("GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in page.text
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) == 3
    for address in named:
        asset = anybody.request("GET", address)
        assert asset.status_code == 200
        assert len(asset.content) > 200
    assert re.search(r'data-description="/api/v1/openapi\.json"', page.text)


def test_no_page_has_script_of_its_own_and_no_other_file_is_given(reader: Client) -> None:
    for path in ("/", "/docs"):
        assert not re.search(r"<script>|<script [^>]*>[^<]|\bon\w+=", reader.request("GET", path).text)
    for name in ("README.md", "..%2fdocs.py", "start.jsx"):
        assert reader.request("GET", f"/docs/{name}").status_code in {400, 404}
