"""dlt's rest_api source as a reader of the API, in its own environment: standard library and dlt only; prints what it read."""

from __future__ import annotations

import json
import sys
from typing import Any

from dlt.sources.rest_api import rest_api_source

address, key = sys.argv[1:]
NEXT: dict[str, Any] = {"type": "json_link", "next_url_path": "next"}
source = rest_api_source(
    {
        "client": {
            "base_url": f"{address}/api/v1/",
            "auth": {"type": "bearer", "token": key},
            "paginator": NEXT,
        },
        "resource_defaults": {"endpoint": {"data_selector": "items", "params": {"limit": 1}}},
        "resources": [
            "projects",
            {"name": "changes", "endpoint": {"path": "changes", "params": {"after": 0}}},
            {
                "name": "ledgers",
                "endpoint": {
                    "path": "projects/{resources.projects.project_id}/lifecycle",
                    "data_selector": "$",
                    "paginator": "single_page",
                    "params": {"limit": None},
                },
            },
        ],
    }
)
read = {name: list(source.resources[name]) for name in ("projects", "changes", "ledgers")}
sys.stdout.write(json.dumps(read, default=str))
