"""The rounds: everybody in turn with the same messages, in rotated order, on emptied tables; and what was stored counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from app.db.migrate import upgrade
from bench.door import contestants, messages
from bench.door.driver import NoMeasure, ask, served
from bench.ingest.rounds import rotated

NAME = "hub_bench_door"


@dataclass(frozen=True)
class Plan:
    """What is measured: how many rounds, connections at once, seconds for each, and bytes of a body."""

    server: str
    cache: Path
    rounds: int
    connections: Sequence[int]
    seconds: int
    size: int
    messages: int
    contestants: Sequence[str]


def measure(plan: Plan, say: Callable[[str], None] = print) -> list[dict[str, Any]]:
    """Run all rounds; gives the values of each contestant. Raises NoMeasure where stored is other than acknowledged."""
    found: list[dict[str, Any]] = []
    with database(plan.server, NAME) as (url, postmaster), psycopg.connect(url, autocommit=True) as own:
        own.execute("CREATE SEQUENCE public.bench")
        own.execute(
            "INSERT INTO ops.jurisdiction (jurisdiction, name) VALUES (%s, '')", [messages.JURISDICTION]
        )
        for number in range(plan.rounds):
            for connections in plan.connections:
                for contestant in rotated(plan.contestants, number):
                    value = _one(plan, contestant, connections, url, postmaster, own, number)
                    found.append({"round": number + 1, **value})
                    say(line(found[-1]))
    return found


def _one(
    plan: Plan,
    contestant: str,
    connections: int,
    url: str,
    postmaster: int,
    own: psycopg.Connection[Any],
    number: int,
) -> dict[str, Any]:
    own.execute("TRUNCATE memory.delivery, ops.waiting_push")
    file = plan.cache / "messages"
    variables = {contestants.DATABASE: "postgresql+psycopg" + url.removeprefix("postgresql")}
    with served("bench.door.contestants", contestant, variables) as (port, pid):
        warm = messages.write(file, 2_000, plan.size, f"w{number:03d}")
        ask(port, file, warm, connections=connections, seconds=1, server=pid, postmaster=postmaster)
        own.execute("TRUNCATE memory.delivery, ops.waiting_push")
        own.execute("CHECKPOINT")
        length = messages.write(file, plan.messages, plan.size, f"r{number:03d}")
        value = ask(
            port,
            file,
            length,
            connections=connections,
            seconds=plan.seconds,
            server=pid,
            postmaster=postmaster,
        )
    # what the warming left under way may have been stored after the tables were emptied
    row = own.execute("SELECT count(*) FROM memory.delivery WHERE message_id LIKE 'msg_r%'").fetchone()
    stored = row[0] if row else 0
    # those under way when the time was up are stored and not counted
    if contestant != contestants.LIMIT and not 0 <= stored - value["requests"] <= connections:
        raise NoMeasure(f"{contestant}: {value['requests']} acknowledged and {stored} stored")
    return {"contestant": contestant, "connections": connections, "stored": stored, **value}


def line(value: dict[str, Any]) -> str:
    """Say one value in one line."""
    return (
        f"round {value['round']} {value['contestant']:<14} {value['connections']:>4} connections {value['rate']:8.0f}/s"
        f"  CPU {value['app_us']:5.0f} + {value['postgres_us']:4.0f} µs  p50 {value['p50_ms']:6.2f} p99 {value['p99_ms']:6.2f} ms"
        f"  idle {value['idle']:3.0f} %  others {value['others']:3.0f} %"
    )


@contextmanager
def database(server: str, name: str) -> Iterator[tuple[str, int]]:
    """Give the libpq address of a migrated database of its own, dropped afterwards, and the pid of its server."""
    at = make_url(server).set(drivername="postgresql")
    with psycopg.connect(at.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        row = connection.execute("SHOW data_directory").fetchone()
        postmaster = int((Path(row[0] if row else "") / "postmaster.pid").read_text().split("\n")[0])
        try:
            upgrade(make_url(server).set(database=name).render_as_string(hide_password=False))
            yield at.set(database=name).render_as_string(hide_password=False), postmaster
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
