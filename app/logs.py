"""Logging: one JSON object a line on standard error, secrets masked."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time

_SECRET = re.compile(r"(?i)\b(hub_[a-z0-9]{8}_|whsec_|bearer\s+)[\w+/=.-]+")


class _Line(logging.Formatter):
    def __init__(self, role: str | None) -> None:
        super().__init__()
        self._role = {"role": role} if role else {}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "room": record.name,
            **self._role,
            "message": _SECRET.sub(r"\1***", record.getMessage()),
        }
        line.update(getattr(record, "facts", {}))
        if record.exc_info:
            line["error"] = _SECRET.sub(r"\1***", self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: str, role: str | None = None) -> None:
    """Send every log record of the process to standard error as JSON lines, with its role where it has one."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(role))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a beat still at work is passed over, by design
    logging.getLogger("httpx").setLevel(logging.WARNING)


class Seldom:
    """Says a thing that many callers meet at once, or again and again, in one line and not more often than in `seconds`."""

    def __init__(self, log: logging.Logger, seconds: float = 30.0) -> None:
        self.log = log
        self.seconds = seconds
        self._lock = threading.Lock()
        self._said: dict[str, tuple[float, int]] = {}

    def warning(self, thing: str, message: str) -> None:
        """Log the message unless this `thing` (one of few) was said just now; the next line counts what was kept back."""
        with self._lock:
            now = time.monotonic()
            until, kept_back = self._said.get(thing, (0.0, 0))
            if now < until:
                self._said[thing] = until, kept_back + 1
                return
            self._said[thing] = now + self.seconds, 0
        self.log.warning("%s", message, extra={"facts": {"kept_back": kept_back}} if kept_back else None)


def with_cause(message: str, error: BaseException) -> str:
    """Give the message, and after it what began the error if that was another one."""
    return f"{message} ({cause(error)})" if error.__cause__ is not None else message


def cause(error: BaseException) -> str:
    """Give the first line of what began it, which is the line a person needs."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
