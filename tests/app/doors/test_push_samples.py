"""The samples of docs/push.md, as they stand there, send a record to a hub over a socket."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from sqlalchemy import text

from app.main import create_app, server_settings
from app.settings import Settings
from tests.app.house import free_port
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SECRET, SmallCity

DOC = Path(__file__).parents[3] / "docs" / "push.md"
FENCE = chr(96) * 3
SAMPLES = dict(
    re.findall(rf"^{FENCE}(\w+)\n(.*?)^{FENCE}$", DOC.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
)
RUN = {
    "bash": ("sample.sh", ["bash", "sample.sh"], ("bash", "curl", "openssl", "od")),
    "python": ("sample.py", [sys.executable, "sample.py"], ()),
    "java": ("Push.java", ["java", "Push.java"], ("java", "javac")),
}


@pytest.fixture
def address(city: SmallCity) -> Iterator[str]:
    """Where the small city's hub listens."""
    settings = Settings(jurisdiction=JURISDICTIONS[0])
    app = create_app(settings, city.database, city.registry, {"TEST_EVENTS_SECRET": SECRET})
    port = free_port()
    served = server_settings(settings) | {"host": "127.0.0.1", "port": port, "log_level": "error"}
    server = uvicorn.Server(uvicorn.Config(app, **served))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_every_language_promised_has_a_sample() -> None:
    assert set(SAMPLES) == set(RUN)


@pytest.mark.parametrize("language", RUN)
def test_a_sample_sends_a_record_as_it_stands(
    language: str, address: str, city: SmallCity, tmp_path: Path
) -> None:
    file, command, tools = RUN[language]
    if missing := [tool for tool in tools if shutil.which(tool) is None]:
        pytest.skip(f"this machine has no {', '.join(missing)}")
    (tmp_path / file).write_text(SAMPLES[language], encoding="utf-8")
    event = '{"id":"样例-1","permit":"A-1","on":"2024-10-01"}\n'
    (tmp_path / "event.json").write_text(event, encoding="utf-8")
    variables = os.environ | {"HUB": address, "SOURCE": "housing.events", "SECRET": SECRET}
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "accepted", done.stdout
    with city.database.read() as connection:
        kept = connection.execute(
            text("SELECT body FROM memory.delivery WHERE channel = 'push' AND jurisdiction = :j"),
            {"j": JURISDICTIONS[0]},
        ).scalar_one()
    assert bytes(kept).decode() == event
