"""A department that misbehaves, over the whole road: its run ends in time with a reason, nobody else waits for ever, nothing is lost."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest

from app.db import runs
from app.db.session import Database
from app.pipeline.process import drain
from app.pipeline.rules import Rules, load_rules
from app.worker import Worker
from connectors.manifest import parse
from connectors.moments import moment
from connectors.registry import Registry, Source
from simulator.hostile import BEHAVIOURS, HostileServer
from tests.support.corridor import books, opened, rows_of
from tests.support.database import JURISDICTIONS

SHORT, LONG = 0.4, 30.0
"""Deadlines in seconds: no honest source is ever held to the short one, so a machine under load fails nobody."""
SLOW = ("hangs", "drips_headers", "slow_headers", "drips_body")
"""What only a deadline ends."""
GRACE, LOADED = 5.0, 20
"""Beyond its deadline a run may take so many seconds, and so many times what an honest one took here."""
PAGED = 'paging = { style = "page", size = 4, total = "data.total" }'
SINCE = '[transport.since]\nparameter = "since"\ncolumn = "GXSJ"\noverlap_seconds = 60\n'
FEEDS = {
    "whole": ("", "", SINCE),
    "loose": ("", PAGED, SINCE),
    "ordered": ("", PAGED, SINCE + "ordered = true\n"),
    "full": ('listing = "full"', PAGED, ""),
    "token": (
        "",
        'paging = { style = "cursor", parameter = "token", size = 4, total = "data.total", next = "data.next" }',
        SINCE,
    ),
    "link": (
        "",
        'paging = { style = "link", size = 4, next = "data.next" }\nparameters = { links = "1" }',
        SINCE,
    ),
}
CHANGED, AWAY = "SourceChanged", "SourceUnavailable"
NUMBERED = ("loose", "ordered", "full")
CASES = [
    *(
        (name, feed, AWAY, "in time")
        for name, feed in zip(
            SLOW,
            ("full", "loose", "ordered", "token"),
            strict=True,
        )
    ),
    ("resets", "full", AWAY, "Error"),
    ("resets_in_body", "loose", AWAY, "Error"),
    ("answers_500", "ordered", AWAY, "500"),
    ("answers_429", "full", AWAY, "429"),
    ("answers_429_retry_after", "loose", AWAY, "429"),
    ("answers_html", "full", CHANGED, "web page"),
    ("answers_login_page", "loose", CHANGED, "login"),
    ("answers_nothing", "full", CHANGED, "not the JSON"),
    ("length_too_long", "full", AWAY, "Error"),
    ("length_too_short", "loose", AWAY, "breaks off"),
    ("gzip_bomb", "full", CHANGED, "larger than"),
    ("gzip_twice", "loose", CHANGED, "packed"),
    ("gzip_cut", "full", AWAY, "breaks off"),
    ("redirects_to_metadata", "loose", CHANGED, "redirects are not followed"),
    ("next_on_metadata", "link", CHANGED, "another host"),
    *(("total_too_high", feed, AWAY, "of 9999 rows") for feed in (*NUMBERED, "token")),
    *(("total_too_low", feed, AWAY, "gives more") for feed in NUMBERED),
    ("total_too_low", "token", AWAY, "rows and gives"),
    ("total_no_number", "full", CHANGED, "no number"),
    *(("total_changes", feed, AWAY, "changed while") for feed in ("loose", "full", "token")),
    ("rows_move", "loose", AWAY, "moved between pages"),
    ("rows_move", "full", AWAY, "moved between pages"),
    ("rows_move_once", "loose", None, ""),
    ("rows_move_once", "full", None, ""),
    *(
        (name, "token", CHANGED, "back to a page")
        for name in ("next_loops", "next_is_itself", "cursor_goes_back")
    ),
    *(("ignores_page", feed, AWAY, "a page before it") for feed in ("loose", "full")),
    ("ignores_page", "ordered", None, ""),
    ("ignores_since", "loose", None, ""),
    ("ignores_since", "ordered", CHANGED, "ignores what is asked"),
    *(("empty_page_inside", feed, AWAY, "ended after") for feed in NUMBERED),
    *(("other_encoding", feed, CHANGED, "encoding") for feed in ("loose", "full")),
    *(("other_schema", feed, CHANGED, "no row of the page") for feed in ("loose", "full")),
    ("new_envelope", "full", CHANGED, "has no data.rows"),
    *(("last_page_cut", feed, AWAY, "breaks off") for feed in ("loose", "full", "token")),
    *(("ends_early", feed, AWAY, "ended after") for feed in ("loose", "full", "token")),
    *(("empty_list", feed, None, "") for feed in ("loose", "ordered", "full", "token")),
]


def row(number: int, day: int | None = None) -> dict[str, str]:
    at = day or number
    return {"BH": f"H{number:03}", "MC": f"第{number}号项目", "GXSJ": f"2024-03-{at:02} 10:00:00"}


def registry(feed: str, deadline: float) -> Registry:
    """Two sources like each other: testing.hostile is paged as `feed` says, testing.other is one page.

    `deadline` is that of the hostile one.
    """
    made = {}
    for name, kind, seconds in (("hostile", feed, deadline), ("other", "whole", LONG)):
        top, paging, since = FEEDS[kind]
        manifest = parse(
            f'key = "testing.{name}"\ntitle = {{ zh = "测试", en = "Testing" }}\ndepartment = "testing"\n'
            f'owner = "测试局"\n{top}\n[transport]\nkind = "http"\nvariable = "HUB_TEST_URL"\npath = "rows"\n'
            f'rows = "data.rows"\ndeadline_seconds = {seconds}\nattempts = 2\npatience_seconds = {seconds}\n'
            f"max_bytes = 2000000\n{paging}\n{since}"
            '[identity]\ncolumns = ["BH"]\n[fields]\nname = "MC"\n[version]\ncolumns = ["GXSJ"]\n'
        )
        made[manifest.key] = Source(manifest, Path("/nowhere"))
    return Registry(made, [])


class Hub:
    """A database and rule set with both sources bound in both jurisdictions, each at a server of its own."""

    def __init__(self, database: Database, feed: str, hostile: HostileServer, other: HostileServer) -> None:
        self.database, self.feed, self.hostile, self.other = database, feed, hostile, other
        self.rules: Rules = load_rules(registry(feed, LONG))

    def pull(self, deadline: float = LONG) -> dict[tuple[int, str], tuple[Any, ...]]:
        """Queue and walk a run of every source; gives (state, error, words, seconds) by jurisdiction and source."""
        worker = Worker(self.database, load_rules(registry(self.feed, deadline)))
        for jurisdiction in JURISDICTIONS:
            for name, server in (("hostile", self.hostile), ("other", self.other)):
                with self.database.begin() as connection:
                    runs.bind(
                        connection,
                        jurisdiction,
                        f"testing.{name}",
                        location=f"{server.url}/{jurisdiction}",
                        every_seconds=3600,
                        scheduled=True,
                    )
        worker.tick()
        worker.pull()
        found = rows_of(
            self.database,
            "SELECT DISTINCT ON (jurisdiction, source) jurisdiction, source, state, error_class, error_text,"
            " extract(epoch FROM finished_at - started_at) FROM ops.run ORDER BY jurisdiction, source, queued_at DESC",
        )
        return {(j, source): tuple(rest) for j, source, *rest in found}

    def heads(self, source: str, jurisdiction: int) -> dict[str, str]:
        """Give the version of every live record of a source by its key."""
        query = (
            "SELECT key, version FROM memory.head WHERE jurisdiction = :j AND source = :s AND op = 'upsert'"
        )
        return dict(rows_of(self.database, query, j=jurisdiction, s=source))

    def cursor(self, jurisdiction: int) -> str:
        """Give the moment the hostile source was read to, '' where its cursor says none."""
        (text,) = rows_of(
            self.database,
            "SELECT cursor FROM ops.source WHERE jurisdiction = :j AND source = 'testing.hostile'",
            j=jurisdiction,
        )[0]
        return (json.loads(text)["since"] if text else None) or ""


def slowest(ended: dict[tuple[int, str], tuple[Any, ...]]) -> float:
    """Give the seconds of the longest of runs that all went well: what this machine takes, as loaded as it is."""
    assert {state for state, *_ in ended.values()} == {"succeeded"}
    return max(float(seconds) for *_, seconds in ended.values())


def said(server: HostileServer) -> dict[str, str]:
    """Give what a server's list means: the version of every key."""
    return {each["BH"]: moment(each["GXSJ"]) or "" for each in server.rows}


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once: how long to wait between them is shown where the client is."""
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 100)


@pytest.fixture
def servers() -> Iterator[tuple[HostileServer, HostileServer]]:
    made = tuple(HostileServer([row(n) for n in range(1, 13)], updated="GXSJ") for _ in range(2))
    yield made[0], made[1]
    for server in made:
        server.close()


def grow(server: HostileServer) -> None:
    """Nine new rows, and two old ones that changed."""
    changed = [row(1, 25), row(2, 26)]
    server.rows = [*server.rows[2:], *(row(n) for n in range(13, 22)), *changed]


def test_every_behaviour_is_met_here() -> None:
    assert {name for name, *_ in CASES} == set(BEHAVIOURS)


@pytest.mark.parametrize(
    ("behaviour", "feed", "error", "words"),
    [
        pytest.param(*case, id=f"{case[0]}-{case[1]}", marks=[pytest.mark.campaign] if known else [])
        for case, known in ((case, case[0] in {one[0] for one in CASES[:n]}) for n, case in enumerate(CASES))
    ],
)
def test_a_hostile_source_ends_its_run_with_a_reason_and_costs_nobody_anything(
    database_url: str,
    servers: tuple[HostileServer, HostileServer],
    behaviour: str,
    feed: str,
    error: str | None,
    words: str,
) -> None:
    hostile, other = servers
    with opened(database_url) as database:
        hub = Hub(database, feed, hostile, other)
        honest = slowest(hub.pull())
        before = {j: hub.heads("testing.hostile", j) for j in JURISDICTIONS}
        assert all(found == said(hostile) for found in before.values())

        grow(hostile)
        grow(other)
        hostile.behave(behaviour)
        deadline = SHORT if behaviour in SLOW else LONG
        ended = hub.pull(deadline)
        allowed = deadline * (behaviour in SLOW) + GRACE + LOADED * honest
        for j in JURISDICTIONS:
            state, named, text, seconds = ended[j, "testing.hostile"]
            assert (state, named) == (("failed", error) if error else ("succeeded", None)), text
            assert words in (text or "")
            assert seconds < allowed
            assert ended[j, "testing.other"][0] == "succeeded"
            assert hub.heads("testing.other", j) == said(other)
            heads, truth = hub.heads("testing.hostile", j), said(hostile)
            assert all(heads[key] >= version for key, version in before[j].items())
            passed = {key for key, at in truth.items() if at < hub.cursor(j)}
            assert {key: heads[key] for key in passed} == {key: truth[key] for key in passed}
            if error is None and behaviour != "empty_list":
                assert heads == truth

        hostile.behave(None)
        slowest(hub.pull())
        assert rows_of(database, "SELECT count(*) FROM memory.raw_record WHERE op = 'delete'") == [(0,)]
        for j in JURISDICTIONS:
            assert hub.heads("testing.hostile", j) == said(hostile)
            drain(database, hub.rules, j)
        assert rows_of(database, "SELECT count(*) FROM record") == [
            (2 * (len(hostile.rows) + len(other.rows)),)
        ]
        books(database)


def test_a_server_that_asks_for_an_hour_is_not_asked_again_in_that_run(
    database_url: str, servers: tuple[HostileServer, HostileServer]
) -> None:
    hostile, other = servers
    with opened(database_url) as database:
        hostile.behave("answers_429_retry_after")
        Hub(database, "loose", hostile, other).pull()
        assert set(hostile.asked.values()) == {1}


@pytest.fixture
def expired(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that ended in 2020, and its key."""
    config = tmp_path / "ca.cnf"
    config.write_text(
        "[req]\ndistinguished_name = dn\nprompt = no\nreq_extensions = ext\n[dn]\nCN = 127.0.0.1\n"
        "[ext]\nsubjectAltName = IP:127.0.0.1\nbasicConstraints = CA:TRUE\n"
        "[ca]\ndefault_ca = own\n[own]\ndatabase = index\nserial = serial\nnew_certs_dir = .\ndefault_md = sha256\n"
        "policy = any\nx509_extensions = ext\n[any]\ncommonName = supplied\n"
    )
    (tmp_path / "index").touch()
    (tmp_path / "serial").write_text("01")
    for line in (
        "req -new -newkey rsa:2048 -nodes -keyout key.pem -out asked.pem -config ca.cnf",
        "ca -batch -selfsign -config ca.cnf -keyfile key.pem -in asked.pem -out cert.pem -notext",
    ):
        days = ["-startdate", "20190101000000Z", "-enddate", "20200101000000Z"] if line[:2] == "ca" else []
        subprocess.run(["openssl", *line.split(), *days], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def test_an_expired_certificate_is_told_and_nothing_is_read_behind_it(
    database_url: str,
    servers: tuple[HostileServer, HostileServer],
    expired: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest, other = servers
    secure = HostileServer(honest.rows, updated="GXSJ", tls=expired)
    monkeypatch.setattr(certifi, "where", lambda: str(expired[0]))
    try:
        with opened(database_url) as database:
            ended = Hub(database, "full", secure, other).pull()
            for j in JURISDICTIONS:
                state, named, text, _ = ended[j, "testing.hostile"]
                assert (state, named) == ("failed", AWAY)
                assert "certificate has expired" in text
                assert ended[j, "testing.other"][0] == "succeeded"
            assert not secure.asked
            honestly = slowest(Hub(database, "full", honest, other).pull())
            assert max(seconds for *_, seconds in ended.values()) < GRACE + LOADED * honestly
    finally:
        secure.close()
