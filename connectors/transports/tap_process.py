"""A Singer tap as a child process: what it writes, within limits, and how it ended. It knows nothing of the messages.

The tap leads a process group of its own, which is killed however a run ends, and sees nothing of the hub's environment.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import SourceChanged, SourceUnavailable
from connectors.transport_settings import SingerSettings

BEAT_SECONDS = 10.0
"""How long the caller waits at most before it hears something, be it that nothing came."""
GRACE_SECONDS = 2.0
"""What a tap gets to end by itself before it is killed."""
_TICK, _SOON = 1.0, 0.02
_PIECE = 65536
_HEARD_BYTES, _TOLD = 16384, 1200
"""How much is kept of what a tap says about itself, and how much of that an error shows."""
_PASSED = ("PATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True)
class Call:
    """One way to run a tap: its command, the variables it may see, the folder it works in, what may not be told of it."""

    command: tuple[str, ...]
    variables: Mapping[str, str]
    folder: Path
    secrets: tuple[str, ...] = ()

    def asking(self, *arguments: str) -> Call:
        """Give the call with further arguments."""
        return Call((*self.command, *arguments), self.variables, self.folder, self.secrets)


def command_in(settings: SingerSettings, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Give the command line the manifest's variable holds; raises SourceUnavailable saying what to do."""
    try:
        found = tuple(shlex.split(variables.get(settings.variable, "")))
    except ValueError as error:
        raise SourceUnavailable(f"{settings.variable} is no command line: {error}") from error
    if not found:
        raise SourceUnavailable(f"未设置采集程序: set the variable {settings.variable} to {_WHERE}")
    program = Path(found[0])
    return (str(program.absolute()) if len(program.parts) > 1 else found[0], *found[1:])


def lines(call: Call, settings: SingerSettings) -> Generator[list[bytes], None, None]:
    """Give what a tap writes in lots of whole lines; an empty lot when BEAT_SECONDS passed without any.

    Comes to its end only if the tap did: exit code 0, output closed. Raises SourceUnavailable for a tap that cannot be
    started, fails, falls silent or takes too long, SourceChanged for a line without an end.
    """
    child = _start(call, settings)
    try:
        run = _Run(child, call, settings)
        yield from run.lots()
        run.must_have_ended_well()
        if run.rest.rstrip().endswith(b"}"):
            yield [run.rest]
        elif run.rest.strip():
            raise SourceUnavailable("the tap's output breaks off in the middle of a line")
    finally:
        _end(child)


_WHERE = (
    "the tap's executable, installed in an environment of its own"
    " (python3 -m venv /srv/taps/x && /srv/taps/x/bin/pip install tap-x)"
)


def _start(call: Call, settings: SingerSettings) -> subprocess.Popen[bytes]:
    own = {
        "HOME": str(call.folder),
        "TMPDIR": str(call.folder),
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
    }
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    try:
        return subprocess.Popen(
            call.command,
            cwd=call.folder,
            env=passed | own | dict(call.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise SourceUnavailable(
            f"the tap {call.command[0]} cannot be started ({error}): set the variable {settings.variable} to {_WHERE}"
        ) from error


class _Run:
    """One run of a tap, watched: its output cut into lines, the end of its log, and the time it takes."""

    def __init__(self, child: subprocess.Popen[bytes], call: Call, settings: SingerSettings) -> None:
        self.rest = b""
        self._child, self._call, self._settings = child, call, settings
        self._pieces: list[bytes] = []
        self._held = 0
        self._log = bytearray()
        self._begun = self._heard = self._told = time.monotonic()

    def lots(self) -> Iterator[list[bytes]]:
        """Give the lines that came, lot by lot, until the tap has ended; `rest` is then what follows the last of them."""
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        out, log = self._child.stdout.fileno(), self._child.stderr.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            selector.register(log, selectors.EVENT_READ)
            ended = False
            while not ended:
                waiting = out in selector.get_map()
                ready = {key.fd for key, _ in selector.select(min(_TICK, BEAT_SECONDS) if waiting else _SOON)}
                # what still holds the output open is something it left behind
                ended = not (waiting and ready) and _exited(self._child)
                found: list[bytes] = []
                for place in ready:
                    piece = os.read(place, _PIECE)
                    if not piece:
                        selector.unregister(place)
                    elif place == log:
                        self._listen(piece)
                    else:
                        found = self._cut(piece)
                self._must_not_last()
                if found or time.monotonic() - self._told >= BEAT_SECONDS:
                    given = time.monotonic()
                    yield found
                    self._told = time.monotonic()
                    self._heard = self._told if found else self._heard + self._told - given
        self.rest = b"".join(self._pieces)

    def must_have_ended_well(self) -> None:
        """Raise SourceUnavailable, with the end of the tap's log, unless its exit code is 0."""
        code = _end(self._child)
        if code:
            how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
            raise SourceUnavailable(f"the tap {how}: {self._last_words()}")

    def _cut(self, piece: bytes) -> list[bytes]:
        *whole, rest = piece.split(b"\n")
        if whole:
            whole[0] = b"".join((*self._pieces, whole[0]))
            self._pieces, self._held = [], 0
        self._pieces.append(rest)
        self._held += len(rest)
        if self._held > self._settings.max_line_bytes:
            raise SourceChanged(f"the tap writes a line longer than {self._settings.max_line_bytes} bytes")
        return whole

    def _listen(self, piece: bytes) -> None:
        self._log += piece
        del self._log[:-_HEARD_BYTES]
        if b"\n" in piece:
            self._heard = time.monotonic()

    def _must_not_last(self) -> None:
        now = time.monotonic()
        if now - self._begun > self._settings.deadline_seconds:
            raise SourceUnavailable(
                f"the tap did not end within {self._settings.deadline_seconds:g} s: {self._last_words()}"
            )
        if now - self._heard > self._settings.silence_seconds:
            raise SourceUnavailable(
                f"the tap said nothing for {self._settings.silence_seconds:g} s: {self._last_words()}"
            )

    def _last_words(self) -> str:
        said = bytes(self._log).decode("utf-8", "replace")
        return masked(said, self._call.secrets).strip()[-_TOLD:] or "it left no word"


def masked(text: str, secrets: Sequence[str]) -> str:
    """Give a text without these secrets: a log is shown to more people than may know them."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _exited(child: subprocess.Popen[bytes]) -> bool:
    """Tell whether a child has ended, and leave it unburied: so long its number, and its group's, is nobody else's."""
    if not hasattr(os, "waitid"):
        return child.poll() is not None
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end(child: subprocess.Popen[bytes]) -> int:
    """End a tap and whatever it started, and give its exit code; asked first, then killed."""
    assert child.stdout is not None
    assert child.stderr is not None
    if child.stdout.closed:
        return child.wait()
    child.stdout.close()
    child.stderr.close()
    if not _exited(child):
        _signal(child, signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        while not _exited(child) and time.monotonic() < until:
            time.sleep(_SOON)
    _signal(child, signal.SIGKILL)
    return child.wait()


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
