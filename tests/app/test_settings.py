from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.settings import Settings


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://hub@db.intranet/hub",
        "postgres://hub:p%40ss@[::1]:5432/hub",
        "postgresql+psycopg://postgres@/hub?host=/run/postgresql",
    ],
)
def test_every_spelling_of_a_postgresql_address_is_taken(address: str) -> None:
    assert Settings(database_url=address).database_url == address


@pytest.mark.parametrize("address", ["hub", "mysql://hub@db/hub", "postgresql://hub@db:port/hub"])
def test_what_names_no_postgresql_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="postgresql://user:…@host:5432/database"):
        Settings(database_url=address)
