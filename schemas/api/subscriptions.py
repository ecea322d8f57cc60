"""Subscriptions to the changes, and what became of the messages sent for them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.api.changes import ChangeNumber, Kind
from schemas.api.shapes import District, Paged, Words
from schemas.base import Schema

Url = Annotated[str, StringConstraints(min_length=8, max_length=2000, pattern=r"^https?://[\x21-\x7e]+$")]
MessageState = Literal["waiting", "taken", "given_up"]


class NewSubscription(Schema):
    """Who wants to be told of changes: where, of which kinds and districts (none named: all), from which number on.

    `most` changes are told in one message; without `after` it begins with the next change.
    """

    name: Words
    url: Url
    kinds: Annotated[tuple[Kind, ...], Field(max_length=10)] = ()
    districts: Annotated[tuple[District, ...], Field(max_length=200)] = ()
    most: Annotated[int, Field(ge=1, le=100)] = 50
    after: ChangeNumber | None = None


class SubscriptionView(Schema):
    """A subscription and how it stands: changes up to `place` were made into messages.

    `reason` of a disabled one: `gone` (the receiver answered 410), `failing` (it took nothing for five days) or
    `behind_the_feed` (its place is kept no more).
    """

    subscription_id: str
    name: str
    url: str
    kinds: tuple[str, ...]
    districts: tuple[str, ...]
    most: int
    state: Literal["active", "paused", "disabled"]
    reason: Literal["gone", "failing", "behind_the_feed"] | None
    place: int
    failing_since: datetime | None
    next_at: datetime
    created_by: str
    created_at: datetime
    former_until: datetime | None


class SubscriptionSecret(SubscriptionView):
    """A subscription with its secret, which is shown this once; a former one holds until `former_until`."""

    secret: str


class ReplayFrom(Schema):
    """From which number on changes are sent again."""

    after: ChangeNumber


class MessageQuery(Paged):
    """Which messages, newest first."""

    state: MessageState | None = None


class MessageView(Schema):
    """A message: the changes it tells of, and what became of it. Its id is the `webhook-id` the receiver sees."""

    message_id: str
    first_no: int
    last_no: int
    changes: int
    state: MessageState
    attempts: int
    created_at: datetime
    ended_at: datetime | None


class AttemptView(Schema):
    """One attempt to send a message: the receiver's status, or what stood in the way of one."""

    attempt_no: int
    at: datetime
    status: int | None
    milliseconds: int
    error: str | None


class Attempts(Schema):
    """Every attempt to send a message."""

    items: tuple[AttemptView, ...]
