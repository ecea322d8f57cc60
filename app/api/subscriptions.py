"""Subscriptions: who is told of changes by signed messages, and what became of these; an admin's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, TypeAdapter

from app.api.errors import problems
from app.api.hub import Caller, Hub, HubDep
from app.api.paging import listed, place
from app.db import messages, subscriptions
from app.errors import BadRequest
from connectors.egress import EgressRefused, check_url
from schemas.api.shapes import Asked, Listed, Paged, PublicId
from schemas.api.subscriptions import (
    Attempts,
    MessageQuery,
    MessageView,
    NewSubscription,
    ReplayFrom,
    SubscriptionSecret,
    SubscriptionView,
)

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])

SubscriptionId = Annotated[PublicId, Path(description="A subscription's id")]
MessageId = Annotated[PublicId, Path(description="A message's id, which its receiver sees as `webhook-id`")]
AskedQuery = Annotated[Asked, Query()]
LAST: TypeAdapter[str] = TypeAdapter(PublicId)
LAST_MESSAGE: TypeAdapter[tuple[datetime, str]] = TypeAdapter(tuple[AwareDatetime, PublicId])


@router.post("", operation_id="add_subscription", status_code=201, responses=problems(401, 403, 410))
def add_subscription(
    wanted: NewSubscription, hub: HubDep, caller: Caller, query: AskedQuery
) -> SubscriptionSecret:
    """Let a receiver be told of changes; the secret its messages are signed with is shown this once."""
    try:
        check_url(wanted.url)
    except EgressRefused as error:
        raise BadRequest(str(error), faults=[("body.url", str(error))]) from error
    view, secret = hub.write(subscriptions.add, hub.place(query.jurisdiction, caller), wanted, caller.name)
    return SubscriptionSecret(**dict(view), secret=secret)


@router.get("", operation_id="list_subscriptions", responses=problems(401, 403))
def list_subscriptions(
    request: Request, hub: HubDep, caller: Caller, query: Annotated[Paged, Query()]
) -> Listed[SubscriptionView]:
    """Give the subscriptions with how each stands."""
    at, after = hub.place(query.jurisdiction, caller), place(LAST, query.cursor)
    found = hub.read(subscriptions.listing, at, after, query.limit + 1)
    return listed(request, found, query.limit, LAST, lambda item: item.subscription_id)


@router.get("/{subscription_id}", operation_id="read_subscription", responses=problems(401, 403, 404))
def read_subscription(subscription_id: SubscriptionId, hub: HubDep, caller: Caller) -> SubscriptionView:
    """Give one subscription."""
    return hub.read(subscriptions.read, hub.place_of(subscription_id, caller), subscription_id)


@router.delete(
    "/{subscription_id}",
    operation_id="remove_subscription",
    status_code=204,
    responses=problems(401, 403, 404),
)
def remove_subscription(subscription_id: SubscriptionId, hub: HubDep, caller: Caller) -> Response:
    """End a subscription, with all that is kept of what was sent."""
    hub.write(subscriptions.remove, hub.place_of(subscription_id, caller), subscription_id)
    return Response(status_code=204)


@router.post(
    "/{subscription_id}/secret", operation_id="rotate_subscription_secret", responses=problems(401, 403, 404)
)
def rotate_subscription_secret(
    subscription_id: SubscriptionId, hub: HubDep, caller: Caller
) -> SubscriptionSecret:
    """Give a new secret, shown this once; for a day messages are signed with the former one as well."""
    view, secret = hub.write(subscriptions.rotate, hub.place_of(subscription_id, caller), subscription_id)
    return SubscriptionSecret(**dict(view), secret=secret)


@router.post("/{subscription_id}/pause", operation_id="pause_subscription", responses=problems(401, 403, 404))
def pause_subscription(subscription_id: SubscriptionId, hub: HubDep, caller: Caller) -> SubscriptionView:
    """Send nothing more until it is enabled again; its place in the feed stands."""
    return hub.write(subscriptions.pause, hub.place_of(subscription_id, caller), subscription_id)


@router.post(
    "/{subscription_id}/enable", operation_id="enable_subscription", responses=problems(401, 403, 404, 410)
)
def enable_subscription(subscription_id: SubscriptionId, hub: HubDep, caller: Caller) -> SubscriptionView:
    """Send again from where it stands, at once."""
    return hub.write(subscriptions.enable, hub.place_of(subscription_id, caller), subscription_id)


@router.post(
    "/{subscription_id}/replay", operation_id="replay_subscription", responses=problems(401, 403, 404, 410)
)
def replay_subscription(
    subscription_id: SubscriptionId, wanted: ReplayFrom, hub: HubDep, caller: Caller
) -> SubscriptionView:
    """Send again all changes behind a number, behind what is on its way."""
    return hub.write(
        subscriptions.replay, hub.place_of(subscription_id, caller), subscription_id, wanted.after
    )


@router.get("/{subscription_id}/messages", operation_id="list_messages", responses=problems(401, 403, 404))
def list_messages(
    subscription_id: SubscriptionId,
    request: Request,
    hub: HubDep,
    caller: Caller,
    query: Annotated[MessageQuery, Query()],
) -> Listed[MessageView]:
    """Give the messages sent for a subscription, newest first."""
    at, after = hub.place_of(subscription_id, caller), place(LAST_MESSAGE, query.cursor)
    found = hub.read(messages.listing, at, subscription_id, query, after, query.limit + 1)
    return listed(request, found, query.limit, LAST_MESSAGE, lambda item: (item.created_at, item.message_id))


@router.get(
    "/{subscription_id}/messages/{message_id}/attempts",
    operation_id="list_attempts",
    responses=problems(401, 403, 404),
)
def list_attempts(
    subscription_id: SubscriptionId, message_id: MessageId, hub: HubDep, caller: Caller
) -> Attempts:
    """Give every attempt to send a message, with the receiver's status and how long it took."""
    at = hub.place_of(subscription_id, caller)
    return _attempts(hub, at, subscription_id, message_id)


@router.post(
    "/{subscription_id}/messages/{message_id}/resend",
    operation_id="resend_message",
    status_code=202,
    responses=problems(401, 403, 404),
)
def resend_message(
    subscription_id: SubscriptionId, message_id: MessageId, hub: HubDep, caller: Caller
) -> Attempts:
    """Send a message again at once; gives its attempts so far."""
    at = hub.place_of(subscription_id, caller)
    hub.write(messages.resend, at, subscription_id, message_id)
    return _attempts(hub, at, subscription_id, message_id)


@router.post(
    "/{subscription_id}/messages/{message_id}/give-up",
    operation_id="give_up_message",
    responses=problems(401, 403, 404),
)
def give_up_message(
    subscription_id: SubscriptionId, message_id: MessageId, hub: HubDep, caller: Caller
) -> Attempts:
    """Let a message go that its receiver never takes, so that those behind it are sent; gives its attempts."""
    at = hub.place_of(subscription_id, caller)
    hub.write(messages.give_up, at, subscription_id, message_id)
    return _attempts(hub, at, subscription_id, message_id)


def _attempts(hub: Hub, jurisdiction: int, subscription_id: str, message_id: str) -> Attempts:
    return Attempts(items=tuple(hub.read(messages.attempts, jurisdiction, subscription_id, message_id)))
