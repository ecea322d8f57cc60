"""docs/feeds.md from the manifests: every built-in feed, its road, columns, rules and what its sample has wrong.

`python -m connectors.catalogue docs/feeds.md` writes the page; a test holds it equal to what the manifests say.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from connectors import registry
from connectors.manifest import Manifest
from connectors.manifest_mapping import EvidenceRule
from connectors.transport_settings import FilesSettings, HttpSettings, SingerSettings, TableSettings
from schemas.tables import departments, milestones

_HEAD = """\
# Feeds

What the departments send, and what the hub understands of it. **Written from the manifests** by
`python -m connectors.catalogue docs/feeds.md`: change a manifest, not this page. Milestones (C5) are those of
`schemas/codes/milestones.toml`; ranks: A certificate of the owner with number and date, B the owner's own statement, C another
department's mention, D anybody's claim. Units are those a column has where its head declares none. Tiers say which rules of the
contract a feed is held to (`docs/add-a-department.md`): silver names its columns, words and errors, gold also loses nothing when a
run breaks off. A feed whose layout no real delivery has confirmed yet stays below gold.
"""


def page() -> str:
    """Give the page about every built-in feed, department by department."""
    home = str(resources.files("connectors.departments"))
    found = [one for one in registry.discover().sources.values() if str(one.folder).startswith(home)]
    parts = [_HEAD, _summary([one.manifest for one in found])]
    known = {row.key: f"{row.zh} · {row.en}" for row in departments().values()}
    for department in [*known, *sorted({one.manifest.department for one in found} - known.keys())]:
        own = [one for one in found if one.manifest.department == department]
        if own:
            parts.append(f"## {known.get(department, department)}\n")
            parts += [_feed(one) for one in own]
    return "\n".join(parts)


def _summary(manifests: list[Manifest]) -> str:
    lines = ["| feed | | comes as | tier | proves |", "|---|---|---|---|---|"]
    for one in manifests:
        best: dict[str, str] = {}
        for rule in one.evidence:
            best[rule.milestone] = min(rule.rank, best.get(rule.milestone, "D"))
        told = [f"{code} {best[code]}" for code in milestones() if code in best]
        lines.append(
            f"| `{one.key}` | {one.title.zh} | {one.transport.kind} | {one.tier} | {', '.join(told)} |"
        )
    return "\n".join(lines) + "\n"


def _feed(source: registry.Source) -> str:
    one = source.manifest
    lines = [f"### `{one.key}` {one.title.zh}", "", f"{one.title.en}. {one.owner}.", ""]
    lines += [f"- {said}" for said in _facts(one)]
    code = source.folder / "connector.py"
    if code.is_file():
        told = ast.get_docstring(ast.parse(code.read_text(encoding="utf-8"))) or ""
        lines.append(f"- **Code of its own**: {told.splitlines()[0]}")
    lines += ["", "| column | what the hub takes from it |", "|---|---|"]
    lines += [f"| {name} | {'; '.join(uses)} |" for name, uses in sorted(_uses(one).items())]
    if one.ignore:
        lines += ["", f"Ignored on purpose: {', '.join(one.ignore)}."]
    if one.persons:
        lines += ["", f"Persons, never read: {', '.join(one.persons)}."]
    if rules := [*_rules(one)]:
        lines += ["", "Rules:", "", *(f"- {said}" for said in rules)]
    if defects := _defects(source):
        lines += ["", f"Defects its sample shows: {', '.join(defects)}."]
    return "\n".join(lines) + "\n"


def _facts(one: Manifest) -> Iterator[str]:
    yield f"**Road**: {_road(one)}"
    choices = [" + ".join(choice) for choice in one.identity.choices]
    yield f"**Key**: {', else '.join([*choices, *(['the whole content'] if one.identity.content else [])])}"
    if one.version:
        yield f"**Newer is** the higher {', then '.join(one.version.columns)}"
    if isinstance(one.transport, FilesSettings) and one.transport.version:
        yield "**Newer is** the file with the later day in its name"
    if one.retraction:
        reason = f", for the reason in {one.retraction.reason}" if one.retraction.reason else ""
        yield f"**Withdrawn by** {one.retraction.column} = {one.retraction.value}{reason}"
    if one.listing == "full":
        yield "**Whole list** each time: a row that is gone is withdrawn"
    if one.parent:
        yield f"**Part** ({one.parent.part}) of the `{one.parent.source}` named in {one.parent.key}"
    if optional := sorted(one.optional):
        yield f"**May be absent**: {', '.join(optional)}"


def _road(one: Manifest) -> str:
    settings = one.transport
    if isinstance(settings, TableSettings):
        road = f"table `{settings.table}` of `{settings.variable}`, by {settings.updated}"
    elif isinstance(settings, FilesSettings):
        sheet = f", sheet {settings.sheet}" if settings.sheet else ""
        road = f"files {', '.join(settings.patterns)} in `{settings.variable}`{sheet}".replace("*", "\\*")
    elif isinstance(settings, HttpSettings):
        road = f"`GET {settings.path}` of `{settings.variable}`"
    elif isinstance(settings, SingerSettings):
        road = f"stream `{settings.stream}` of the Singer tap `{settings.variable}`"
    else:
        road = "signed pushes"
    when = one.schedule
    often = (f"every {when.every} s" if when.every else f"at {when.cron}") if when else "as they come"
    return f"{road}; {often}"


def _uses(one: Manifest) -> dict[str, list[str]]:
    """Give what every mapped column is used for, once each."""
    found: dict[str, dict[str, None]] = {}
    for name, use in _pairs(one):
        found.setdefault(name, {}).setdefault(use)
    return {name: list(uses) for name, uses in found.items()}


def _pairs(one: Manifest) -> Iterator[tuple[str, str]]:
    for choice in one.identity.choices:
        yield from ((name, "key") for name in choice)
    for field, text in one.text_rules():
        where = "" if field in one.texts else "**"
        lookup = f" by the list `{text.lookup}`" if text.lookup else ""
        yield from ((name, f"{where}{field}{where}{lookup}") for name in text.columns)
    yield from ((number.column, f"bears `{number.scheme}`") for number in one.identifiers)
    yield from ((number.column, f"cites `{number.scheme}`") for number in one.citations)
    for party in one.parties:
        yield from ((name, f"name of the {party.role}") for name in party.name)
        if party.uscc:
            yield party.uscc, f"credit code of the {party.role}"
    yield from ((rule.column, f"{field}, {rule.unit}") for field, rule in one.money.items())
    yield from ((area.column, f"{field}, {area.unit}") for field, area in one.areas.items())
    for proof in one.evidence:
        yield from _proving(proof)
    yield from ((plan.date, f"date {plan.milestone} is promised for ({plan.basis})") for plan in one.planned)
    if one.parent:
        yield one.parent.key, f"the `{one.parent.source}` it is part of"
    if one.version:
        yield from ((name, "order of versions") for name in one.version.columns)
    if one.retraction:
        yield one.retraction.column, "withdrawal"


def _proving(proof: EvidenceRule) -> Iterator[tuple[str, str]]:
    said = f"{proof.milestone} {proof.rank}"
    for name, what in (
        (proof.date, "date"),
        (proof.number, "number"),
        (proof.month_of, "month"),
        (proof.part, "section or parcel"),
    ):
        if name:
            yield name, f"{said}: {what}"
    yield from ((condition.column, f"{said}: condition") for condition in proof.when)


def _rules(one: Manifest) -> Iterator[str]:
    for name, limits in sorted(one.assertions.items()):
        unit = "元" if name.startswith("money.") else "㎡"
        least = f"from {limits.min:,.0f} " if limits.min is not None else ""
        most = f"up to {limits.max:,.0f} " if limits.max is not None else ""
        yield f"{name.partition('.')[2]} is believed {least}{most}{unit}; beyond it is kept with a doubt"
    for refuse in one.refuse:
        yield f"`{refuse.rule}`: refused where {refuse.column} says {', '.join(refuse.words)}"
    for required in one.require:
        form = " in its whole form" if required.form else ""
        yield f"`{required.rule}`: refused unless {' or '.join(required.any_of)} says something{form}"
    for doubt in one.doubts:
        what = "read as empty" if doubt.drop else "doubted"
        yield f"`{doubt.rule}`: {what} where `{doubt.match}` is in {', '.join(doubt.columns) or 'any column'}".replace(
            "|", "\\|"
        )
    if one.packed:
        each = "a record" if one.packed.into == "records" else "a parcel of the row"
        yield f"{', '.join(one.packed.columns)} hold a part for each parcel, between the signs {one.packed.by}: each is {each}".replace(
            "|", "\\|"
        )
    if one.states == "nothing":
        yield "speaks of no project: its rows are read and their oddities told"
    yield from (f"exempt from {rule}: {why}" for rule, why in sorted(one.exempt.items()))


def _defects(source: registry.Source) -> list[str]:
    """Give the issues and rejections of the sample: rule, column, and how often."""
    file = source.folder / "expected.json"
    told = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    found = Counter(
        (issue["rule"], issue["field"])
        for row in told
        for issue in [*row.get("issues", []), *([row["rejection"]] if "rejection" in row else [])]
    )
    return [
        f"`{rule}`{f' in {field}' if field else ''}{f' ({times}×)' if times > 1 else ''}"
        for (rule, field), times in sorted(found.items(), key=str)
    ]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
