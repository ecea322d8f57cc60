"""How the hard city's departments write names: abbreviations, phases in many shapes, zones, homophones."""

from __future__ import annotations

import random

from simulator import defects
from simulator.dice import chance
from simulator.model import Project
from simulator.words import NUMERALS

_SLIP = 0.055
# what an input method offers for the same sound, and what looks alike; both directions
_PAIRS = (
    "基机 制置 件间 料科 智志 陶淘 园圆 碳炭 轨诡 备务 电店 能熊 源原 装妆 材才 产厂 业叶 生升 动东 车东 部布 新欣 "
    "合和 金今 硬映 质制 航行 传船 感敢 器气 药要 食时 品晶 环坏 保堡 服伏 饰式 缆览 精晶 模膜 具俱 汽气 医一 疗辽 "
    "包饱 建健 树数 酒洒 物务 流留 冷令 链练 储诸 光先 伏付 风凤 学字 校教 院完 路露 道到 水永 厂广 站占 湾弯 府附 "
    "城成 苑宛 科课 技枝 达答 隆龙 昌冒 盛胜 恒横 泰秦 丰峰 安按 康慷 宁柠 顺川 祥详 信伸 江讧 山仙 海每 长常 高蒿"
)
SLIPS: dict[str, str] = {}
for _pair in _PAIRS.split():
    SLIPS.setdefault(_pair[0], _pair[1])
    SLIPS.setdefault(_pair[1], _pair[0])

_ROMAN = ("", "I", "II", "III", "IV", "V")
_PHASES = ("（{c}期）", "{c}期", "({c}期)", "第{c}期", "{i}期", "（{i}期）", "{n}期", "{c}期工程")


def _slipped(rng: random.Random, text: str) -> str:
    """The text, in 5.5 % of cases with one sign mistaken, missing or doubled."""
    hit, kind, start = chance(rng, _SLIP), rng.random(), rng.randrange(max(1, len(text)))
    if not hit or len(text) < 4:
        return text
    order = (*range(start, len(text)), *range(start))
    at = next((n for n in order if text[n] in SLIPS), None)
    if kind < 0.8 and at is not None:
        return text[:at] + SLIPS[text[at]] + text[at + 1 :]
    return text[:start] + text[start + 1 :] if kind < 0.9 else text[:start] + text[start] + text[start:]


def _phase(rng: random.Random, phase: int | None) -> str:
    """The phase in one of eight shapes; 4 % leave it out, of first phases 20 %. Never a wrong one."""
    shape, dropped = rng.choice(_PHASES), rng.random()
    if phase is None or dropped < (0.2 if phase == 1 else 0.04):
        return ""
    return shape.format(c=NUMERALS[phase], i=_ROMAN[phase], n=phase)


def _zone(rng: random.Random, zone: str) -> str:
    """The zone; 3 % leave it out. Never a wrong one."""
    dropped, bracketed = chance(rng, 0.03), chance(rng, 0.3)
    if not zone or dropped:
        return ""
    return f"（{zone}区）" if bracketed else f"{zone}区"


def _who(rng: random.Random, project: Project, company_share: float) -> str:
    """The firm as people call it: brand, company without legal form, or an abbreviation of it."""
    style = rng.random()
    if style < company_share:
        return project.owner.short
    if style < company_share + 0.12:
        return project.brand + project.trade.word[:2]
    return project.brand


def _product(rng: random.Random, project: Project) -> str:
    """The product, in one of eight cases by its last word only."""
    short = chance(rng, 0.12)
    return project.brief if short and project.brief else project.trade.product


def hard_name(rng: random.Random, project: Project, department: str) -> str:
    """The project's name as one department of the hard city writes it."""
    builder = _BUILDERS.get(project.kind, _private)
    core, tail = builder(rng, project, department)
    core, zone = _slipped(rng, core), _zone(rng, project.zone)
    if defects.happens(rng, 18):
        core = defects.unprintable(rng, core)
    phase = _phase(rng, project.phase)
    return core + zone + phase + tail if chance(rng, 0.5) else core + zone + tail + phase


def _private(rng: random.Random, project: Project, department: str) -> tuple[str, str]:
    """A firm's project: commerce names the parent in many cases, land the firm, housing the place."""
    quantity, style = project.quantity, rng.random()
    what = _product(rng, project)
    if department == "commerce":
        who = project.parent.short if project.parent and style < 0.4 else _who(rng, project, 0.15)
        kept = quantity if rng.random() < 0.6 else ""
        return who + kept + what + project.form, rng.choice(("项目", "招商项目", "投资项目", ""))
    if department == "land":
        form = project.form if style < 0.7 else ""
        return _who(rng, project, 0.45) + what + form, rng.choice(
            ("项目", "建设项目用地", "项目用地", "地块", "")
        )
    place = project.district.name if style < 0.25 else project.park if style < 0.4 else ""
    return place + _who(rng, project, 0.3) + quantity + what + project.form, rng.choice(
        ("建设项目", "项目", "新建工程", "")
    )


def _estate(rng: random.Random, project: Project, department: str) -> tuple[str, str]:
    """A housing estate: its brand name for buyers, a plot for land, the developer's project for commerce."""
    named = project.brand + project.trade.product
    style = rng.random()
    if department == "land" and style < 0.45:
        return _who(rng, project, 0.6) + named, "地块"
    if department == "commerce":
        return _who(rng, project, 0.4) + project.trade.product, rng.choice(
            ("房地产开发项目", "商住项目", "项目")
        )
    return (project.district.name if style < 0.2 else "") + named, rng.choice(
        ("", "建设项目", "商住小区项目")
    )


def _energy(rng: random.Random, project: Project, department: str) -> tuple[str, str]:
    place = project.district.name.rstrip("区县市") if chance(rng, 0.6) else ""
    town = project.estate if department != "commerce" or chance(rng, 0.5) else ""
    return _who(rng, project, 0.1) + place + town + project.quantity + _product(rng, project), "项目"


def _public(rng: random.Random, project: Project, department: str) -> tuple[str, str]:
    """Public works are called by their place."""
    place = project.district.name if chance(rng, 0.55) else ""
    named = place + project.estate + project.trade.product
    tails = ("建设项目用地", "项目", "用地") if department == "land" else ("新建工程", "建设项目", "工程")
    return named, rng.choice(tails)


_BUILDERS = {
    "estate": _estate,
    "commerce": _estate,
    "energy": _energy,
    "road": _public,
    "school": _public,
    "health": _public,
    "water": _public,
}


def hard_company(rng: random.Random, name: str) -> str:
    """A company's name; every fifth in another shape: legal form, city in brackets or left out, abbreviation, slip."""
    style = rng.random()
    stem, form = name.removesuffix("有限公司"), "有限公司"
    if style < 0.05:
        return name.replace("有限公司", "有限责任公司")
    if style < 0.08:
        return stem[2:] + form
    if style < 0.11:
        return f"{stem[2:]}（{stem[:2]}）{form}"
    if style < 0.13:
        return stem
    return _slipped(rng, name)
