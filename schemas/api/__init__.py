"""The shapes HTTP adds: what may be asked of the hub, what it answers, and the one form of every problem."""

from __future__ import annotations
