"""Commands about the audit: whether it stands as it was sealed, and its heads to keep elsewhere."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from app.cli.hub import opened
from app.crypto import kept_audit_keys
from app.db import audit
from app.terminal import table


def verify(options: argparse.Namespace) -> int:
    """Tell what was changed since it was sealed; 1 where something was."""
    runtime, jurisdiction = opened(options)
    exported = _heads(Path(options.heads), jurisdiction) if options.heads else None
    with runtime.database.read() as connection:
        keys = kept_audit_keys(runtime.settings.home_folder)
        found = audit.verify(connection, jurisdiction, keys, exported)
        last = audit.last_head(connection, jurisdiction)
    if found:
        rows = [(fault.seal_no or "", fault.audit_id, fault.wrong) for fault in found]
        print(table(("seal", "row", "审计被改动 what is wrong"), list(rows)))
        return 1
    print(f"审计完好 the audit stands as it was sealed: {last[0] if last else 0} seals", file=sys.stderr)
    return 0


def seal(options: argparse.Namespace) -> None:
    """Seal what waits; a running worker does it every two seconds."""
    runtime, jurisdiction = opened(options)
    audit.seal_waiting(runtime.database, jurisdiction, kept_audit_keys(runtime.settings.home_folder))


def heads(options: argparse.Namespace) -> None:
    """Print the newest head as a line of JSON, to be kept where nobody of the database can write."""
    runtime, jurisdiction = opened(options)
    with runtime.database.read() as connection:
        last = audit.last_head(connection, jurisdiction)
    if last:
        print(json.dumps({"jurisdiction": jurisdiction, "seal": last[0], "head": last[1].hex()}))


def _heads(file: Path, jurisdiction: int) -> dict[int, bytes]:
    """The heads of a jurisdiction among lines of JSON, such as those of `hub audit heads` or of the worker's log."""
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        ours = isinstance(said, dict) and said.get("jurisdiction") == jurisdiction
        if ours and {"seal", "head"} <= said.keys():
            found[int(said["seal"])] = bytes.fromhex(said["head"])
    return found
