"""What nights ask of a PostgreSQL server's settings: the embedded one is given them, for any other they are advice."""

from dataclasses import dataclass

import psycopg

# Our statements are planned dear and run once: to compile them takes longer than to run them. Said by each session,
# for the BI queries beside them it may well pay.
SESSION = "set jit = off"
UNITS = {"8kB": 8192, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "ms": 0.001, "s": 1, "min": 60}
# How a setting of pg_settings' context comes into force.
INTO_FORCE = {"user": "", "sighup": "; select pg_reload_conf()", "postmaster": ", and start the server again"}


@dataclass(frozen=True)
class Wanted:
    """A setting, the least (or, with `is_most`, the most) that nights want, and what they suffer from otherwise."""

    name: str
    value: str
    why: str
    is_most: bool = False

    def holds(self, found: float) -> bool:
        """Whether a value in the base of UNITS (bytes, seconds, numbers) is enough."""
        return found <= base_of(self.value) if self.is_most else found >= base_of(self.value)


WANTED = (
    Wanted("shared_buffers", "512MB", "a night reads the same tables many times (a quarter of the memory is usual)"),
    Wanted("work_mem", "64MB", "models sort and hash on disk"),
    Wanted("maintenance_work_mem", "256MB", "indexes of a whole build are sorted on disk"),
    Wanted("effective_cache_size", "2GB", "the planner takes tables that stay in memory for ones on disk"),
    Wanted("random_page_cost", "1.1", "the planner reads whole tables for the rows of a few users", is_most=True),
    Wanted("max_wal_size", "4GB", "a whole build checkpoints every few seconds"),
    Wanted("checkpoint_timeout", "15min", "pages are written whole to the log again and again"),
)


def base_of(text: str) -> float:
    """`64MB` in bytes, `15min` in seconds, `1.1` as it is."""
    number = text.rstrip("kMGBsmin")
    return float(number) * UNITS.get(text[len(number) :], 1)


def advice(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Settings of a server that hold nights back: (what was found and why it matters, the statement that fixes it)."""
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
                f"alter {place} set {wanted.name} = '{wanted.value}'{INTO_FORCE[context]}",
            ))
    return told
