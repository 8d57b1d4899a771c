"""Configuration from the environment (`.env.example` lists every variable)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from userops.errors import UseropsError

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


@dataclass(frozen=True)
class Settings:
    """All that a deployment may set; paths are absolute, `database_url` empty means the embedded server."""

    project_root: Path
    home: Path
    database_url: str
    landing: str
    timezone: str
    currency: str
    default_country: str
    sources: tuple[str, ...]
    lake: str
    memory_limit: str
    threads: int
    hash_key: str
    deadline: time
    hold_warnings: bool
    alert_targets: tuple[str, ...]
    alert_fallbacks: tuple[str, ...]

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment; a bad value is an error that names its variable."""
        env = os.environ if env is None else env
        root = Path(env.get("USEROPS_PROJECT") or PROJECT_ROOT).resolve()
        home = Path(env.get("USEROPS_HOME") or root / ".userops").resolve()
        timezone = env.get("USEROPS_TIMEZONE") or "Asia/Shanghai"
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise UseropsError(
                f"USEROPS_TIMEZONE={timezone!r} is no time zone.", fix="use an IANA name such as Asia/Shanghai."
            ) from None
        return cls(
            project_root=root,
            home=home,
            database_url=env.get("USEROPS_DATABASE_URL") or "",
            landing=env.get("USEROPS_LANDING") or str(home / "landing"),
            timezone=timezone,
            currency=env.get("USEROPS_CURRENCY") or "CNY",
            default_country=env.get("USEROPS_DEFAULT_COUNTRY") or "CN",
            sources=_split(env.get("USEROPS_SOURCES") or ""),
            lake=env.get("USEROPS_LAKE") or str(home / "lake"),
            memory_limit=env.get("USEROPS_MEMORY_LIMIT") or "",
            threads=int(env.get("USEROPS_THREADS") or os.cpu_count() or 2),
            hash_key=env.get("USEROPS_HASH_KEY") or _stored_hash_key(home),
            deadline=_hour(env.get("USEROPS_DEADLINE") or "08:00"),
            hold_warnings=env.get("USEROPS_HOLD_WARNINGS", "").lower() in ("1", "true", "yes"),
            alert_targets=_split(env.get("USEROPS_ALERT_TARGETS") or f"file://{home}/alerts.log"),
            alert_fallbacks=_split(env.get("USEROPS_ALERT_FALLBACKS") or ""),
        )


def _hour(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise UseropsError(f"USEROPS_DEADLINE={text!r} is no hour.", fix="write HH:MM, such as 08:00.") from None


def _stored_hash_key(home: Path) -> str:
    """The key that `userops db start` wrote once; empty until then (ingest refuses an empty key)."""
    path = home / "hash_key"
    return path.read_text().strip() if path.exists() else ""
