"""Where the commands begin and end: settings in, errors out."""

import logging
import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from dotenv import load_dotenv
from rich.console import Console

from userops.errors import EXIT_FAILED, UseropsError, first_line
from userops.settings import Settings

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
# The exceptions of database drivers by module and name: importing SQLAlchemy to name them takes half a second.
DRIVERS = ("psycopg", "psycopg2", "sqlalchemy", "asyncpg")
CONNECTION_LOST = ("OperationalError", "InterfaceError", "AdminShutdown", "PendingRollbackError")


def load_settings() -> Settings:
    """Load the settings, once per command: the environment, the project's `.env`, the `.env` of USEROPS_HOME."""
    load_dotenv(Settings.load().project_root / ".env")
    load_dotenv(Settings.load().home / ".env")
    settings = Settings.load()
    logging.getLogger().setLevel(settings.log_level)
    return settings


def parse_day(text: str) -> date:
    """A calendar day, or a usage error that names the text."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UseropsError(f"{text!r} is no date.", fix="write YYYY-MM-DD, a day that exists.") from None


def with_landing(settings: Settings, landing: str | None) -> Settings:
    """The settings with another landing folder, which this process's tasks read from the environment."""
    if landing is None:
        return settings
    location = landing if "://" in landing else str(Path(landing).expanduser().resolve())
    os.environ["USEROPS_LANDING"] = location
    return settings.model_copy(update={"landing": location})


def connection_lost(error: BaseException | None) -> UseropsError | None:
    """What to tell if a server went away in the middle of a command; None if the error is something else."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        kinds = type(error).__mro__
        if any(k.__module__.partition(".")[0] in DRIVERS and k.__name__ in CONNECTION_LOST for k in kinds):
            said = re.sub(r"^\(\w+\.\w+\) ", "", first_line(error)).rstrip(".")
            return UseropsError(
                f"The database went away: {said}.",
                fix="see `userops doctor`, start the server if it is down (`userops db start`, or the one that"
                " USEROPS_DATABASE_URL names), then run the same command again: that is safe.",
                exit_code=EXIT_FAILED,
            )
        error = error.__cause__ or error.__context__
    return None
