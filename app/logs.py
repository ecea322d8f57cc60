"""Logging: one JSON object a line on standard error, secrets masked."""

from __future__ import annotations

import json
import logging
import re
import sys
import time

_SECRET = re.compile(r"(?i)\b(hub_[a-z0-9]{8}_|whsec_|bearer\s+)[\w+/=.-]+")


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "room": record.name,
            "message": _SECRET.sub(r"\1***", record.getMessage()),
        }
        line.update(getattr(record, "facts", {}))
        if record.exc_info:
            line["error"] = _SECRET.sub(r"\1***", self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: str) -> None:
    """Send every log record of the process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a beat still at work is passed over, by design
    logging.getLogger("httpx").setLevel(logging.WARNING)
