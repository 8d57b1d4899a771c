"""Programs as a deployment starts them: of this virtual environment, with no setting but those that are given."""

import multiprocessing
import os
import socket
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
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


def userops_forked(arguments: list[str], environment: dict[str, str], seconds: float = 300) -> tuple[int, str]:
    """The same in a fork of a process that has imported the commands, which takes a second and more each time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["userops.cli.main"])
    with NamedTemporaryFile(mode="r", encoding="utf-8") as printed:
        process = context.Process(target=_command, args=(arguments, environment, printed.name))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"userops {' '.join(arguments)} takes longer than {seconds:.0f} s")
        return process.exitcode, printed.read()


def _command(arguments: list[str], environment: dict[str, str], printed: str) -> None:
    from userops.cli.main import main

    log = os.open(printed, os.O_WRONLY | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [str(USEROPS), *arguments]
    main()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def due_date(timezone: str) -> date:
    """The business date of the newest run that the schedule (03:00, for the day before) has reached."""
    return (datetime.now(ZoneInfo(timezone)) - timedelta(hours=3)).date() - timedelta(days=1)
