"""Published rule sets: memory of which model was to score from when on, and which one each derived drawer stands under."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.db import jurisdictions
from app.db.jurisdictions import Held
from app.db.texts import text
from app.errors import NotFound

SHIPPED = 0
"""The number of what was never published: the model this version of the hub ships."""


class Published(NamedTuple):
    """A published rule set: the model's file, None for the one shipped, and the features it was published for."""

    number: int
    model: str | None
    features: str
    fingerprint: str
    reason: str
    by: str
    at: datetime


_COLUMNS = (
    "r.rule_set_no, r.content #>> '{model,text}', coalesce(r.content #>> '{model,features}', ''), r.fingerprint,"
    " coalesce(r.content ->> 'reason', ''), r.by, r.at"
)


def publish(
    connection: Connection,
    held: Held,
    model: str | None,
    features: str,
    fingerprint: str,
    report: dict[str, Any],
    reason: str,
    by: str,
) -> int:
    """Append a rule set and give its number; `report` is what was known of its consequences by then."""
    number = jurisdictions.take(connection, held, "rule_set_no")[0]
    said = {"text": model, "features": features}
    connection.execute(
        text(
            "INSERT INTO memory.rule_set (jurisdiction, rule_set_no, fingerprint, content, by, at)"
            " VALUES (:j, :no, :fingerprint, CAST(:content AS jsonb), :by, now())"
        ),
        {
            "j": held.jurisdiction,
            "no": number,
            "fingerprint": fingerprint,
            "content": json.dumps({"model": said, "report": report, "reason": reason}, ensure_ascii=False),
            "by": by,
        },
    )
    return number


def published(connection: Connection, jurisdiction: int, n: int) -> list[Published]:
    """Give the last `n` published rule sets, newest first."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM memory.rule_set r WHERE r.jurisdiction = :j ORDER BY r.rule_set_no DESC LIMIT :n"
        ),
        {"j": jurisdiction, "n": n},
    )
    return [Published(*row) for row in rows]


def read(connection: Connection, jurisdiction: int, number: int) -> Published:
    """Give one published rule set; raise NotFound."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM memory.rule_set r WHERE r.jurisdiction = :j AND r.rule_set_no = :no"),
        {"j": jurisdiction, "no": number},
    ).one_or_none()
    if row is None:
        raise NotFound(f"没有第 {number} 号发布 no rule set {number} was published")
    return Published(*row)


def standing(connection: Connection, jurisdiction: int) -> Published | None:
    """Give the rule set that the derived drawer of this connection stands under; None for what is shipped."""
    row = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM progress p JOIN memory.rule_set r ON r.jurisdiction = p.jurisdiction"
            " AND r.rule_set_no = p.rule_set_no WHERE p.jurisdiction = :j"
        ),
        {"j": jurisdiction},
    ).one_or_none()
    return None if row is None else Published(*row)


def waiting(connection: Connection) -> list[int]:
    """Give the jurisdictions whose derived drawer stands under another model than was published last."""
    rows = connection.execute(
        text(
            "SELECT j.jurisdiction FROM ops.jurisdiction j LEFT JOIN progress p ON p.jurisdiction = j.jurisdiction"
            " LEFT JOIN memory.rule_set s ON s.jurisdiction = j.jurisdiction AND s.rule_set_no = p.rule_set_no"
            " LEFT JOIN memory.rule_set n ON n.jurisdiction = j.jurisdiction AND n.rule_set_no = j.rule_set_no"
            " WHERE coalesce(n.fingerprint, '') <> coalesce(s.fingerprint, '') ORDER BY 1"
        )
    )
    return list(rows.scalars())


def take_up(connection: Connection) -> None:
    """Let the empty derived drawer of this connection stand under what was published last, in every jurisdiction."""
    connection.execute(
        text(
            "INSERT INTO progress (jurisdiction, rule_set_no) SELECT r.jurisdiction, max(r.rule_set_no)"
            " FROM memory.rule_set r GROUP BY r.jurisdiction"
        )
    )
