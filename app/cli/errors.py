"""Commands that tell a department what is wrong with its rows, before it sends them and after."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from app.errors import BadRequest
from app.pipeline import check as checking
from app.pipeline.rules import Rules, load_rules
from app.settings import Settings
from app.terminal import table
from connectors.registry import discover
from connectors.transports.returned_summary import WHO
from schemas.checks import CheckReport, CheckTotals

SHOWN = 200
"""Rows with something to tell that are printed; all of them are in the JSON and in the returned workbook."""
MOST_TOLD = 200_000


def check(options: argparse.Namespace) -> int:
    """Tell what would become of a file or an address; 1 when a row would be refused."""
    rules, jurisdiction = _rules(options)
    checked = _checked(rules, jurisdiction, options)
    found = checking.report(checked, MOST_TOLD)
    if options.out:
        _write_back(rules, jurisdiction, found.source, Path(options.what), Path(options.out))
    if options.json:
        print(found.model_dump_json(indent=2))
    else:
        _print(found)
    return 0 if found.ok else 1


def give_back(options: argparse.Namespace) -> int:
    """Write a file or a delivery with its faults marked; 1 when a row is refused."""
    if options.what.isdecimal() and not Path(options.what).exists():
        totals, out = _delivery(options)
    else:
        rules, jurisdiction = _rules(options)
        path = _file(options.what)
        out = Path(options.out or f"{path.stem}_校验结果.xlsx")
        source = options.source or checking.guess(rules, path)
        totals = _write_back(rules, jurisdiction, source, path, out)
    print(f"{out}: {_counts(totals)}")
    return 1 if totals.rejected + totals.unreadable else 0


def _checked(rules: Rules, jurisdiction: int, options: argparse.Namespace) -> checking.Checked:
    if "://" in options.what:
        if not options.source:
            raise BadRequest("请用 --source 指明来源 / an address needs --source")
        if options.out:
            raise BadRequest("--return 只用于文件 / --return is for files")
        return checking.check_place(rules, jurisdiction, options.source, options.what)
    path = _file(options.what)
    return checking.check_file(rules, jurisdiction, options.source or checking.guess(rules, path), path)


def _file(said: str) -> Path:
    path = Path(said)
    if not path.is_file():
        raise BadRequest(f"没有这个文件 / there is no file {said}")
    return path


def _rules(options: argparse.Namespace) -> tuple[Rules, int]:
    settings = Settings()
    rules = load_rules(discover(), settings.connected_departments)
    return rules, options.jurisdiction or settings.jurisdiction


def _write_back(rules: Rules, jurisdiction: int, source: str, path: Path, out: Path) -> CheckTotals:
    from app.pipeline.returning import return_file

    if out.resolve() == path.resolve():
        raise BadRequest("不能覆盖原文件 / the file itself is not overwritten: name another")
    return return_file(rules, jurisdiction, source, path, out)


def _delivery(options: argparse.Namespace) -> tuple[CheckTotals, Path]:
    from app.cli.hub import opened
    from app.db import deliveries, sources
    from app.pipeline.returning import return_delivery
    from app.pipeline.sync import binding

    runtime, jurisdiction = opened(options)
    out = Path(options.out or f"{jurisdiction}_{options.what}_校验结果.xlsx")
    with runtime.database.read() as connection:
        view = deliveries.delivery(connection, jurisdiction, int(options.what))
        place = sources.location(connection, jurisdiction, view.source)
        said = partial(deliveries.said_rows, connection, jurisdiction, view.delivery_no, view.source)
        return return_delivery(runtime.rules, binding(jurisdiction, place), view, said, out), out


def _print(found: CheckReport) -> None:
    print(f"{_short(found.name)} → {found.zh}（{found.source}）")
    rows: list[tuple[object, ...]] = [
        (
            row.line,
            fault.cell,
            fault.severity,
            fault.rule,
            fault.field,
            _short(fault.value),
            fault.zh,
            WHO[fault.responsible.value],
            fault.en,
        )
        for row in found.rows[:SHOWN]
        for fault in row.faults
    ]
    if rows:
        head = (
            "行 row",
            "格 cell",
            "结果",
            "规则 rule",
            "字段 field",
            "值 value",
            "说明",
            "责任方 who",
            "in English",
        )
        print(table(head, rows))
    hidden = max(0, len(found.rows) - SHOWN) + found.left_out
    if hidden:
        print(f"另有 {hidden} 行，见 --json 或 --return / {hidden} more rows: see --json or --return")
    print(_counts(found.totals))
    print(_what_next(found.totals))


def _what_next(totals: CheckTotals) -> str:
    """Say who must act before the file is sent."""
    theirs, ours = totals.rejected + totals.unreadable - totals.at_hub, totals.at_hub
    told = ["请改正后报送 correct it before you send it"] if theirs else []
    if ours:
        told.append(
            f"{ours} 行因枢纽自身的问题未能接收，报送单位无需改正，请告知枢纽管理员"
            f" / {ours} rows would be refused by a fault of the hub's own: nothing for you to correct, tell the hub's people"
        )
    return "\n".join(told) or "可以报送 nothing would be refused"


def _counts(totals: CheckTotals) -> str:
    return (
        f"收到 received {totals.received} = 接收 accepted {totals.accepted} + 拒收 rejected {totals.rejected}"
        f" + 无法读取 unreadable {totals.unreadable};"
        f" 存疑 issues {totals.issues}, 提示 notes {totals.notes}"
    )


def _short(value: str | None) -> str | None:
    """Give a value as a terminal may show it: not long, and without orders to the terminal."""
    if value is None:
        return None
    shown = "".join(sign if sign.isprintable() else "·" for sign in value[:41])
    return shown if len(value) <= 40 else f"{shown[:40]}…"
