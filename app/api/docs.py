"""The page at `/docs`: the API's description to read and try, from files of this machine alone."""

from __future__ import annotations

from html import escape
from importlib import resources
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse

router = APIRouter(include_in_schema=False)

SWAGGER_UI = Path(str(resources.files("fastapi_swagger"))) / "resources"
ASSETS = {
    "start.js": Path(__file__).parent / "assets" / "start.js",
    "swagger-ui-bundle.js": SWAGGER_UI / "swagger-ui-bundle.js",
    "swagger-ui.css": SWAGGER_UI / "swagger-ui.css",
}
PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>接口说明 API of Lifecycle Hub</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="docs" data-description="{openapi}"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></html>
"""


@router.get("/docs", operation_id="read_docs")
def read_docs(request: Request) -> HTMLResponse:
    """Give the page."""
    return HTMLResponse(PAGE.format(openapi=escape(request.app.openapi_url)))


@router.get("/docs/{asset}", operation_id="read_docs_asset")
def read_docs_asset(
    asset: Literal["swagger-ui.css", "swagger-ui-bundle.js", "start.js"],
) -> FileResponse:
    """Give a file the page is made of."""
    kind = "text/css" if asset.endswith(".css") else "text/javascript"
    return FileResponse(ASSETS[asset], media_type=kind, headers={"Cache-Control": "max-age=86400"})
