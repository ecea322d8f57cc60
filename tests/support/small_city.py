"""A city of three feeds made for tests: its rows go through the real corridor, in both jurisdictions alike."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.db import jurisdictions
from app.db.session import Database
from app.pipeline.land import land_page
from app.pipeline.process import drain
from app.pipeline.rules import load_rules
from connectors.manifest import parse
from connectors.registry import Registry, Source
from connectors.rows import RowReader
from connectors.signatures import sign
from schemas.ids import record_id
from schemas.records import Page
from tests.support.database import JURISDICTIONS

SECRET = "whsec_" + "c2VjcmV0IG9mIGEgY2l0eSB0aGF0IG5ldmVyIHdhcw=="
CODE = "2404-430204-04-01-345678"
OTHER_CODE = "2405-430211-04-01-987654"

PERMITS = """
key = "housing.permits"
title = { zh = "施工许可", en = "Permits" }
department = "housing"
owner = "住建局建管科"
transport = { kind = "table", variable = "TEST_PERMITS_URL", table = "PERMITS", updated = "updated", id = "no" }
schedule = { every = 3600 }
identity = { columns = ["no"] }
version = { columns = ["updated"] }
volatile = ["updated"]
retraction = { column = "valid", value = "0" }
identifiers = [{ scheme = "project_code", from = "code" }]
parties = [{ role = "owner", name = "owner" }]
evidence = [{ milestone = "C5", rank = "A", date = "issued", number = "no" }]
refuse = [{ rule = "permits.sample", column = "name", words = ["样例"], zh = "样例行不是数据", en = "a sample is no data" }]
[fields]
name = "name"
[place]
district = "district"
"""
SIGNED = """
key = "commerce.signed"
title = { zh = "签约项目", en = "Signed projects" }
department = "commerce"
owner = "商务局投资促进科"
transport = { kind = "files", variable = "TEST_SIGNED_FOLDER" }
identity = { columns = ["no"] }
identifiers = [{ scheme = "project_code", from = "code" }]
parties = [{ role = "investor", name = "investor" }]
evidence = [{ milestone = "G1", rank = "B", date = "signed" }]
[fields]
name = "name"
[money]
total_investment = { from = "amount", unit = "万元" }
"""
EVENTS = """
key = "housing.events"
title = { zh = "许可事件", en = "Permit events" }
department = "housing"
owner = "住建局建管科"
transport = { kind = "push" }
push = { secrets = ["TEST_EVENTS_SECRET"] }
identity = { columns = ["id"] }
parent = { part = "event", source = "housing.permits", key = "permit" }
evidence = [{ milestone = "B1", rank = "B", date = "on" }]
"""


def small_registry() -> Registry:
    """Give the three feeds."""
    manifests = [parse(text) for text in (PERMITS, SIGNED, EVENTS)]
    return Registry({m.key: Source(m, Path("/nowhere")) for m in manifests}, [])


def permit(no: str, name: str = "某组件智造基地厂房", **over: str) -> dict[str, str]:
    """Give a row of housing.permits."""
    row = {
        "no": no,
        "code": CODE,
        "name": name,
        "owner": "株洲某新能源科技有限公司",
        "district": "430204",
        "issued": "2024-09-18",
        "updated": "2024-09-18 10:00:00",
        "valid": "1",
    }
    return row | over


def signed(no: str, name: str = "某组件智造基地", **over: str) -> dict[str, str]:
    """Give a row of commerce.signed; the amount in 10,000 yuan."""
    row = {
        "no": no,
        "code": CODE,
        "name": name,
        "investor": "某新能源集团有限公司",
        "amount": "120000",
        "signed": "2024-05-20",
    }
    return row | over


@dataclass(frozen=True)
class SmallCity:
    """A database with the three feeds, known in both jurisdictions."""

    database: Database
    registry: Registry

    def land(self, source: str, *rows: Mapping[str, str]) -> None:
        """Land one page of a source in both jurisdictions."""
        reader = RowReader(self.registry.manifest(source))
        page = Page(tuple(reader.from_values(row) for row in rows), cursor="")
        for jurisdiction in JURISDICTIONS:
            with self.database.begin() as connection:
                land_page(connection, jurisdiction, source, page)

    def drain(self) -> None:
        """Walk both jurisdictions through the corridor until nothing waits."""
        rules = load_rules(self.registry)
        for jurisdiction in JURISDICTIONS:
            drain(self.database, rules, jurisdiction)

    def fill(self) -> None:
        """Two projects: one of commerce and housing, one of housing alone; a sample row refused, a permit withdrawn."""
        self.land("commerce.signed", signed("A-1"))
        self.land(
            "housing.permits",
            permit("A-1"),
            permit(
                "B-2",
                "河西排水管网改造",
                code=OTHER_CODE,
                owner="株洲某城建有限公司",
                district="430211",
                issued="2024-10-08",
            ),
            permit("S-1", "样例"),
            permit(
                "W-1",
                "某临时仓库",
                code="2406-430223-04-01-111111",
                owner="某仓储有限公司",
                district="430223",
            ),
        )
        self.land("housing.permits", permit("W-1", valid="0", updated="2024-11-01 09:00:00"))
        self.drain()


def small_city(url: str) -> SmallCity:
    """Give the city on a migrated database."""
    city = SmallCity(Database(url, pool_size=4), small_registry())
    for jurisdiction in JURISDICTIONS:
        with city.database.begin() as connection:
            jurisdictions.ensure(connection, jurisdiction)
    return city


@contextmanager
def filled_city(url: str) -> Iterator[SmallCity]:
    """Give the filled city on a migrated database, and close it."""
    city = small_city(url)
    city.fill()
    yield city
    city.database.close()


def rid(source: str, key: str, jurisdiction: int = JURISDICTIONS[0]) -> str:
    """Give the id of a record."""
    return record_id(jurisdiction, source, key)


def message(
    events: Sequence[Mapping[str, Any]],
    message_id: str = "msg_1",
    *,
    secret: str = SECRET,
    at: int | None = None,
) -> tuple[bytes, dict[str, str]]:
    """Give body and headers of a signed push of events."""
    body = json.dumps({"records": list(events)}, ensure_ascii=False).encode()
    stamp = int(time.time()) if at is None else at
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secret, message_id, stamp, body),
        "content-type": "application/json",
    }
    return body, headers
