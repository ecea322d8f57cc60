"""How a request says who we are. Signed kinds (HMAC-SHA256, HMAC-SM3 over the request) take their place here."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from connectors.errors import AuthFailed
from connectors.transport_settings import Auth


def headers_for(auth: Auth, variables: Mapping[str, str]) -> dict[str, str]:
    """Give the headers a source wants; raise AuthFailed when the variable that holds the secret is not set."""
    if auth.kind == "none" or auth.variable is None:
        return {}
    secret = variables.get(auth.variable)
    if not secret:
        raise AuthFailed(
            f"未设置变量 {auth.variable}: set the variable {auth.variable}, which holds the credentials"
        )
    if auth.kind == "bearer":
        return {auth.header: f"Bearer {secret}"}
    if auth.kind == "basic":
        return {auth.header: f"Basic {base64.b64encode(secret.encode()).decode('ascii')}"}
    return {auth.header: secret}
