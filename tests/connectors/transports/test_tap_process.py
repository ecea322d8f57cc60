from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import SourceChanged, SourceUnavailable
from connectors.transport_settings import SingerSettings
from connectors.transports import tap_process
from connectors.transports.tap_process import Call, command_in, lines, masked
from tests.connectors.transports.tapping import PROGRAM, Tap


@pytest.fixture
def tap(tmp_path: Path) -> Tap:
    return Tap(tmp_path)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tap_process, "GRACE_SECONDS", 0.2)
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < 30


def settings(**over: object) -> SingerSettings:
    given: dict[str, object] = {"kind": "singer", "variable": "HUB_TEST_TAP", "stream": "projects"}
    return SingerSettings.model_validate(given | over)


def run(tap: Tap, *secrets: str, **over: object) -> list[bytes]:
    call = Call((sys.executable, "-I", "-S", str(PROGRAM), str(tap.script)), {}, tap.script.parent, secrets)
    return [line for lot in lines(call, settings(**over)) for line in lot]


def test_lines_come_whole_and_a_last_one_without_an_end_counts_if_the_tap_ended_well(tap: Tap) -> None:
    assert run(tap.says('{"a": 1}', "", '{"b": "%s"}' % ("x" * 200_000), "!half {}")) == [
        b'{"a": 1}',
        b"",
        b'{"b": "%s"}' % (b"x" * 200_000),
        b"{}",
    ]


def test_output_that_breaks_off_in_a_line_is_no_end(tap: Tap) -> None:
    with pytest.raises(SourceUnavailable, match="middle of a line"):
        run(tap.says("{}", '!half {"type": "RECO'))


def test_a_failed_tap_is_told_with_the_end_of_its_log_and_no_secret(tap: Tap) -> None:
    tap.says(*("!log noise" for _ in range(5)), "!log cannot log in with s3cret-w0rd", "!exit 7")
    with pytest.raises(SourceUnavailable, match=r"ended with code 7: (?s:.*)log in with \*\*\*"):
        run(tap, "s3cret-w0rd")


def test_a_log_without_an_end_costs_neither_memory_nor_the_run(tap: Tap) -> None:
    tap.says("{}", "!log-for-ever")
    with pytest.raises(SourceUnavailable, match=r"did not end within 0.5 s") as caught:
        run(tap, deadline_seconds=0.5)
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("how", ["hang", "drip", "deaf", "close"])
def test_a_tap_that_falls_silent_is_ended(tap: Tap, how: str) -> None:
    tap.says("{}", *{"deaf": ["!deaf", "!hang"], "close": ["!close", "!hang"]}.get(how, [f"!{how}"]))
    with pytest.raises(SourceUnavailable, match=r"said nothing for 0.3 s"):
        run(tap, silence_seconds=0.3)


def test_a_line_without_an_end_is_cut_off(tap: Tap) -> None:
    with pytest.raises(SourceChanged, match="longer than 1000000 bytes"):
        run(tap.says("{}", "!long 100"), max_line_bytes=1_000_000)


@pytest.mark.parametrize("last", ["!exit 0", "!close"])
def test_what_a_tap_leaves_behind_holds_nobody_up(tap: Tap, last: str) -> None:
    begun = time.monotonic()
    assert run(tap.says("{}", "!child", last)) == [b"{}"]
    assert time.monotonic() - begun < 10


def test_a_tap_that_is_shot_says_by_what(tap: Tap) -> None:
    with pytest.raises(SourceUnavailable, match="ended by signal 9: it left no word"):
        run(tap.says("!kill"))


def test_a_tap_sees_nothing_of_the_hub_but_what_it_is_given(
    tap: Tap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    call = Call(
        (sys.executable, "-I", "-S", str(PROGRAM), str(tap.script)), {"TAP_REGION": "zz"}, tap.script.parent
    )
    list(lines(call, settings()))
    seen = tap.calls()[0]["environment"]
    assert seen["TAP_REGION"] == "zz"
    assert set(seen) <= {
        "TAP_REGION",
        "PATH",
        "TZ",
        "HOME",
        "TMPDIR",
        "LC_ALL",
        "PYTHONUTF8",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    }


@pytest.mark.parametrize("program", ["/nowhere/tap-x", "{folder}", "{text}"])
def test_a_tap_that_cannot_be_started_says_what_to_do(tmp_path: Path, program: str) -> None:
    text = tmp_path / "text"
    text.write_text("no program")
    call = Call((program.format(folder=tmp_path, text=text),), {}, tmp_path)
    with pytest.raises(SourceUnavailable, match=r"HUB_TEST_TAP to the tap's executable.*pip install"):
        list(lines(call, settings()))


@pytest.mark.parametrize("held", ["", "  ", '"unclosed'])
def test_a_variable_without_a_command_says_what_to_do(held: str) -> None:
    with pytest.raises(SourceUnavailable, match="HUB_TEST_TAP"):
        command_in(settings(), {"HUB_TEST_TAP": held})
    with pytest.raises(SourceUnavailable, match="HUB_TEST_TAP"):
        command_in(settings(), {})


def test_a_command_is_found_from_where_the_hub_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command_in(settings(), {"HUB_TEST_TAP": "bin/tap-x --fast 'a b'"}) == (
        f"{tmp_path}/bin/tap-x",
        "--fast",
        "a b",
    )
    assert command_in(settings(), {"HUB_TEST_TAP": "tap-x"}) == ("tap-x",)


def test_the_longer_of_two_secrets_is_masked_first() -> None:
    assert masked("abc abcdef", ("abc", "abcdef")) == "*** ***"
