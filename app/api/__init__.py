"""The hub by HTTP, and nothing but HTTP: an endpoint calls one function of the rooms below and returns what it gives."""

from __future__ import annotations
