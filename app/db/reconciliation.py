"""A department's own inventory held against heads and projects."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Connection, Row

from app.db.landing import read_aliases
from app.db.texts import text
from schemas.api.desk import Discrepancy, Inventory, Reconciliation
from schemas.ids import record_id

LISTED = 200
"""Discrepancies listed of each kind; the totals count all."""

REPAIRS = {
    "missing": (
        "department",
        "枢纽没有这条记录。若在{zh}之后才写入：枢纽尚未取到，待下次成功取数后再核对；若在此之前：部门未曾发出，请重新推送，或检查增量条件",
        (
            "the hub does not hold it. Written since {en}: not pulled yet, compare again after the next good pull."
            " Written before: never sent, so send it again, or look at what the feed leaves out"
        ),
    ),
    "extra": (
        "department",
        "部门清单里没有这条记录，请发送作废标记，或核对清单",
        "the inventory does not name it: send its retraction, or check the inventory",
    ),
    "different": (
        "department",
        "内容与部门清单不一致。若在{zh}之后才修改：枢纽尚未取到，待下次成功取数后再核对；若在此之前：部门未曾发出新内容，请重新推送",
        (
            "its content differs from the inventory. Changed since {en}: not pulled yet, compare again after the next"
            " good pull. Changed before: never sent, so send the newest content again"
        ),
    ),
    "doubled": (
        "department",
        "清单里这个编号出现多次，请核对编号",
        "the inventory names this key more than once: check the key",
    ),
    "rejected": (
        "department",
        "记录已收到但未能通过校验，请按所列规则改正后重新推送",
        "it was received and would not normalize: correct it by the rule named and send it again",
    ),
    "stale": (
        "department",
        "最新一版未能通过校验，枢纽仍使用上一版，请改正后重新推送",
        "its newest version was rejected and an older one is in use: correct it and send it again",
    ),
    "unresolved": (
        "hub",
        "记录已收到但尚未归入任何项目，请平台管理员检查处理进程或其上级记录",
        "it has landed and is in no project: see whether the worker runs and whether its parent record is here",
    ),
}

RECORDS_SQL = """
SELECT r.raw_id, r.record_id, r.parent_id, r.live, r.version, r.delivery_no FROM memory.head h JOIN record r
  ON r.jurisdiction = h.jurisdiction AND r.record_id = h.record_id
WHERE h.jurisdiction = :j AND h.source = :source
UNION ALL
SELECT r.raw_id, r.record_id, r.parent_id, r.live, r.version, r.delivery_no FROM record r
WHERE r.jurisdiction = :j AND r.source = :source AND r.raw_id <> r.record_id
"""
"""The records of a source: those that bear the id of their raw record, and the few that do not."""

FOUND_SQL = f"""
WITH records AS ({RECORDS_SQL}), said AS (
  SELECT s.record_id, min(s.key) AS key, min(s.hash) AS hash
  FROM unnest(CAST(:ids AS text[]), CAST(:keys AS text[]), CAST(:hashes AS text[])) AS s (record_id, key, hash)
  GROUP BY s.record_id
), own AS (
  SELECT record_id, key, op, version, encode(hash, 'hex') AS hash
  FROM memory.head WHERE jurisdiction = :j AND source = :source
), refused AS (
  SELECT DISTINCT ON (record_id) record_id, delivery_no, row_no, rule
  FROM rejection WHERE jurisdiction = :j AND source = :source ORDER BY record_id, delivery_no DESC, row_no DESC
), stated AS (
  SELECT r.raw_id, bool_or(r.live) AS live, max(r.version) AS version, max(r.delivery_no) AS delivery_no,
    bool_or(m.project_id IS NOT NULL) AS resolved
  FROM records r LEFT JOIN member m
    ON m.jurisdiction = :j AND m.record_id = coalesce(r.parent_id, r.record_id)
  GROUP BY r.raw_id
), found AS (
  SELECT CASE
      WHEN o.record_id IS NULL OR o.op = 'delete' THEN 'missing'
      WHEN :keyed AND s.record_id IS NULL THEN 'extra'
      WHEN s.hash <> o.hash THEN 'different'
      WHEN NOT coalesce(t.live, false) AND f.rule IS NOT NULL THEN 'rejected'
      WHEN f.delivery_no > t.delivery_no AND (o.version > t.version OR o.version = '') THEN 'stale'
      WHEN NOT coalesce(t.resolved, false) THEN 'unresolved'
    END AS kind, coalesce(s.key, o.key) AS key, coalesce(s.record_id, o.record_id) AS record_id, f.rule
  FROM said s FULL JOIN own o ON o.record_id = s.record_id
  LEFT JOIN refused f ON f.record_id = o.record_id
  LEFT JOIN stated t ON t.raw_id = o.record_id
  WHERE s.record_id IS NOT NULL OR o.op = 'upsert'
)
SELECT kind, key, record_id, CASE WHEN kind IN ('rejected', 'stale') THEN rule END AS rule, n FROM (
  SELECT *, count(*) OVER (PARTITION BY kind) AS n, row_number() OVER (PARTITION BY kind ORDER BY key) AS place
  FROM found WHERE kind IS NOT NULL
) AS listed WHERE place <= :listed ORDER BY kind, key
"""

COUNTS_SQL = f"""
WITH records AS ({RECORDS_SQL}) SELECT (SELECT count(*) FROM memory.head WHERE jurisdiction = :j AND source = :source AND op = 'upsert') AS heads,
  count(DISTINCT r.raw_id) AS statements, count(DISTINCT r.raw_id) FILTER (WHERE m.project_id IS NOT NULL) AS in_projects,
  count(DISTINCT m.project_id) AS projects
FROM records r LEFT JOIN member m
  ON m.jurisdiction = :j AND m.record_id = coalesce(r.parent_id, r.record_id)
WHERE r.live
"""


HEARD_SQL = """
SELECT coalesce((SELECT succeeded_at FROM ops.source WHERE jurisdiction = :j AND source = :source), (
  SELECT max(l.landed_at) FROM memory.delivery d
  JOIN memory.landing l ON l.jurisdiction = d.jurisdiction AND l.delivery_no = d.delivery_no
  WHERE d.jurisdiction = :j AND d.source = :source AND d.channel <> 'replay'
)) AS heard_at, EXISTS (
  SELECT FROM ops.source WHERE jurisdiction = :j AND source = :source
    AND (attention IS NOT NULL OR failures > 0 OR NOT enabled)
) AS stuck
"""
UNHEARD = frozenset({"missing", "different"})
"""What the hub may simply not have heard yet; while the source is stuck, the hub acts first."""


def reconcile(connection: Connection, jurisdiction: int, inventory: Inventory) -> Reconciliation:
    """Hold an inventory against what the hub holds of the source; nothing is changed or kept."""
    at = {"j": jurisdiction, "source": inventory.source}
    keys = inventory.keys or ()
    rows = connection.execute(
        text(FOUND_SQL),
        {
            **at,
            "ids": _ids(connection, jurisdiction, inventory.source, keys),
            "keys": list(keys),
            "hashes": list(inventory.hashes or ()),
            "keyed": inventory.keys is not None,
            "listed": LISTED,
        },
    ).all()
    doubled = sorted(key for key, n in Counter(keys).items() if n > 1)
    totals = {row.kind: row.n for row in rows} | ({"doubled": len(doubled)} if doubled else {})
    heard = connection.execute(text(HEARD_SQL), at).one()
    found = [_discrepancy(heard, row.kind, row.key, row.record_id, row.rule) for row in rows]
    found += [
        _discrepancy(heard, "doubled", key, record_id(jurisdiction, inventory.source, key))
        for key in doubled[:LISTED]
    ]
    counts = dict(connection.execute(text(COUNTS_SQL), at).mappings().one())
    source_count = len(set(keys)) if inventory.count is None else inventory.count
    counted = inventory.keys is None or source_count == len(set(keys))
    return Reconciliation(
        source=inventory.source,
        jurisdiction=jurisdiction,
        dry_run=inventory.dry_run,
        source_count=source_count,
        **counts,
        agrees=not totals and counted and source_count == counts["heads"],
        totals=dict(sorted(totals.items())),
        discrepancies=tuple(found),
    )


def _ids(connection: Connection, jurisdiction: int, source: str, keys: tuple[str, ...]) -> list[str]:
    """The records the keys mean, renamed ones by the key they were first known by."""
    aliases = read_aliases(connection, jurisdiction, source, list(keys)) if keys else {}
    return [record_id(jurisdiction, source, aliases.get(key, key)) for key in keys]


def _discrepancy(heard: Row[Any], kind: str, key: str, record: str, rule: str | None = None) -> Discrepancy:
    owner, zh, en = REPAIRS[kind]
    if kind in UNHEARD and heard.stuck:
        owner = "hub"
    at = heard.heard_at and heard.heard_at.isoformat(timespec="seconds")
    return Discrepancy.model_validate(
        {
            "kind": kind,
            "key": key,
            "record_id": record,
            "owner": owner,
            "rule": rule,
            "zh": zh.format(zh=f"枢纽最近一次成功取数（{at or '从未'}）"),
            "en": en.format(en=f"the hub's last good pull ({at or 'never'})"),
        }
    )
