"""`hub up`: the API and a worker, looked after; it loads nothing of what they need, for it only waits."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from app import logs
from app.address import database_upkeep, database_url
from app.settings import Settings
from app.supervise import Supervisor, hub_child, until_told


def up(_options: argparse.Namespace) -> int:
    """Run API and worker, supervised, until told to stop."""
    settings = Settings()
    logs.configure(settings.log_level)
    environment = {"HUB_DATABASE_URL": database_url(settings)}
    upkeep = database_upkeep(settings)
    supervisor = Supervisor(
        [hub_child(name, name, environment=environment) for name in ("serve", "worker")], upkeep=upkeep
    )
    until_told(supervisor.stopping)
    # once, before anybody needs it; what is wrong is said there, and nothing is started
    upgrade = [sys.executable, "-m", "app.cli", "db", "upgrade"]
    failed = subprocess.run(upgrade, env=os.environ | environment, check=False).returncode
    if failed:
        return failed
    supervisor.start()
    print(f"http://{settings.host}:{settings.port}/  (Ctrl-C ends it)", flush=True)
    supervisor.watch()
    if upkeep is not None:
        print("内置数据库仍在运行 the embedded database keeps running: `hub db stop` ends it", flush=True)
    return 0
