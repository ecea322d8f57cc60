from __future__ import annotations

import re
from collections.abc import Callable


def test_a_key_is_shown_once_listed_without_its_secret_and_taken_back(
    says: Callable[..., str], refuses: Callable[..., str]
) -> None:
    key = says(
        "keys", "add", "clerk", "--role", "reviewer", "--department", "all", "--district", "430204"
    ).strip()
    assert re.fullmatch(r"hub_[a-z0-9]{8}_\S{40,}", key)
    number = key.split("_")[1]
    listed = says("keys", "list")
    assert re.search(rf"{number} +clerk +reviewer +\* +430204", listed)
    assert key.split("_", 2)[2] not in listed
    says("keys", "revoke", number)
    [line] = [line for line in says("keys", "list").splitlines() if number in line]
    assert re.search(r"20\d\d-\d\d-\d\d", line), "revoked at"
    assert "nobody" in refuses("keys", "revoke", "nobody")
    assert "role" in refuses("keys", "add", "other", "--role", "nonsense")
    assert "district" in refuses("keys", "add", "other", "--role", "reader")
