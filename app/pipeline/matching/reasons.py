"""Why two records are of one project or of two, in words for a person: everything that would have to be otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

RULES = {
    "phase": ("两侧写明的期数不同", "the sides state different phases"),
    "zone": ("两侧写明的片区不同", "the sides state different zones"),
    "class": ("一侧为房建、一侧为市政", "one side is building, the other municipal works"),
    "code": ("两侧有效项目代码不同", "the sides have different valid project codes"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of two records' projects; `average` (10⁻⁶) over all pairs between them, `question` its kind.

    `common` are numbers both records state that too many hold, and how many do.
    """

    one: bool
    withdrawn: bool = False
    same: tuple[int, ...] = ()
    different: tuple[int, ...] = ()
    rules: tuple[str, ...] = ()
    compared: int = 0
    average: int = 0
    question: str | None = None
    waits: bool = False
    cuts: tuple[int, int] = (0, 0)
    common: tuple[tuple[str, int], ...] = ()


def reasons(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """Give (code, zh, en) of each reason, what people said first."""
    if facts.waits:
        yield "waits", "有新的判断尚未处理", "words were said that resolving has not heard yet"
    if facts.withdrawn:
        yield (
            "withdrawn",
            "有记录已被其部门撤回，只跟随不牵引",
            "a record was withdrawn: it follows and does not lead",
        )
    for number, many in facts.common:
        value = number[1:].partition(":")[2] or number[1:]
        yield (
            "common",
            f"共同的编号 {value} 被 {many} 条记录共用，不作依据",
            f"the number {value} both state is held by {many} records and says nothing",
        )
    if facts.one:
        yield from _together(facts)
        return
    if facts.different:
        said = ", ".join(map(str, facts.different))
        yield "different", f"人工判断为不同项目（判断 {said}）", f"people said different (judgement {said})"
        if facts.same:
            said = ", ".join(map(str, facts.same))
            yield "conflict", f"与判断 {said} 矛盾", f"which contradicts judgement {said}"
    for rule in facts.rules:
        zh, en = RULES.get(rule, (rule, rule))
        yield f"rule.{rule}", zh, en
    if not facts.compared:
        yield (
            "not_compared",
            "没有共同的稀有特征，未作比较",
            "they share no rare trait and were never compared",
        )
        return
    average, review, safe = (f"{100 * n / 1e6:.1f}" for n in (facts.average, *facts.cuts))
    if facts.average < facts.cuts[0]:
        yield (
            "below",
            f"平均 {average} 低于待审线 {review}",
            f"average {average} is below the review cut {review}",
        )
    elif facts.question == "ambiguous":
        yield (
            "ambiguous",
            "与多个互斥项目同样相近，或可能是孪生项目",
            "it fits rivals alike, or the sides may be twins",
        )
    elif facts.average < facts.cuts[1]:
        yield (
            "between",
            f"平均 {average} 未达合并线 {safe}",
            f"average {average} is below the safe cut {safe}",
        )


def _together(facts: Facts) -> Iterator[tuple[str, str, str]]:
    if facts.same:
        said = ", ".join(map(str, facts.same))
        yield "same", f"人工判断为同一项目（判断 {said}）", f"people said same (judgement {said})"
    yield "together", "现归于同一项目", "they are in one project now"
