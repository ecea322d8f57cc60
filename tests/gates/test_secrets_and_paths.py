from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.gates.tree import ROOT, tracked

# Written in pieces, so that this file does not name what it forbids.
HOSTS = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry.npm" + "js",
    "tuna.tsing" + "hua",
    "mirrors.ali" + "yun",
    "pypi.tu" + "na",
)
FORBIDDEN = {
    "the host of a package index": re.compile("|".join(re.escape(host) for host in HOSTS), re.IGNORECASE),
    "a path of one machine": re.compile(
        r"(?<![\w.$}~-])/(?:" + "wo" + r"rk|ho" + r"me|Us" + r"ers|ro" + r"ot)/[\w.]"
    ),
    "a private key": re.compile("-----BEGIN " + r"[A-Z ]*PRIVATE KEY-----"),
    "a cloud key": re.compile(r"\b(?:AK" + r"IA|AS" + r"IA)[0-9A-Z]{16}\b"),
    "a password in an address": re.compile(
        r"\bpostgres(?:ql)?(?:\+\w+)?://[^\s:/@{}<>]+:[^\s@{}<>$%*.…]{3,}@(?!localhost|127\.|db\b)"
    ),
    "a webhook secret": re.compile("wh" + r"sec_[A-Za-z0-9+/]{24,}"),
}
MAY = {"a webhook secret": ("tests",)}  # a throw-away secret signs the tests' own deliveries


def _breaks(text: str, path: Path) -> list[str]:
    rules = (what for what in FORBIDDEN if path.parts[0] not in MAY.get(what, ()))
    return [f"{path}: {what}: {found.group(0)}" for what in rules if (found := FORBIDDEN[what].search(text))]


def test_nothing_committed_names_an_index_a_machine_or_a_secret() -> None:
    found = []
    for path in tracked():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content[:8000]:
            found += _breaks(content.decode("utf-8", errors="replace"), path)
    assert not found, "\n".join(found)


def test_no_file_of_variables_is_committed() -> None:
    assert not [path for path in tracked() if path.name == ".env" or path.suffix in {".pem", ".key", ".p12"}]


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("the host of a package index", "--index-url https://" + HOSTS[0] + "/simple"),
        ("a path of one machine", "cd /" + "work/main"),
        ("a path of one machine", "data = '/" + "home/ann/data'"),
        ("a private key", "-----BEGIN " + "EC PRIVATE KEY-----"),
        ("a cloud key", "AK" + "IAABCDEFGHIJKLMNOP"),
        ("a password in an address", "postgresql://hub:" + "hunter2@example.org/hub"),
        ("a webhook secret", "wh" + "sec_" + "A" * 32),
    ],
)
def test_each_rule_bites(what: str, text: str) -> None:
    assert any(what in line for line in _breaks(text, Path("docs/guide.md")))


@pytest.mark.parametrize(
    "text", ["https://example.org/home/plan", "HUB_HOME=$HOME/root/hub", "postgresql://hub@localhost/hub"]
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert _breaks(text, Path("docs/guide.md")) == []
