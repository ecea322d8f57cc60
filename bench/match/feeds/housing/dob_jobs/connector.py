"""The feed's own connector: house numbers and boroughs as both agencies have them."""

from __future__ import annotations

from bench.match.boroughs import BoroughConnector as FeedConnector

__all__ = ["FeedConnector"]
