"""What speaks for and against two records being one project, from the records themselves to the projects they are in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import islice

from app.db import conflicts, places, records, resolution, reviews, words
from app.db.records import RecordRow
from app.db.session import Connection
from app.errors import NotFound
from app.pipeline.known import Known
from app.pipeline.matching.common import heard
from app.pipeline.matching.explain import explain
from app.pipeline.matching.keys import number_keys, numbers_of
from app.pipeline.matching.normal import Normal, normal
from app.pipeline.matching.reasons import Facts, reasons
from app.pipeline.matching.rules import Barriers
from app.pipeline.matching.score import REVIEW_CUT, SAFE_CUT
from app.pipeline.matching.stated import stated
from app.pipeline.scoring import scorer
from schemas.api.reviews import Evidence, PairView, Reason, RuleView, SideView, TermView, WordView
from schemas.judgements import Verdict

MOST_MEMBERS, MOST_PAIRS, MOST_WORDS = 2_000, 20, 50
"""Records of each project that hard rules are looked for among; pairs and words that are told."""


def evidence(connection: Connection, jurisdiction: int, a: str, b: str) -> Evidence:
    """Give everything about two project records; raise NotFound for one the hub does not know."""
    a, b = sorted((a, b))
    rows = {row.record_id: row for row in records.read_records(connection, jurisdiction, [a, b])}
    if unknown := [rid for rid in (a, b) if rid not in rows or rows[rid].kind != "project"]:
        raise NotFound(f"no project record {', '.join(unknown)}")
    seen, name_a, name_b = reviews.views(connection, jurisdiction, [(a, b)])[a, b]
    assert seen is not None
    p, q = seen.project_a, seen.project_b
    silent = resolution.common_of(connection, jurisdiction, [a, b])
    said_of = {rid: normal(rid, stated(rows[rid].statement)) for rid in (a, b)}
    common = _common(connection, jurisdiction, said_of, silent)
    told = explain(
        heard(said_of[a], silent[a]),
        heard(said_of[b], silent[b]),
        common=common,
        scorer=scorer(connection, jurisdiction),
    )
    sizes = {x: places.size(connection, jurisdiction, x) for x in {p, q} if x}
    one, two = p is not None and p == q, p is not None and q is not None and p != q
    compared = total = 0
    best: list[tuple[str, str, int]] = []
    rules: list[RuleView] = []
    question = reviews.question(connection, jurisdiction, a, b)
    if two and p and q:
        small, large = sorted((p, q), key=lambda project: sizes[project])
        compared, total = places.sums_between(connection, jurisdiction, small, large)
        best = places.best_between(connection, jurisdiction, small, large, MOST_PAIRS)
        rules = _rules(_members(connection, jurisdiction, p), _members(connection, jurisdiction, q))
        question = question or reviews.question_between(connection, jurisdiction, p, q)
    said, home = conflicts.words_among(connection, jurisdiction, {x for x in (p, q) if x})
    said = [w for w in said if one or home[w.a] != home[w.b] or {w.a, w.b} == {a, b}]
    possible = sizes[p] * sizes[q] if two and p and q else 0
    average = total // possible if possible else told.score
    facts = Facts(
        one=one,
        withdrawn=not (rows[a].live and rows[b].live),
        same=_numbers(said, Verdict.SAME),
        different=_numbers(said, Verdict.DIFFERENT),
        rules=tuple(sorted({rule.rule for rule in rules})),
        compared=compared,
        average=average,
        question=question.kind if question else None,
        waits=words.waiting(connection, jurisdiction),
        cuts=(REVIEW_CUT, SAFE_CUT),
        common=tuple(common.items()),
    )
    return Evidence(
        a=_side(rows[a], p, name_a, sizes),
        b=_side(rows[b], q, name_b, sizes),
        score=told.score,
        points=told.points,
        prior=told.prior,
        terms=tuple(TermView(name=t.name, points=t.points, a=t.a, b=t.b) for t in told.terms),
        rule=told.rule,
        band=told.band,
        average=average,
        compared=compared,
        possible=possible,
        cuts=(REVIEW_CUT, SAFE_CUT),
        pairs=tuple(PairView(a=min(x, y), b=max(x, y), score=n) for x, y, n in best),
        rules=tuple(rules),
        words=tuple(said[:MOST_WORDS]),
        reasons=tuple(Reason(code=code, zh=zh, en=en) for code, zh, en in reasons(facts)),
        seen=seen,
        question=question,
    )


def _numbers(said: list[WordView], verdict: Verdict) -> tuple[int, ...]:
    return tuple(word.judgement_no for word in said if word.verdict is verdict)[:MOST_WORDS]


def _members(connection: Connection, jurisdiction: int, project_id: str) -> dict[str, Normal]:
    some = islice(places.living(connection, jurisdiction, project_id), MOST_MEMBERS)
    rows = resolution.read_normals(connection, jurisdiction, some)
    return {row.record_id: Known(row).normal for row in rows}


def _common(
    connection: Connection,
    jurisdiction: int,
    said: Mapping[str, Normal],
    silent: Mapping[str, Sequence[str]],
) -> dict[str, int]:
    """Give the common numbers that both records state, and how many living records hold each."""
    both = set.intersection(*(set(silent[rid]).intersection(numbers_of(n)) for rid, n in said.items()))
    if not both:
        return {}
    keys = {number: key for key, number in number_keys(said.values()).items()}
    held = resolution.count_holders(connection, jurisdiction, [keys[number] for number in both])
    return {number: held.get(keys[number], 0) for number in sorted(both)}


def _rules(left: Mapping[str, Normal], right: Mapping[str, Normal]) -> list[RuleView]:
    """Give each hard rule between two projects once, with two records that break it."""
    barriers = Barriers({**left, **right})
    first = [{barriers.of[rid]: rid for rid in sorted(side, reverse=True)} for side in (left, right)]
    found: dict[str, RuleView] = {}
    for i, x in sorted(first[0].items()):
        for j, y in sorted(first[1].items()):
            rule = barriers.rule(i, j)
            if rule is not None:
                found.setdefault(rule, RuleView(rule=rule, a=x, b=y))
    return [found[rule] for rule in sorted(found)]


def _side(row: RecordRow, project_id: str | None, name: str | None, sizes: Mapping[str, int]) -> SideView:
    return SideView(
        record_id=row.record_id,
        source=row.source,
        key=row.key,
        live=row.live,
        hash=row.hash,
        statement=json.loads(row.statement),
        project_id=project_id,
        project_name=name,
        records=sizes.get(project_id or "", 0),
    )
