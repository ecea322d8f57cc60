"""Commands about encryption at rest: a new key, and memory sealed anew."""

from __future__ import annotations

import argparse
import sys

from app.cli.hub import opened
from app.crypto import new_key
from app.db.reseal import reseal
from app.db.seal import ring
from app.errors import BadRequest


def secret(options: argparse.Namespace) -> None:
    """Print a fresh key in the form that HUB_SEAL_KEYS and HUB_AUDIT_KEYS take."""
    print(new_key(options.kind, options.id or ""))


def again(options: argparse.Namespace) -> None:
    """Write all that is sealed under the key in use."""
    if ring() is None and not options.open:
        raise BadRequest("HUB_SEAL_KEYS gives no key; --open writes memory without encryption again")
    runtime, jurisdiction = opened(options)
    looked_at = written = 0
    for _, seen, done in reseal(runtime.url, jurisdiction):
        looked_at, written = looked_at + seen, written + done
    print(f"已重新加密 sealed anew: {written} of {looked_at}", file=sys.stderr)
