"""Erase or restrict a person by command."""

from rich.console import Console

from userops.errors import EXIT_OK
from userops.privacy import erasure
from userops.settings import Settings
from userops.warehouse.location import warehouse_url


def run(out: Console, contact_id: str, scope: str, now: bool) -> int:
    """Carry the request out in raw, quarantine and vault, and say what is left to do."""
    day = erasure.on_request(warehouse_url(Settings.load()), contact_id, scope)
    if scope == "erase":
        out.print("The person is gone from raw, quarantine and vault; marts.erasure_log says what went.")
    else:
        out.print("The person is left out of every audience from the next publication on.")
    if now:
        from userops.cli.runs import run_one

        return run_one(day, None)
    out.print(f"The next publication completes it: `userops night --date {day}` makes one now.")
    return EXIT_OK
