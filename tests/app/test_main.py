from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app import main
from app.db import keys
from app.db.accounts import rights
from app.db.session import Database
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_without_a_database_it_says_how_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUB_DATABASE_URL", raising=False)
    with pytest.raises(SystemExit, match="hub serve"):
        main.from_environment()


def test_it_serves_over_a_socket_on_uvloop_and_httptools_and_stops_when_told(database_url: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = os.environ | {"HUB_DATABASE_URL": database_url, "HUB_PORT": str(port)}
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from app.main import serve; from app.settings import Settings; serve(Settings())",
        ],
        env=variables,
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    try:
        answer = _wait(f"http://127.0.0.1:{port}/api/v1/health/ready")
        assert answer.status_code == 200, answer.text
        held = {"Authorization": f"Bearer {_key(database_url)}"}
        listed = httpx.get(f"http://127.0.0.1:{port}/api/v1/sources", headers=held)
        assert len(listed.json()["items"]) >= 10
        found = httpx.get(f"http://127.0.0.1:{port}/api/v1/projects?text=%E5%9F%BA%E5%9C%B0", headers=held)
        assert found.json() == {"items": [], "next": None}
    finally:
        server.terminate()
        _, said = server.communicate(timeout=30)
    assert all(json.loads(line) for line in said.decode().splitlines()), said
    assert server.returncode in {0, -15}


def _key(url: str) -> str:
    database = Database(url, pool_size=1)
    with database.begin() as connection:
        given = rights(["reader"], [], ["all"])
        key = keys.add(connection, Settings().jurisdiction, "reader", given, by="test")
    database.close()
    return key


def _wait(url: str) -> httpx.Response:
    until = time.monotonic() + 60
    while True:
        try:
            return httpx.get(url)
        except httpx.TransportError:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.1)
