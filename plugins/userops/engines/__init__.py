"""Where a run builds: in the warehouse (postgres), in this process (duckdb) or on a cluster (spark)."""

from userops.engines.base import Engine, NoRelation
from userops.errors import UseropsError
from userops.settings import Settings

__all__ = ["ENGINES", "Engine", "NoRelation", "open_engine"]
ENGINES = ("postgres", "duckdb", "spark")


def open_engine(settings: Settings, url: str, token: int | None = None) -> Engine:
    """The engine that USEROPS_ENGINE names; what it writes into the warehouse is fenced by `token`."""
    if settings.engine == "postgres":
        from userops.engines.postgres import PostgresEngine

        return PostgresEngine(settings, url, token)
    if settings.engine == "duckdb":
        from userops.engines.duckdb import DuckdbEngine

        return DuckdbEngine(settings, url, token)
    if settings.engine == "spark":
        from userops.engines.spark import SparkEngine

        return SparkEngine(settings, url, token)
    raise UseropsError(
        f"USEROPS_ENGINE={settings.engine!r} is no engine.", fix=f"set it to one of {', '.join(ENGINES)}."
    )
