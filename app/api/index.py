"""The page at `/`: the addresses of this hub, in one file that needs no other server."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter()

PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>项目全生命周期数据枢纽 Lifecycle Hub</title>
<style>body{{font:16px/1.6 sans-serif;margin:2em auto;max-width:60em;padding:0 1em}}
td{{padding:.1em 1em .1em 0;vertical-align:top}}code{{white-space:nowrap}}</style>
<h1>项目全生命周期数据枢纽 <small>Lifecycle Hub</small></h1>
<p>接口说明 API description: <a href="{openapi}">{openapi}</a></p>
<table>{rows}</table></html>
"""


@router.get("/", operation_id="read_index", include_in_schema=False)
def read_index(request: Request) -> HTMLResponse:
    """Give a page that lists every address of the API."""
    paths = request.app.openapi()["paths"]
    rows = "".join(
        _row(method, path, operation["description"])
        for path, methods in sorted(paths.items())
        for method, operation in methods.items()
    )
    return HTMLResponse(PAGE.format(openapi=escape(request.app.openapi_url), rows=rows))


def _row(method: str, path: str, promise: str) -> str:
    shown = f"<code>{escape(path)}</code>"
    if method == "get" and "{" not in path:
        shown = f'<a href="{escape(path)}">{shown}</a>'
    return f"<tr><td>{method.upper()}<td>{shown}<td>{escape(promise)}"
