"""A provider of identities over real HTTP: discovery, keys, and tokens for codes that were given out."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "hub", "client secret"


class Identities:
    """What the provider knows and does; a test may have it lie."""

    def __init__(self, url: str) -> None:
        self.issuer = url
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self.signing = self.key
        self.claims: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}

    def log_in(self, address: str, sub: str = "sub-1") -> str:
        """Do what a person does at the address the hub led to, and give the code the browser takes back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**asked, "sub": sub}
        return code

    def told(self, path: str, form: dict[str, str], authorization: str) -> Any:
        """Answer a request, None for what is refused."""
        match path:
            case "/.well-known/openid-configuration":
                names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                return {
                    "issuer": self.issuer,
                    **{name: f"{self.issuer}/{end}" for name, end in names.items()},
                }
            case "/keys":
                return {"keys": [self.key.as_dict(private=False)]}
            case "/token":
                return self._token(form, authorization)
        return None

    def _token(self, form: dict[str, str], authorization: str) -> Any:
        asked = self.codes.pop(form.get("code", ""), None)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or authorization.replace("%20", " ") not in {basic, _quoted()}:
            return None
        if asked["code_challenge"] != challenge.decode().rstrip("="):
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": asked["sub"], "nonce": asked["nonce"]}
        signed = jwt.encode(
            {"alg": "RS256", "kid": "1"}, {**claims, "iat": now, "exp": now + 60, **self.claims}, self.signing
        )
        return {"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": signed}


def _quoted() -> str:
    return "Basic " + base64.b64encode(f"{CLIENT}:client%20secret".encode()).decode()


@contextmanager
def identities() -> Iterator[Identities]:
    """Serve a provider until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def _answer(self, form: dict[str, str]) -> None:
            said = provider.told(self.path, form, self.headers.get("authorization", ""))
            body = json.dumps(said or {"error": "invalid_grant"}).encode()
            self.send_response(200 if said else 400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Identities(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
