"""What a parser says when a text is odd (a doubt) or beyond it (not understood)."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Doubt(NamedTuple):
    """A text was read, but something in it was changed, dropped or hard to believe."""

    rule: str
    """Permanent name of the rule, such as `money.sentinel_zero`."""
    value: str
    """The text as it was said."""
    zh: str
    en: str
    minor: bool = False
    """True for what is only worth a note: nothing about the value is in doubt."""


class Parsed(NamedTuple, Generic[T]):
    """What a text means, with the doubts met on the way."""

    value: T
    doubts: tuple[Doubt, ...] = ()


class NotUnderstood(ValueError):
    """The text cannot be read: the caller rejects the record or drops the field with an issue."""

    def __init__(self, rule: str, value: str, zh: str, en: str) -> None:
        super().__init__(f"{rule}: {en} ({value!r})")
        self.doubt = Doubt(rule, value, zh, en)
