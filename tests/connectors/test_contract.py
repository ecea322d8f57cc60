from __future__ import annotations

import pytest

from connectors.testing import broken, check, feeds


@pytest.mark.parametrize("feed", feeds())
def test_every_feed_keeps_the_contract(feed: str) -> None:
    assert broken(check(feed)) == []
