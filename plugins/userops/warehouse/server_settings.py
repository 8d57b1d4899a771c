"""Settings of a PostgreSQL server that runs need: the embedded server has them, for any other they are advice."""

from dataclasses import dataclass

import psycopg

# A run's statements have high cost estimates and run once: compiling them takes longer than running them. Set by
# session, because it may well pay for the BI queries beside them.
SESSION = "set jit = off"
# The same for a session that another library opens.
LIBPQ_OPTIONS = "-c jit=off"
UNITS = {"8kB": 8192, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "ms": 0.001, "s": 1, "min": 60}
# How a setting takes effect, by its context in pg_settings.
TAKES_EFFECT = {"user": "", "sighup": "; select pg_reload_conf()", "postmaster": ", and start the server again"}


@dataclass(frozen=True)
class Wanted:
    """A setting, the least value (with `is_most` the greatest) that runs need, and what happens otherwise."""

    name: str
    value: str
    why: str
    is_most: bool = False

    def holds(self, found: float) -> bool:
        """Whether a value in the base of UNITS (bytes, seconds, numbers) is enough."""
        return found <= base_of(self.value) if self.is_most else found >= base_of(self.value)


WANTED = (
    Wanted("shared_buffers", "512MB", "a run reads the same tables many times (a quarter of the memory is usual)"),
    Wanted("work_mem", "64MB", "models sort and hash on disk"),
    Wanted("maintenance_work_mem", "256MB", "indexes are sorted on disk"),
    Wanted("effective_cache_size", "2GB", "the planner assumes that tables are read from disk"),
    Wanted("random_page_cost", "1.1", "the planner reads whole tables for a few rows", is_most=True),
    Wanted("max_wal_size", "4GB", "a build forces a checkpoint every few seconds"),
    Wanted("checkpoint_timeout", "15min", "whole pages are written to the log again and again"),
)


def base_of(text: str) -> float:
    """`64MB` in bytes, `15min` in seconds, `1.1` as it is."""
    number = text.rstrip("kMGBsmin")
    return float(number) * UNITS.get(text[len(number) :], 1)


def advice(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Settings of a server that slow runs down: (what was found and why it matters, the statement that fixes it)."""
    found = connection.execute(
        "select name, setting::float8, coalesce(unit, ''), current_setting(name), context from pg_settings"
        " where name = any(%s)",
        [[wanted.name for wanted in WANTED]],
    ).fetchall()
    settings = {name: (setting * UNITS.get(unit, 1), shown, context) for name, setting, unit, shown, context in found}
    told = []
    for wanted in WANTED:
        setting, shown, context = settings[wanted.name]
        if not wanted.holds(setting):
            place = f'database "{connection.info.dbname}"' if context == "user" else "system"
            told.append((
                f"{wanted.name} is {shown}: {wanted.why}",
                f"alter {place} set {wanted.name} = '{wanted.value}'{TAKES_EFFECT[context]}",
            ))
    return told
