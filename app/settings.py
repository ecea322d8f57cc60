"""What a deployment decides, read from `HUB_*` variables once at start and passed down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The hub's settings; each field is the variable `HUB_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore", frozen=True)

    home: Path = Path("~/.lifecycle-hub")
    """Where the embedded database and working files live."""
    database_url: str | None = None
    """Any PostgreSQL ≥ 15; without it the embedded server under `home` is used."""
    jurisdiction: int = 430200
    """The city served when a command or request names none (its adcode)."""
    connected: str = "commerce,land,housing"
    """Departments that owe their own proof of a stage; the others' stages are closed by citation until they join."""
    connectors: str = ""
    """Folders of further departments, separated like PATH."""
    host: str = "127.0.0.1"
    port: int = 8020
    push_limit: int = 1_048_576
    """Largest push accepted, in bytes."""
    oidc_issuer: str = ""
    """The provider of identities that people log in by; its client secret stands in HUB_OIDC_CLIENT_SECRET."""
    oidc_client_id: str = ""
    oidc_redirect: str = ""
    """Where the provider sends browsers back to: https://<this hub>/api/v1/login/callback."""
    rate_per_key: Annotated[float, Field(ge=0)] = 500
    """Requests a second that one key may make of each API process on average, twice as many at once; 0 for any number."""
    pool_size: int = 8
    """Database connections per process; processes × this must stay below max_connections."""
    batch: int = 1_000
    """Raw records derived at once; they are computed without a lock and written under one hold (decision 0008)."""
    worker_processes: Annotated[int, Field(ge=1, le=3)] = 2
    """Processes of a worker of all roles (decision 0014): 2 for two cores, 3 for more, 1 where memory counts more."""
    followers: Annotated[int, Field(ge=1)] = 500
    """How many may follow the changes at once in one process, by streams or by waiting."""
    changes_days: Annotated[int, Field(ge=7)] = 30
    """How long changes are kept for who follows; who comes later takes all projects anew."""
    log_level: str = "INFO"

    @field_validator("database_url")
    @classmethod
    def _is_a_postgresql(cls, address: str | None) -> str | None:
        """Refuse what names no PostgreSQL here, where it can be said which variable is wrong; the address may hold a secret."""
        if address:
            try:
                parts = urlsplit(address)
                _ = parts.port
            except ValueError:
                parts = urlsplit("")
            if parts.scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
                raise ValueError("an address looks like postgresql://user:…@host:5432/database")
        return address

    @property
    def connected_departments(self) -> frozenset[str]:
        """Give `connected` as a set."""
        return frozenset(name.strip() for name in self.connected.split(",") if name.strip())

    @property
    def home_folder(self) -> Path:
        """Give `home` as an absolute path."""
        return self.home.expanduser().resolve()
