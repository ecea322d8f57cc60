"""Going out: the changes of projects posted to whoever subscribed to them, signed, again and again until they have them."""

from __future__ import annotations
