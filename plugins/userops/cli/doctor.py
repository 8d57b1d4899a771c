"""Environment checks, each with its fix."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from userops.errors import UseropsError
from userops.settings import Settings
from userops.warehouse import server_settings
from userops.warehouse.connection import connect
from userops.warehouse.location import warehouse_url

LEAST_DISK = 2 * 1024**3
COLOURS = {"ok": "green", "advice": "yellow", "fix": "red"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at; advice is what works as it is, and would be faster when fixed."""

    ok: bool
    what: str
    fix: str = ""
    is_advice: bool = False

    @property
    def mark(self) -> str:
        """`ok`, `advice` or `fix`."""
        return "fix" if not self.ok else "advice" if self.is_advice else "ok"


def examine(settings: Settings) -> list[Finding]:
    """Look at Python, the home folder, the disk, the warehouse, the landing folder and the hash key."""
    findings = [_python(), _home(settings.home), *_warehouse(settings), _landing(settings)]
    key = Settings.load().hash_key
    findings.append(Finding(len(key) >= 32, "hash key of at least 32 characters", "set USEROPS_HASH_KEY."))
    return findings


def _python() -> Finding:
    ok = (3, 11) <= sys.version_info[:2] <= (3, 12)
    return Finding(ok, f"Python {sys.version.split()[0]}", "use Python 3.11 or 3.12.")


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
    return Finding(there, f"landing folder {settings.landing}", "make it, or set USEROPS_LANDING.")
