from __future__ import annotations

from collections.abc import Callable

from tests.app.house import hub


def test_a_migrated_database_passes_the_check(says: Callable[..., str]) -> None:
    says("db", "upgrade")
    says("db", "check")


def test_an_empty_database_is_brought_to_this_version_and_its_address_is_given(
    empty_database_url: str,
) -> None:
    for words in (("db", "check"), ("db", "upgrade"), ("rebuild",)):
        done = hub(*words, HUB_DATABASE_URL=empty_database_url)
        assert done.returncode == 0, done.stderr
    assert hub("db", "url", HUB_DATABASE_URL=empty_database_url).stdout.strip() == empty_database_url
