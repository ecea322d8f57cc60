from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path


def test_what_was_done_by_command_is_sealed_and_its_head_can_be_kept_elsewhere(
    says: Callable[..., str], refuses: Callable[..., str], tmp_path: Path
) -> None:
    says("keys", "add", "watcher", "--role", "audit_admin")
    says("audit", "seal")
    head = says("audit", "heads")
    said = json.loads(head)
    assert said["seal"] >= 1
    kept = tmp_path / "heads"
    kept.write_text(f"not json\n{head}", encoding="utf-8")
    says("audit", "verify", "--heads", str(kept))
    kept.write_text(json.dumps({**said, "seal": said["seal"] + 1}), encoding="utf-8")
    assert refuses("audit", "verify", "--heads", str(kept)) is not None
