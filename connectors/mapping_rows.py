"""Whole rows before their cells mean anything: what makes one no data, what is odd in it, and its packed parts."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

from connectors.columns import column_name
from connectors.errors import RecordRejected
from connectors.manifest import Manifest
from connectors.manifest_rows import DoubtRule, PackedRule, RequireRule
from connectors.mapping_values import Reader, Said, reject
from connectors.strict_json import dumps
from schemas.cleaning import says_nothing
from schemas.doubts import Doubt
from schemas.records import Responsible, Severity

_LONGEST_NAME = 60


class Share(NamedTuple):
    """One part of a packed row: its cells, and what its key adds to the row's, '' for a row that is not packed."""

    suffix: str
    row: Mapping[str, Any]
    number: str | None = None
    doubts: tuple[Doubt, ...] = ()


def auditor(manifest: Manifest) -> Reader[None]:
    """Make ready what the manifest asks of a whole row before its cells mean anything.

    It refuses rows the manifest says are no data, and a row that does not say what every row must; what is odd is noted.
    """
    refused = [(rule, frozenset(rule.words)) for rule in manifest.refuse]
    note_doubts = doubter(manifest.doubts, manifest.volatile)
    required = [_requirer(rule) for rule in manifest.require]

    def audit(said: Said) -> None:
        for rule, words in refused:
            text = said.texts[rule.column] or ""
            if text in words or text.rstrip("0123456789 ") in words:
                reject(rule.rule, rule.column, text, rule.zh, rule.en)
        note_doubts(said)
        for require in required:
            require(said)

    return audit


def refuser(manifest: Manifest) -> Reader[None]:
    """Make ready what is refused of any source: a row that is none, and one with a column nobody decided about."""
    known = manifest.known_columns()

    def refuse(said: Said) -> None:
        _refuse_no_row(said)
        if not said.cells.keys() <= known:
            _refuse_unknown(said, known)

    return refuse


def _refuse_no_row(said: Said) -> None:
    """Refuse a line that did not fit its header (its cells stand under no name) and one that is blank all over."""
    if list(said.cells) == [""] and isinstance(said.cells[""], list):
        cells = said.cells[""]
        reject(
            "row.width",
            None,
            "|".join(str(cell) for cell in cells if cell),
            f"该行有 {len(cells)} 个单元格，与表头不符，可能缺列、错列或两条记录连在一行，请核对重报",
            f"{len(cells)} cells, not as many as the header has: cells are missing, or two records stand on one line",
        )
    if any(said.texts.values()):
        return
    for name, cell in said.cells.items():
        if isinstance(cell, dict | list) or said.texts[name] is not None:
            return
    reject("row.blank", None, None, "空行，没有任何内容", "a blank row: no cell says anything")


def _refuse_unknown(said: Said, known: Collection[str]) -> NoReturn:
    name = next(name for name in said.cells if name not in known)
    reject(
        "column.unknown",
        name,
        str(said.cells[name]),
        f"未登记的列 {name}，请在清单中映射或忽略",
        f"the column {name} is neither mapped nor ignored in the manifest",
        Responsible.HUB,
    )


def doubter(rules: Iterable[DoubtRule], besides: Collection[str]) -> Reader[None]:
    """Write down what is odd in the cells; those of a rule that drops say nothing from here on."""
    ready = [(rule, re.compile(rule.match).search) for rule in rules]

    def note_doubts(said: Said) -> None:
        for rule, search in ready:
            for name in rule.columns or [name for name in said.cells if name not in besides]:
                value = said.cells.get(name)
                if isinstance(value, str) and search(value):
                    severity = Severity.DROPPED if rule.drop else Severity.DOUBT
                    said.note(Doubt(rule.rule, " ".join(value.split()), rule.zh, rule.en), name, severity)
                    if rule.drop:
                        said.silence(name)

    return note_doubts


def _requirer(rule: RequireRule) -> Reader[None]:
    """Refuse a row that does not say what every row of its source must say.

    Where a cell that might have said it was dropped as odd, that oddity is the reason.
    """
    fits = re.compile(rule.form).fullmatch if rule.form is not None else bool

    def require(said: Said) -> None:
        texts = [said.texts[name] for name in rule.any_of]
        if any(text and fits(text) for text in texts):
            return
        for issue in said.issues:
            if issue.severity is Severity.DROPPED and issue.field in rule.any_of:
                reject(issue.rule, issue.field, issue.value, issue.zh, issue.en)
        reject(rule.rule, rule.any_of[0], next(filter(None, texts), None), rule.zh, rule.en)

    return require


def unpack(row: Mapping[str, Any], rule: PackedRule) -> list[Share]:
    """Give the parts of a row, in order; one share without a suffix where nothing is packed.

    A part is named by its number, one whose number is missing or stands twice by its content too; one that is empty in
    every column is none. Raises RecordRejected with rule `parts.disagree` when parallel columns hold different counts.
    """
    heads = {column_name(head): head for head in row}
    cells = {heads[name]: _parts(row[heads[name]], rule.by) for name in rule.columns if name in heads}
    counts = {head: len(values) for head, values in cells.items() if values}
    if len(set(counts.values())) > 1:
        raise RecordRejected(
            "parts.disagree",
            rule.number[0],
            "；".join(f"{head}: {count}" for head, count in counts.items()),
            "并列各栏的分项数不一致，无法对应到各宗地，请分宗地重报",
            "parallel columns hold different counts of parts: send one row per parcel",
        )
    every = [
        {head: values[place] if values else None for head, values in cells.items()}
        for place in range(max(counts.values(), default=0))
    ]
    parts = [part for part in every if any(part.values())]
    doubts = () if len(parts) == len(every) else (_empty(len(every), len(parts)),)
    if len(parts) < 2:
        return [
            Share("", {**row, **{head: cell for part in parts for head, cell in part.items()}}, None, doubts)
        ]
    named = [heads[name] for name in rule.number if name in heads]
    numbers = [next(filter(None, (part[head] for head in named)), "") for part in parts]
    often, seen = Counter(numbers), Counter[str]()
    shares = []
    for number, part in zip(numbers, parts, strict=True):
        alone = bool(number) and often[number] == 1 and len(number) <= _LONGEST_NAME
        name = number if alone else f"{number[:_LONGEST_NAME]}#{_short_hash(part)}"
        seen[name] += 1
        suffix = f"|{name}" if seen[name] == 1 else f"|{name}~{seen[name]}"
        odd = doubts if alone else (*doubts, _unnamed(number))
        shares.append(Share(suffix, {**row, **part}, number or None, odd))
    return shares


def _parts(cell: Any, by: str) -> list[str] | None:
    """Give the parts of a cell, None when it says nothing; a sign before the first part is no empty part."""
    if cell is None or says_nothing(str(cell)):
        return None
    return [part.strip() for part in str(cell).strip().removeprefix(by).split(by)]


def _short_hash(part: Mapping[str, Any]) -> str:
    return hashlib.blake2b(dumps(part), digest_size=6).hexdigest()


def _unnamed(number: str) -> Doubt:
    return Doubt(
        "parts.number_not_unique",
        number,
        "同一行内宗地编号缺失、重复或过长，按内容区分",
        "the part's number is missing, too long or stands twice in the row: its content tells it apart",
    )


def _empty(said: int, held: int) -> Doubt:
    return Doubt(
        "parts.empty",
        f"{said}: {held}",
        "并列各栏都有空的分项，未计入",
        "parts empty in every column are not counted",
    )
