"""What the demo reports: the accounting per source, the projects, the loop and the score against truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.access.reach import EVERYWHERE
from app.db import portfolio, sources
from app.db.session import Connection
from app.pipeline.truth import read_truth, scores
from app.terminal import table
from schemas.api.portfolio import CoverageQuery, PortfolioQuery
from schemas.lifecycle import LoopState
from schemas.tables import departments, stages

COUNTS = ("received", "kept", "unchanged", "unreadable", "accepted", "rejected")
NO_STAGE = "NONE"
"""The key of the projects that stand at no stage yet, where there are any."""


def collect(connection: Connection, jurisdiction: int, truth: Path) -> dict[str, Any]:
    """Give the figures of the hub as it stands, scored against the truth."""
    given = {
        key: {name: getattr(one.counts, name) for name in COUNTS}
        for key, one in sorted(sources.given(connection, jurisdiction).items())
    }
    ours, codes = scores(connection, jurisdiction, read_truth(truth))
    funnel = portfolio.funnel(connection, jurisdiction, EVERYWHERE, PortfolioQuery())
    standing = {row.stage: row.projects for row in funnel.stages}
    by_stage = {row.code.value: standing.get(row.code, 0) for row in stages()}
    if standing.get(None):
        by_stage[NO_STAGE] = standing[None]
    return {
        **{name: sum(counts[name] for counts in given.values()) for name in COUNTS},
        "projects": funnel.projects,
        "truth_projects": ours.projects,
        "pair_precision": round(ours.pairwise.precision, 6),
        "pair_recall": round(ours.pairwise.recall, 6),
        "pair_f1": round(ours.pairwise.f1, 6),
        "code_only_recall": round(codes.pairwise.recall, 6),
        "stages": by_stage,
        "loop": {state.value: sum(row.loop[state] for row in funnel.stages) for state in LoopState},
        "sources": given,
    }


def owed(connection: Connection, jurisdiction: int) -> list[tuple[str, str, int]]:
    """Give where loops break: (stage, department that owes it, projects), most first."""
    cells = portfolio.coverage(connection, jurisdiction, EVERYWHERE, CoverageQuery())
    broken = [(cell.stage.value, cell.department, cell.states.get("owed", 0)) for cell in cells]
    return sorted((row for row in broken if row[2]), key=lambda row: (-row[2], row))


def faults(figures: dict[str, Any]) -> list[str]:
    """Name every account that does not add up; an empty list is what the demo promises."""
    found = []
    for name, counts in [("all sources", figures), *figures["sources"].items()]:
        if counts["received"] != counts["kept"] + counts["unchanged"] + counts["unreadable"]:
            found.append(f"{name}: received is not kept + unchanged + unreadable")
        if counts["kept"] != counts["accepted"] + counts["rejected"]:
            found.append(f"{name}: kept is not accepted + rejected")
    found += [
        f"{name}: the sources do not sum to the whole"
        for name in COUNTS
        if figures[name] != sum(counts[name] for counts in figures["sources"].values())
    ]
    if figures["accepted"] and not figures["projects"]:
        found.append("projects: records were accepted and no project is served")
    if figures["projects"] != sum(figures["loop"].values()):
        found.append("projects: loop states do not sum to the projects")
    if figures["projects"] != sum(figures["stages"].values()):
        found.append("projects: stages do not sum to the projects")
    return found


def report(figures: dict[str, Any], broken_at: list[tuple[str, str, int]]) -> str:
    """Lay the figures out for a person, Chinese and English."""
    lines = [table(("source 来源", *COUNTS), [(key, *c.values()) for key, c in figures["sources"].items()])]
    lines.append(table(("", *COUNTS), [("sum 合计", *(figures[name] for name in COUNTS))]))
    lines.append(
        f"\n项目 projects: {figures['projects']} (truth 真值 {figures['truth_projects']});"
        f" pairs 成对: precision {figures['pair_precision']:.4f}, recall {figures['pair_recall']:.4f},"
        f" F1 {figures['pair_f1']:.4f}; equal project codes alone 仅凭项目代码: recall {figures['code_only_recall']:.4f}"
    )
    lines.append("闭环 loop: " + ", ".join(f"{state} {n}" for state, n in figures["loop"].items()))
    names = {row.code.value: row.zh for row in stages()} | {NO_STAGE: "尚无阶段"}
    bodies = {key: row.zh for key, row in departments().items()}
    rows: list[tuple[object, ...]] = [(code, names[code], n) for code, n in figures["stages"].items()]
    lines.append("\n" + table(("stage", "阶段", "projects standing there"), rows))
    broken: list[tuple[object, ...]] = [
        (names[stage], bodies.get(department, department), n) for stage, department, n in broken_at
    ]
    lines.append("\n断点 where loops break:\n" + table(("阶段", "owed by 欠缺部门", "projects"), broken))
    return "\n".join(lines)
