"""Programs as a deployment starts them: of this virtual environment, with no setting but those that are given."""

import os
import socket
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

PROGRAMS = Path(sys.executable).parent
USEROPS = PROGRAMS / "userops"


def clean_environment(**settings: str) -> dict[str, str]:
    """The machine's environment without anything that says where a warehouse or Airflow is, and `settings`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("USEROPS_", "AIRFLOW", "DBT_"))}
    return kept | settings


def userops(arguments: list[str], environment: dict[str, str], seconds: float = 300) -> tuple[int, str]:
    """(exit code, all that it printed) of a command."""
    done = subprocess.run(
        [USEROPS, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=seconds
    )
    return done.returncode, done.stdout + done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def due_date(timezone: str) -> date:
    """The business date of the newest run that the schedule (03:00, for the day before) has reached."""
    return (datetime.now(ZoneInfo(timezone)) - timedelta(hours=3)).date() - timedelta(days=1)
