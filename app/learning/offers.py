"""Models that may be published: what scores now, and what somebody offers instead: a file, a former one or the shipped one."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from app.db import rule_sets
from app.db.session import Connection
from app.errors import BadRequest
from app.pipeline.matching.model import Model
from app.pipeline.matching.published import FEATURES, checked
from app.pipeline.matching.score import MODEL
from app.pipeline.scoring import fits

SHIPPED = "shipped"


class Offer(NamedTuple):
    """A model with its file, None for the shipped one, and the name of its content, '' for the shipped one."""

    model: Model
    text: str | None
    fingerprint: str


def in_force(connection: Connection, jurisdiction: int) -> tuple[int, Offer]:
    """Give the model published last, with its number: it scores, or will once everything is derived anew."""
    for one in rule_sets.published(connection, jurisdiction, 1):
        if one.model is not None and fits(one):
            return one.number, Offer(checked(one.model), one.model, one.fingerprint)
        return one.number, Offer(MODEL, None, one.fingerprint)
    return rule_sets.SHIPPED, Offer(MODEL, None, "")


def offered(connection: Connection, jurisdiction: int, what: str) -> Offer:
    """Give what a person names: `shipped`, the number of a published one, or a file; raise BadRequest for none."""
    if what == SHIPPED:
        return Offer(MODEL, None, "")
    if what.isascii() and what.isdigit():
        former = rule_sets.read(connection, jurisdiction, int(what))
        if not fits(former):
            raise BadRequest(
                f"第 {what} 号模型的比较项与本版本不同，请重新训练 model {what} was learned on what another version compared:"
                " train anew"
            )
        return Offer(MODEL, None, "") if former.model is None else _read(former.model, f"model {what}")
    try:
        text = Path(what).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise BadRequest(f"无法读取 cannot read {what}: {error}") from error
    return _read(text, what)


def _read(text: str, name: str) -> Offer:
    try:
        model = checked(text)
    except ValueError as error:
        raise BadRequest(f"不是可用的模型文件 {name} is no model file: {error}") from error
    return Offer(model, text, blake2b(f"{FEATURES}\0{text}".encode(), digest_size=16).hexdigest())


def receipt(before: Offer, after: Offer) -> str:
    """Name what a person has read the consequences of: one model in the place of another."""
    return blake2b(f"{before.fingerprint}\0{after.fingerprint}".encode(), digest_size=4).hexdigest()
