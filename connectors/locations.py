"""Where a source is: the binding's place, else the value of the manifest's variable, else the manifest's default."""

from __future__ import annotations

from connectors.contract import Binding
from connectors.errors import SourceUnavailable


def location(variable: str, default: str | None, binding: Binding) -> str:
    """Give the url, database or folder of a source; raise SourceUnavailable naming the variable when none is set."""
    found = binding.location or binding.variables.get(variable) or default
    if not found:
        raise SourceUnavailable(f"未设置来源地址: set the variable {variable} to where the source is")
    return found
