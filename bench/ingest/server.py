"""The one local server of a run: gives pages that were encoded before, as `/<state>/<source>?page=N`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    folder = Path()
    totals: dict[str, tuple[int, int]] = {}

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        state, source = asked.path.strip("/").split("/")
        number = int(parse_qs(asked.query).get("page", ["1"])[0])
        file = self.folder / state / source / str(number)
        rows = file.read_bytes() if file.is_file() else b""
        records, pages = self.totals[source]
        body = b'{"total": %d, "pages": %d, "rows": [%b]}' % (records, pages, rows)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, int]]:
    """Serve a folder of pages from a process of its own; gives its address and pid."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.ingest.server", str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        with process.stdout as said:
            yield said.readline().strip(), process.pid
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Serve the folder named by the first argument until terminated; says the address as the first line."""
    _Pages.folder = Path(sys.argv[1])
    listings = json.loads((_Pages.folder / "listings.json").read_text())
    _Pages.totals = {one["source"]: (one["records"], one["pages"]) for one in listings}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
