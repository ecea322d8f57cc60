"""A reconciliation as it is answered: checked against the known sources, and sealed by its own hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from app.db import reconciliation
from app.db.session import Connection
from app.errors import NotFound
from connectors.manifest import Manifest
from schemas.api.desk import Inventory, Reconciliation


def reconcile(
    connection: Connection, jurisdiction: int, manifests: Mapping[str, Manifest], inventory: Inventory
) -> Reconciliation:
    """Reconcile one source; raise NotFound when the hub knows no such source."""
    if inventory.source not in manifests:
        raise NotFound(f"no source {inventory.source}; see /api/v1/sources")
    result = reconciliation.reconcile(connection, jurisdiction, inventory)
    said = result.model_dump_json(exclude={"sha256"}).encode()
    return result.model_copy(update={"sha256": hashlib.sha256(said).hexdigest()})
