from __future__ import annotations

import time

import pytest

from connectors.secret_texts import holds_secrets, secrets_in, writings


def seen(text: str) -> list[str]:
    return [text[begin:end] for begin, end in secrets_in(text)]


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("https://h.example/x?api_key=KEY999&access_token=TT#top", ["KEY999", "TT"]),
        ("https://h.example/x?id=7&sig=ZZZ%2B1", ["ZZZ%2B1"]),
        ("http://u:hunter2@h.example/x", ["u:hunter2"]),
        ("postgresql://u:p@ss@h.example/x", ["u:p@ss"]),
        ("备注 token=SECRET9，请保密", ["SECRET9"]),
        ("登录密码：abc123。", ["abc123"]),
        ('{"appSecret": "q1w2"}', ["q1w2"]),
        ("Authorization: Bearer eyJh.bGci.x", ["eyJh.bGci.x"]),
    ],
)
def test_a_secret_is_found_by_the_name_before_it_or_its_place_in_an_address(
    text: str, secrets: list[str]
) -> None:
    assert seen(text) == secrets


@pytest.mark.parametrize(
    "text",
    [
        "https://h.example/x?page=2&size=50",
        "密码工程示范基地",
        "signed=2024-05-30",
        "key",
        "主键: 编号",
        "a@b.example",
    ],
)
def test_addresses_and_texts_without_a_secret_are_left_alone(text: str) -> None:
    assert seen(text) == []


def test_columns_of_secrets_are_known_by_their_names() -> None:
    assert all(map(holds_secrets, ["token", "accessToken", "API_KEY", "密码", "appSecret"]))
    assert not any(map(holds_secrets, ["keyword", "monkey", "signed_at", "项目代码", "XMBH"]))


def test_a_known_secret_is_found_in_its_other_writings() -> None:
    assert {"ask-the-bureau", "YXNrLXRoZS1idXJlYXU=", "YXNrLXRoZS1idXJlYXU"} <= writings("ask-the-bureau")
    assert "a%2Fb%26c" in writings("a/b&c")


@pytest.mark.parametrize("sign", ["key=", "a://", "key", "://", "@", "Bearer "])
def test_a_text_without_end_is_looked_through_at_once(sign: str) -> None:
    begun = time.process_time()
    list(secrets_in(sign * 50_000))
    assert time.process_time() - begun < 2
