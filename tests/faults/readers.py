"""A reader beside the fault: ad hoc, prepared and REPEATABLE READ, over three marts; notes every state it saw."""

import time
from pathlib import Path

import psycopg

PAUSE_SECONDS = 0.05


def one_mart(name: str) -> str:
    """A hash of all rows of a mart; null where it is empty."""
    return f"(select md5(string_agg(m::text, '|' order by m::text)) from marts.{name} as m)"


def states(url: str, marts: tuple[str, ...]) -> tuple:
    """What a reader sees now."""
    with psycopg.connect(url) as connection:
        connection.execute("set role bi_reader")
        return connection.execute(f"select {', '.join(map(one_mart, marts))}").fetchone()


def poll(url: str, marts: tuple[str, ...], stop, notes: str) -> None:
    """Read until `stop`; write a line a state or error to the file `notes`, each once, and the number of reads."""
    seen: dict[str, int] = {}
    reads = 0
    while not stop.is_set():
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
                connection.execute("set role bi_reader")
                while not stop.is_set():
                    for state in _read(connection, marts):
                        seen[f"state {state}"] = seen.get(f"state {state}", 0) + 1
                        reads += 1
                    time.sleep(PAUSE_SECONDS)
        except psycopg.OperationalError as error:
            note = f"away {str(error).splitlines()[0]}"
            seen[note] = seen.get(note, 0) + 1
            time.sleep(PAUSE_SECONDS)
        except psycopg.Error as error:
            note = f"error {type(error).__name__} {error}"
            seen[note] = seen.get(note, 0) + 1
    Path(notes).write_text("\n".join([*seen, f"reads {reads}"]))


def _read(connection: psycopg.Connection, marts: tuple[str, ...]) -> list[tuple]:
    whole = f"select {', '.join(map(one_mart, marts))}"
    found = [connection.execute(whole, prepare=prepare).fetchone() for prepare in (False, True)]
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        found.append(tuple(connection.execute(f"select {one_mart(mart)}").fetchone()[0] for mart in marts))
    return found
