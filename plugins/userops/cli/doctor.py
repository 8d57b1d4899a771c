"""Check the environment; each finding has its fix."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from fsspec import available_protocols

from userops.errors import UseropsError
from userops.platforms.sources_file import load_sources
from userops.settings import Settings
from userops.warehouse import server_settings
from userops.warehouse.connection import connect
from userops.warehouse.location import warehouse_url

LEAST_DISK = 2 * 1024**3
LEAST_KEY = 32
COLOURS = {"ok": "green", "advice": "yellow", "fix": "red"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at; advice is for what works as it is, and would be faster when fixed."""

    ok: bool
    what: str
    fix: str = ""
    is_advice: bool = False

    @property
    def mark(self) -> str:
        """`ok`, `advice` or `fix`."""
        return "fix" if not self.ok else "advice" if self.is_advice else "ok"


def examine(settings: Settings) -> list[Finding]:
    """Look at Python, project, home folder, disk, warehouse, landing folder, sources, lake and hash key."""
    here = [_python(), _project(settings.project_root), _home(settings.home)]
    return [
        *here, *_warehouse(settings), _landing(settings), _sources(settings), _lake(settings), _hash_key(settings)
    ]


def _python() -> Finding:
    ok = (3, 11) <= sys.version_info[:2] <= (3, 12)
    return Finding(ok, f"Python {sys.version.split()[0]}", "use Python 3.11 or 3.12.")


def _project(root: Path) -> Finding:
    there = (root / "dbt_project" / "dbt_project.yml").is_file()
    return Finding(there, f"project {root}", "set USEROPS_PROJECT to the folder that holds dbt_project/.")


def _home(home: Path) -> Finding:
    existing = next(p for p in [home, *home.parents] if p.exists())
    if not os.access(existing, os.W_OK):
        return Finding(False, f"{home} cannot be written", "set USEROPS_HOME to a folder that you may write.")
    free = shutil.disk_usage(existing).free
    return Finding(free > LEAST_DISK, f"{free // 1024**2} MB free below {home}", "free 2 GB, or move USEROPS_HOME.")


def _warehouse(settings: Settings) -> list[Finding]:
    try:
        with connect(warehouse_url(settings)) as connection:
            version = connection.info.server_version
            advised = server_settings.advice(connection)
    except UseropsError as error:
        return [Finding(False, error.what, error.fix)]
    answers = Finding(version >= 150000, f"PostgreSQL {version // 10000} answers", "use PostgreSQL 15 or later.")
    return [answers, *(Finding(True, what, fix, is_advice=True) for what, fix in advised)]


def _landing(settings: Settings) -> Finding:
    there = "://" in settings.landing or Path(settings.landing).is_dir()
    return Finding(there, f"landing folder {settings.landing}", "set USEROPS_LANDING to an existing folder.")


def _sources(settings: Settings) -> Finding:
    try:
        names = load_sources(settings).names
    except UseropsError as error:
        return Finding(False, error.what, error.fix)
    return Finding(True, f"sources: {', '.join(names) or 'canonical files alone'}")


def _lake(settings: Settings) -> Finding:
    if "://" in settings.lake:
        scheme = settings.lake.partition("://")[0]
        fix = f"install what fsspec needs for {scheme}://."
        return Finding(scheme in available_protocols(), f"lake {settings.lake}", fix)
    existing = next(p for p in [Path(settings.lake), *Path(settings.lake).parents] if p.exists())
    return Finding(os.access(existing, os.W_OK), f"lake {settings.lake}", "set USEROPS_LAKE to a folder you may write.")


def _hash_key(settings: Settings) -> Finding:
    fix = "set USEROPS_HASH_KEY to 32 random characters or more: openssl rand -hex 32."
    if not settings.hash_key and not settings.database_url:
        return Finding(True, "hash key: made by the first run")
    return Finding(len(settings.hash_key) >= LEAST_KEY, f"hash key of at least {LEAST_KEY} characters", fix)
