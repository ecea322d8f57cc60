"""The messages that are sent: signed ahead, each with an id of its own, all of one length."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from pathlib import Path

from connectors.manifest import parse
from connectors.registry import Registry, Source
from connectors.signatures import sign

JURISDICTION = 430200
SOURCE = "housing.bench_events"
SECRET = "whsec_" + base64.b64encode(hashlib.sha256(b"of the bench").digest()).decode()
MANIFEST = f"""
key = "{SOURCE}"
title = {{ zh = "事件", en = "Events" }}
department = "housing"
owner = "the bench"
transport = {{ kind = "push" }}
push = {{ secrets = ["BENCH_SECRET"], tolerance_seconds = 3600 }}
identity = {{ columns = ["id"] }}
parent = {{ part = "event", source = "housing.construction_permits", key = "permit" }}
evidence = [{{ milestone = "B1", rank = "B", date = "on" }}]
"""


def registry() -> Registry:
    """Give the one source that is pushed."""
    return Registry({SOURCE: Source(parse(MANIFEST), Path("/nowhere"))}, [])


def write(file: Path, count: int, size: int, run: str) -> int:
    """Write `count` signed requests with bodies of about `size` bytes; gives the length of each."""
    stamp = int(time.time())
    length = 0
    with file.open("wb") as out:
        for number in range(count):
            named = f"msg_{run}_{number:08d}"
            event = {"id": named, "permit": f"{number:08d}", "on": "2026-05-20", "note": ""}
            bare = len(json.dumps({"records": [event]}))
            body = json.dumps({"records": [{**event, "note": "x" * max(0, size - bare)}]}).encode()
            head = (
                f"POST /api/v1/hooks/{SOURCE} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"webhook-id: {named}\r\nwebhook-timestamp: {stamp}\r\n"
                f"webhook-signature: {sign(SECRET, named, stamp, body)}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            said = head.encode() + body
            assert length in (0, len(said))
            length = len(said)
            out.write(said)
    return length
