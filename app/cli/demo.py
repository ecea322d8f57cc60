"""`hub demo`: the whole house at work on a city that never was."""

from __future__ import annotations

import argparse

from app import logs
from app.demo.run import demo as run_demo


def demo(options: argparse.Namespace) -> int:
    """Run the demo; 1 when a count does not add up."""
    logs.configure("WARNING")
    return run_demo(options)
