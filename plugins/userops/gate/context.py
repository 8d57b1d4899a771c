"""Open the project's Great Expectations context, `expectations/`. Its import takes seconds: it waits for the call."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from userops.settings import Settings

if TYPE_CHECKING:
    from great_expectations.data_context import FileDataContext

ROLE = "transformer"
# Table assets have no schema: measures first, then the marts as they are built.
SEARCH_PATH = "quality,build"
LONGEST_QUERY = "15min"


def open_context(settings: Settings, url: str) -> "FileDataContext":
    """Open `expectations/` on the warehouse at `url`; its own variables are set here and not in the environment."""
    import great_expectations as gx

    return gx.get_context(
        mode="file",
        context_root_dir=folder(settings),
        runtime_environment={"USEROPS_DATABASE_URL": connection_string(url), "USEROPS_HOME": str(settings.home)},
    )


def folder(settings: Settings) -> Path:
    """Where suites, checkpoints and `great_expectations.yml` are."""
    return settings.project_root / "expectations"


def results_folder(settings: Settings) -> Path:
    """Where Great Expectations stores validation results, as `great_expectations.yml` says."""
    return settings.home / "data_docs" / "results"


def site_folder(settings: Settings) -> Path:
    """Where Data Docs are built, as `great_expectations.yml` says."""
    return settings.home / "data_docs" / "site"


def connection_string(url: str) -> str:
    """The URL as Great Expectations takes it, with the rights of the role that builds and a limit for each query.

    It wants a host: a socket's folder moves to the query, which the driver prefers.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    credentials, at, host = parts.netloc.rpartition("@")
    if host.startswith("%2F"):
        query["host"] = host.replace("%2F", "/")
        host = ""
    options = f"-c role={ROLE} -c search_path={SEARCH_PATH} -c statement_timeout={LONGEST_QUERY}"
    query["options"] = f"{query.get('options', '')} {options}".strip()
    return urlunsplit(
        ("postgresql", credentials + at + (host or "localhost"), parts.path, urlencode(query, quote_via=quote), "")
    )
