"""The provider of identities a city logs in by: OpenID Connect with code, PKCE and nonce."""

from __future__ import annotations

import secrets
import threading
import time
from typing import Any, NamedTuple

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from httpx2 import HTTPError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.errors import NotAuthenticated, Unavailable

ALGORITHMS = ("RS256", "PS256", "ES256")
SECONDS = 5.0
"""How long the provider may take for one answer."""
_KNOWN_SECONDS = 600.0
_LEEWAY = 60
REFUSED = "the provider of identities did not say who this is; log in again"


class Attempt(NamedTuple):
    """A login on its way: what ties the answer to the question, and both to one browser."""

    state: str
    nonce: str
    verifier: str


def attempt() -> Attempt:
    """Give a fresh attempt."""
    return Attempt(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


class Provider:
    """One provider; what it says of itself is asked for again every ten minutes, and its keys when one is unknown."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, redirect: str) -> None:
        self.issuer = issuer.rstrip("/")
        self._client_id, self._client_secret, self._redirect = client_id, client_secret, redirect
        self._lock = threading.Lock()
        self._said: tuple[float, dict[str, Any]] | None = None
        self._keys: KeySet | None = None

    def address(self, made: Attempt) -> str:
        """Give where the browser goes to log in; raise Unavailable."""
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._about(client)["authorization_endpoint"],
                state=made.state,
                code_verifier=made.verifier,
                nonce=made.nonce,
            )
        return str(url)

    def subject(self, code: str, made: Attempt) -> str:
        """Give whom the provider says this is, by issuer and subject; raise NotAuthenticated or Unavailable."""
        with self._client() as client:
            about = self._about(client)
            try:
                told = client.fetch_token(
                    about["token_endpoint"],
                    code=code,
                    code_verifier=made.verifier,
                    grant_type="authorization_code",
                )
                claims = self._claims(client, about, str(told["id_token"]))
                jwt.JWTClaimsRegistry(
                    leeway=_LEEWAY,
                    iss={"essential": True, "value": about["issuer"]},
                    aud={"essential": True, "value": self._client_id},
                    exp={"essential": True},
                    nonce={"essential": True, "value": made.nonce},
                    sub={"essential": True},
                ).validate(claims)
            except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
                raise NotAuthenticated(REFUSED) from error
            except HTTPError as error:
                raise Unavailable(
                    "the provider of identities does not answer; try again in a few seconds"
                ) from error
        return f"{self.issuer}#{claims['sub']}"

    def _client(self) -> Any:
        return OAuth2Client(
            self._client_id,
            self._client_secret,
            redirect_uri=self._redirect,
            scope="openid",
            code_challenge_method="S256",
            timeout=SECONDS,
        )

    def _about(self, client: Any) -> dict[str, Any]:
        """What the provider says of itself, which must be the issuer that was asked."""
        with self._lock:
            if self._said and time.monotonic() < self._said[0]:
                return self._said[1]
            about: dict[str, Any] = self._asked(client, f"{self.issuer}/.well-known/openid-configuration")
            if str(about.get("issuer", "")).rstrip("/") != self.issuer:
                raise Unavailable("the provider of identities calls itself otherwise than HUB_OIDC_ISSUER")
            self._said, self._keys = (time.monotonic() + _KNOWN_SECONDS, about), None
            return about

    def _claims(self, client: Any, about: dict[str, Any], token: str) -> dict[str, Any]:
        for fresh in (False, True):
            if self._keys is None or fresh:
                self._keys = KeySet.import_key_set(self._asked(client, about["jwks_uri"]))
            try:
                return dict(jwt.decode(token, self._keys, algorithms=list(ALGORITHMS)).claims)
            except (JoseError, ValueError):
                if fresh:
                    raise
        raise AssertionError("the loop ends in one of its two turns")

    def _asked(self, client: Any, url: str) -> Any:
        try:
            answer = client.request("GET", url, withhold_token=True)
            answer.raise_for_status()
            return answer.json()
        except (HTTPError, ValueError) as error:
            raise Unavailable(
                "the provider of identities does not answer; try again in a few seconds"
            ) from error
