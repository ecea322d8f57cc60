"""What a pushed message must be before it is kept: signed by its source and now, of an id that can be kept, within quota.

The door and its declared twin ask the same questions here, in the same order, and give the same answers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from app.access.pace import Pace
from app.api.hub import Hub
from app.db.pushes import Kept, Push, Status, digest
from app.errors import BadRequest, Conflict, NotAuthenticated, TooMany, Unprocessable
from app.pipeline.check import check_message, report
from connectors.signatures import SignatureRefused, secret_bytes, signer
from connectors.transport_settings import Push as PushRules
from schemas.api.deliveries import Receipt
from schemas.checks import CheckReport

REFUSED = "the source is unknown, or the message is not signed with its secret or not now"
LONGEST_ID, LONGEST_HEADER, MOST_EVENT_HEADERS = 200, 1000, 20
USE_SECONDS = 60.0
MOST_FAULTS = 20
ID, STAMP, SIGNATURE, KIND = b"webhook-id", b"webhook-timestamp", b"webhook-signature", b"content-type"
SIGNED = (ID, STAMP, SIGNATURE)
KEPT = (*SIGNED, KIND)
EVENT = b"ce-specversion"
"""What every CloudEvent in binary mode says; its other attributes stand in headers beside it."""
_PLAIN = b"{%b}" % b",".join(b'"%b":"%%b"' % name for name in KEPT)
_QUOTES = _PLAIN.count(b'"')

Headers = Sequence[tuple[bytes, bytes]]


class Keyring(NamedTuple):
    """The secrets that sign for a source in one jurisdiction, with the variables they stand in."""

    variables: tuple[str, ...]
    keys: tuple[bytes, ...]


class Sender(NamedTuple):
    """A source as one jurisdiction knows it that may push: what its messages must keep to, and what signs them."""

    rules: PushRules
    ring: Keyring
    pace: Pace | None


class Receiving:
    """What one process knows of those who push to its hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._senders: dict[tuple[int, str], Sender] = {}
        self._noted: dict[tuple[int, str, str], float] = {}
        pushed = {key: manifest.push for key, manifest in hub.manifests.items() if manifest.push}
        self._limits = {key: push.max_bytes for key, push in pushed.items() if push.max_bytes}
        self._strict = {key for key, push in pushed.items() if push.strict}

    def limit(self, source: str) -> int:
        """Give how many bytes a message of a source may have."""
        return self._limits.get(source, self._hub.settings.push_limit)

    def strict(self, source: str) -> bool:
        """Say whether messages of a source are read before they are taken."""
        return source in self._strict

    def verified(
        self, jurisdiction: int, source: str, headers: Headers, body: bytes, sender: str
    ) -> tuple[Push, str]:
        """Give a message one of the source's secrets has signed, and the variable of that secret.

        Raises NotAuthenticated, which sounds alike for all; BadRequest for an id that cannot be kept; TooMany over quota.
        """
        known = self._senders.get((jurisdiction, source)) or self._meet(jurisdiction, source)
        said = dict(headers)
        if known is None or (len(said) < len(headers) and _said_twice(headers)):
            raise NotAuthenticated(REFUSED)
        try:
            place = signer(
                known.ring.keys,
                said.get(ID, b""),
                said.get(STAMP, b""),
                said.get(SIGNATURE, b""),
                body,
                time.time(),
                known.rules.tolerance_seconds,
            )
        except SignatureRefused as error:
            raise NotAuthenticated(REFUSED) from error
        message_id = said[ID].decode("utf-8", "replace")
        if len(message_id) > LONGEST_ID or not message_id.isprintable() or "\ufffd" in message_id:
            raise BadRequest(f"webhook-id: at most {LONGEST_ID} printable characters")
        if known.pace is not None and (wait := known.pace.take(source, time.monotonic())):
            raise TooMany(f"{source} may send {known.rules.per_minute} messages a minute", wait)
        return Push(source, message_id, _kept(said), body, digest(body), sender), known.ring.variables[place]

    def to_note(self, jurisdiction: int, source: str, variable: str) -> bool:
        """Say whether the use of a secret is to be noted now: once a minute is often enough."""
        now, at = time.monotonic(), (jurisdiction, source, variable)
        if now - self._noted.get(at, -USE_SECONDS) < USE_SECONDS:
            return False
        self._noted[at] = now
        return True

    def _rules(self, source: str) -> PushRules | None:
        manifest = self._hub.manifests.get(source)
        return manifest.push if manifest else None

    def _meet(self, jurisdiction: int, source: str) -> Sender | None:
        rules = self._rules(source)
        if rules is None:
            return None
        ring = keyring(self._hub, jurisdiction, rules.secrets)
        quota = rules.per_minute
        sender = Sender(rules, ring, Pace(quota / 60, quota) if quota else None)
        # anybody may ask under any jurisdiction: only those that can be signed for are remembered
        if ring.keys:
            self._senders[jurisdiction, source] = sender
        return sender


def keyring(hub: Hub, jurisdiction: int, names: Sequence[str]) -> Keyring:
    """Give the secrets that stand in variables of these names: `NAME_<jurisdiction>`, or plain `NAME` at home.

    A department of one city must not be able to sign for another.
    """
    variables = [f"{name}_{jurisdiction}" for name in names]
    if jurisdiction == hub.settings.jurisdiction:
        variables += names
    found = {name: secret_bytes(hub.variables.get(name, "")) for name in variables}
    usable = {name: key for name, key in found.items() if key}
    return Keyring(tuple(usable), tuple(usable.values()))


def checked(hub: Hub, jurisdiction: int, push: Push, most: int) -> CheckReport:
    """Tell what would become of a message, with `most` of its rows that have something to tell."""
    headers = msgspec.json.decode(push.headers, type=dict[str, str])
    return report(check_message(hub.rules, jurisdiction, push.source, headers, push.body), most)


def refuse_faulty(hub: Hub, jurisdiction: int, push: Push) -> None:
    """Read a message as the corridor would; raise Unprocessable where a row of it would be refused."""
    told = checked(hub, jurisdiction, push, MOST_FAULTS)
    if not told.ok:
        raise Unprocessable(
            f"{told.totals.rejected + told.totals.unreadable} of {told.totals.received} rows would be refused;"
            " nothing of the message is kept",
            [
                (f"rows.{row.row_no}", f"{fault.rule}: {fault.zh} / {fault.en}")
                for row in told.rows
                if row.outcome != "accepted"
                for fault in row.faults
            ],
        )


def receipt(push: Push, kept: Kept) -> Receipt:
    """Give the receipt of a message; raise Conflict for one that contradicts what came under its id."""
    if kept.status is Status.CONTRADICTS:
        raise Conflict(contradiction(push, kept))
    return Receipt(delivery=kept.delivery_no, sha256=push.sha256.hex(), status=kept.status.value)


def contradiction(push: Push, kept: Kept) -> str:
    """Say what a sender is told who used an id twice."""
    return (
        f"message {push.message_id!r} came before with another body, as delivery {kept.delivery_no};"
        " the hub keeps both and takes the first: send what is new under a new id"
    )


def _said_twice(headers: Headers) -> bool:
    """Say whether a header that is signed stands twice: which of them was meant nobody can tell."""
    names = [name for name, _ in headers]
    return any(names.count(name) > 1 for name in SIGNED)


def _kept(said: Mapping[bytes, bytes]) -> bytes:
    """Give the headers that are kept, as JSON; most are written as they are, for nothing in them needs another form."""
    if EVENT not in said and KIND in said:
        plain = _PLAIN % (said[ID], said[STAMP], said[SIGNATURE], said[KIND])
        if (
            plain.count(b'"') == _QUOTES
            and len(plain) < LONGEST_HEADER
            and b"\\" not in plain
            and _shows(plain)
        ):
            return plain
    kept = {name: said[name] for name in KEPT if name in said}
    if EVENT in said:
        kept |= {name: said[name] for name in islice(filter(_of_event, said), MOST_EVENT_HEADERS)}
    shown = {name: value[:LONGEST_HEADER].decode("latin-1") for name, value in kept.items()}
    return msgspec.json.encode({name.decode(): value.replace("\0", "") for name, value in shown.items()})


def _shows(text: bytes) -> bool:
    return text.isascii() and text.decode().isprintable()


def _of_event(name: bytes) -> bool:
    return name.startswith(b"ce-") and len(name) < LONGEST_ID
