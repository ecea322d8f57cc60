"""A department's HTTP interface that misbehaves by name: what a hub must survive, each fault at will and again honest.

`GET /<who>/rows` lists rows by `page` and `size`, or after a `token`, those changed `since`, in the envelope
`{"code": 0, "data": {"total", "rows", "next"}}`. Each `<who>` is a caller with a count of its own, so that two hubs
meet the same fault at the same request.
"""

from __future__ import annotations

from simulator.hostile.behaviours import BEHAVIOURS, METADATA
from simulator.hostile.server import HostileServer

__all__ = ["BEHAVIOURS", "METADATA", "HostileServer"]
