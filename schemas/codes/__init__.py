"""Code lists and tables as data; `schemas.tables` reads them."""

from __future__ import annotations
