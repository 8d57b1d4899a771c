"""Erase or restrict a person by command."""

from datetime import date

from rich.console import Console

from userops.errors import EXIT_OK, UseropsError
from userops.settings import Settings
from userops.warehouse import erasure
from userops.warehouse.pg import connect
from userops.warehouse.place import warehouse_url
from userops.warehouse.state import status


def run(out: Console, contact_id: str, scope: str, now: bool) -> int:
    """Write the request, carry it out in raw, quarantine and vault, and say what is left to do."""
    url = warehouse_url(Settings.load())
    published = status(url)["business_date"]
    if published is None:
        raise UseropsError("Nothing was ever published, so nobody can be erased.", mend="run a night first.")
    day = date.fromisoformat(published)
    with connect(url, "loader") as connection:
        known = connection.execute("select exists (select from raw.contacts where contact_id = %s)", [contact_id])
        if not known.fetchone()[0]:
            raise UseropsError(f"No contact {contact_id!r} is known.", mend="give the id as in the export `contacts`.")
        request_id = erasure.request(connection, contact_id, scope, day)
        rows = erasure.apply(connection, day)
    if scope == "erase":
        out.print(f"Request {request_id}: {rows} rows are gone from raw, quarantine and vault.")
    else:
        out.print(f"Request {request_id}: the person is left out of every audience from the next publication on.")
    if now:
        from userops.cli.nights import run_one

        return run_one(day, None)
    out.print(f"The next publication completes it: `userops night --date {day}` makes one now.")
    return EXIT_OK
