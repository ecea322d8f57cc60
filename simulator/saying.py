"""How departments garble what is true: which code they know, the names they use, the dirt of their cells."""

from __future__ import annotations

import random
from collections.abc import Sequence

from simulator import lexicon, words
from simulator.dice import chance
from simulator.model import Project, Scenario
from simulator.naming import hard_company, hard_name

# share of rows with a project code
_CODE_KNOWN = {"commerce": 0.05, "land.use_permits": 0.35, "land.works_permits": 0.35, "housing": 0.70}
_FULL = str.maketrans("0123456789-.,", "０１２３４５６７８９－．，")


def said_codes(
    rng: random.Random, code: str, earlier_phase: str | None, others: Sequence[str], scenario: Scenario | None
) -> dict[str, str]:
    """Department → the project code it writes; 12 % of later phases carry phase 1's, 6 % of the rest are wrong."""
    said = {}
    for department, share in _CODE_KNOWN.items():
        known, wrong, inherited = chance(rng, share), rng.random(), chance(rng, 0.12)
        if scenario is not None:
            if not _hidden(scenario, department):
                said[department] = code
        elif known:
            said[department] = (
                earlier_phase if earlier_phase and inherited else _maybe_wrong(rng, code, wrong, others)
            )
    return said


def _hidden(scenario: Scenario, department: str) -> bool:
    """Whether the prepared case is about this department not knowing the code."""
    if scenario is Scenario.LAND_BY_CERTIFICATES:
        return department != "housing"
    return department == "commerce" and scenario is not Scenario.CLEAN_CHAIN


def _maybe_wrong(rng: random.Random, code: str, draw: float, others: Sequence[str]) -> str:
    """3.5 % one digit off, 1.7 % a draft that belongs to nobody, .8 % another project's code."""
    place = rng.randrange(len(code) - 6, len(code))
    digit = str((int(code[place]) + rng.randint(1, 9)) % 10)
    draft = f"{code[:17]}-{rng.randint(100_000, 999_999)}"
    other = rng.choice(others)
    if draw < 0.035:
        return code[:place] + digit + code[place + 1 :]
    if draw < 0.052:
        return draft
    return other if draw < 0.06 else code


def slip(rng: random.Random, text: str, share: float = 0.05) -> str:
    """The text, sometimes with one wrong, missing or doubled sign."""
    hit, kind, at = chance(rng, share), rng.random(), rng.randrange(max(1, len(text)))
    if not hit or len(text) < 4:
        return text
    for right, wrong in words.SLIPS.items():
        if kind < 0.6 and right in text:
            return text.replace(right, wrong, 1)
    return text[:at] + text[at + 1 :] if kind < 0.8 else text[:at] + text[at] + text[at:]


def phase_words(rng: random.Random, phase: int | None, blur: bool) -> str:
    """How a phase is written, nothing where there is none; 3 % leave it out."""
    shape, dropped = rng.randrange(4), chance(rng, 0.03)
    if phase is None or (dropped and blur):
        return ""
    numeral = words.NUMERALS[phase]
    return (f"（{numeral}期）", f"{numeral}期", f"({numeral}期)", f"{'I' * phase}期")[shape if blur else 0]


def project_name(rng: random.Random, project: Project, department: str) -> str:
    """The project's name as one department writes it."""
    if project.hard:
        return hard_name(rng, project, department)
    blur = not project.easy or project.scenario is Scenario.LAND_BY_CERTIFICATES
    phase = phase_words(rng, project.phase, blur)
    style, place = rng.random(), project.district.name
    if not project.form:
        core = f"{place}{project.brand}{project.trade.product}"
        named = f"{core}{'新建工程' if project.municipal else '建设项目'}{phase}"
    elif not blur:
        named = f"{project.brand}{project.quantity}{project.trade.product}{project.form}项目{phase}"
    elif department == "commerce":
        who = project.parent.short if project.parent and style < 0.3 else project.brand
        quantity = project.quantity if style < 0.6 else ""
        named = f"{who}{quantity}{project.trade.product}{project.form}{'项目' if style < 0.8 else '招商项目'}{phase}"
    elif department == "land":
        who = project.owner.short if style < 0.4 else project.brand
        named = f"{who}{project.trade.product}{project.form if style < 0.8 else ''}{phase}{'项目' if style < 0.7 else '建设项目用地'}"
    else:
        head = place if style < 0.3 else ""
        named = f"{head}{project.brand}{project.quantity}{project.trade.product}{project.form}建设项目{phase}"
    return slip(rng, named) if blur else named


def company_name(rng: random.Random, project: Project, name: str) -> str:
    """A company's name, sometimes in one of the shapes people give it."""
    if project.hard:
        return hard_company(rng, name)
    blur = not project.easy
    style = rng.random()
    if not blur or style > 0.12:
        return name
    if style < 0.05:
        return name.replace("有限公司", "有限责任公司")
    if style < 0.09:
        return f"{name[2:]}" if name.endswith("有限公司") else name
    return slip(rng, name, 0.6)


def place_name(rng: random.Random, project: Project) -> str:
    """Where the project stands; in the hard city every fourth time by its crossing, else 8 % without number, 6 % with another.

    There 5 % leave the town out and 3 % write another of the district; parks are called as `park_name` says.
    """
    said = project.address
    if project.hard:
        said = project.site if chance(rng, 0.25) else _numbered(rng, said)
        if project.scenario is None:
            said = _in_town(rng, project, said).replace(project.park, park_name(rng, project), 1)
    alias = project.aliases.get("address")
    return said.replace(project.district.name, alias, 1) if alias else said


def _in_town(rng: random.Random, project: Project, said: str) -> str:
    """The address with its town, without it, or with another of the district."""
    style, towns = rng.random(), lexicon.places(project.district.adcode, project.district.parks).towns
    town = next((town for town in towns if town in said), "")
    other = rng.choice(towns)
    return said if not town or style >= 0.08 else said.replace(town, "" if style < 0.05 else other, 1)


def park_name(rng: random.Random, project: Project) -> str:
    """The park the project is in; in the hard city 4 % name another of the district, 4 % the developer's own part of it."""
    if not project.hard or project.scenario is not None:
        return project.park
    style, parks = rng.random(), lexicon.places(project.district.adcode, project.district.parks).parks
    other, end = rng.choice(parks), rng.choice(("产业园", "科技园", "智造园"))
    if style >= 0.08:
        return project.park
    return other if style < 0.04 else project.brand + end


def _numbered(rng: random.Random, address: str) -> str:
    """The address with its house number, without it, or with that of another gate."""
    style, off = rng.random(), rng.randint(1, 30)
    street = address.removesuffix("号").rstrip("0123456789")
    if style >= 0.14 or not address.endswith("号"):
        return address
    return street if style < 0.08 else f"{street}{int(address[len(street) : -1]) + off}号"


def roughly(rng: random.Random, project: Project, value: float, low: float, high: float) -> float:
    """A measure as another office has it: in the hard city every third time counted otherwise, between `low` and `high` of it."""
    if not project.hard:
        return value
    factor, otherwise = rng.uniform(low, high), chance(rng, 0.35)
    return value * factor if otherwise else value


def full_width(text: str) -> str:
    """Digits and signs as an input method in the wrong mode types them."""
    return text.translate(_FULL)


def cited(rng: random.Random, number: str, blur: bool, hard: bool) -> str:
    """Another office's number as it is quoted: 3 % left out, 3 % in other brackets, blanks or widths; in the hard city 1 % mistyped.

    Serial numbers lie close together, so that a mistyped one is in most cases the paper of somebody else.
    """
    style = rng.random()
    if not blur or style > (0.07 if hard else 0.06):
        return number
    if style < 0.03:
        return ""
    if style < 0.045:
        return number.replace("〔", "[").replace("〕", "]").replace("（", "(").replace("）", ")") + " "
    return full_width(number) if style < 0.06 else _mistyped(number, style)


def _mistyped(number: str, draw: float) -> str:
    """The number with one of its last three digits off by a little."""
    places = [at for at, sign in enumerate(number) if sign.isdigit()][-3:]
    if not places:
        return number
    at = places[int(draw * 1e5) % len(places)]
    digit = str((int(number[at]) + 1 + int(draw * 1e6) % 3) % 10)
    return number[:at] + digit + number[at + 1 :]
