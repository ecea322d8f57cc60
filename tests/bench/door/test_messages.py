from __future__ import annotations

import time
from pathlib import Path

from bench.door import messages
from connectors.signatures import verify


def test_all_requests_have_one_length_an_id_of_their_own_and_the_right_signature(tmp_path: Path) -> None:
    file = tmp_path / "messages"
    length = messages.write(file, 20, 1000, "r001")
    said = file.read_bytes()
    assert len(said) == 20 * length
    ids = set()
    for start in range(0, len(said), length):
        head, _, body = said[start : start + length].partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        verify([messages.SECRET], headers, body, time.time())
        ids.add(headers["webhook-id"])
        assert len(body) == int(headers["Content-Length"])
    assert len(ids) == 20


def test_the_bench_pushes_to_a_source_of_its_own() -> None:
    assert list(messages.registry().sources) == [messages.SOURCE]
