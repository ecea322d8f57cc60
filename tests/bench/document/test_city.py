from __future__ import annotations

import asyncio
from pathlib import Path

from app.db import documents, hot
from app.db.session import Database
from bench.document import city


def test_its_requests_have_one_length_and_ask_for_projects_the_door_finds(
    database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url)
    token = city.build(database, 30)
    database.close()
    file = tmp_path / "requests"
    length = city.write(file, 10, 30, token)
    said = file.read_bytes()
    assert len(said) == 10 * length
    ids = [said[n * length :].split(b"/")[4].decode() for n in range(10)]

    async def found() -> dict[str, documents.Ledger]:
        async with await hot.connect(database_url) as connection:
            await documents.ready(connection)
            return await documents.find(connection, city.JURISDICTION, ids)

    ledgers = asyncio.run(found())
    assert set(ids) == set(ledgers)
    assert {len(ledger.body) for ledger in ledgers.values()} == {city.SIZE}
