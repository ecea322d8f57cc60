"""Telling secrets from data: names that say one follows, addresses that hold one, and other writings of a known one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote

from connectors.columns import column_name

_WORD = (
    r"[A-Za-z0-9_.-]{0,30}(?:key|token|secret|password|passwd|pwd|signature|sig|sign|credential|cookie|jsessionid)"
    r"|密码|口令|密钥|令牌|秘钥|验证码|提取码"
)
_VALUE = "[^\\s&;,\"'<>{}\\[\\]#\u3001\u3002\uff08-\uff1f\u4e00-\u9fff]+"
_SAID = re.compile(
    rf"(?<![A-Za-z0-9])(?:{_WORD})[\"']?\s{{0,3}}[=:：＝]\s{{0,3}}[\"']?({_VALUE})", re.IGNORECASE
)
_USER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://([^\s/?#@]{1,200}(?:@[^\s/?#@]{1,200})*)@")
_HEADER = re.compile(r"\b(?:Bearer|Basic)\s{1,3}([A-Za-z0-9._~+/=-]{4,})", re.IGNORECASE)
_COLUMN = re.compile(
    r"(?:^|_)(?:token|secret|password|passwd|pwd|(?:api|access|app|secret)_?key|authorization|cookie|credential|signature)"
    r"(?:_|$)|密码|口令|密钥|令牌|秘钥"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=4096)
def holds_secrets(column: str) -> bool:
    """Tell whether a column's name says that it holds secrets: token, apiKey, 密码."""
    return bool(_COLUMN.search(_HUMP.sub("_", column_name(column)).lower()))


def secrets_in(text: str) -> Iterator[tuple[int, int]]:
    """Give the places of a text where a secret stands: after `token=`, `sig=`, `Bearer`, and before the @ of an address."""
    for form in (_USER, _SAID, _HEADER):
        for found in form.finditer(text):
            yield found.span(1)


def writings(secret: str) -> set[str]:
    """Give the texts a secret may be written as: as it is, escaped for an address, in base64."""
    made = {secret, quote(secret, safe="")}
    for coded in (base64.b64encode(secret.encode()), base64.urlsafe_b64encode(secret.encode())):
        made |= {coded.decode(), coded.decode().rstrip("=")}
    return made
