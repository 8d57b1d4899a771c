"""Configuration from the environment and from secret files (`.env.example` lists every variable).

Load it once, at the edge (a command, a DAG's task, a test), and pass it on.
"""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from userops.errors import UseropsError

PREFIX = "USEROPS_"
PROJECT_ROOT = Path(__file__).resolve().parents[2]
KEY_BYTES = 32


def _split(text: object) -> object:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


def _setting(fix: str, default: Any = ..., **options: Any) -> Any:
    """A field with the advice that its error gives."""
    return Field(**({} if default is ... else {"default": default}), json_schema_extra={"fix": fix}, **options)


class _Environment(EnvSettingsSource):
    """The variables of a given mapping; an empty one counts as not set."""

    def __init__(self, settings_cls: type[BaseSettings], environment: Mapping[str, str]) -> None:
        self.environment = environment
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self.environment.items() if value != ""}


class _SecretFiles(_Environment):
    """The content of the files that variables named `USEROPS_<NAME>_FILE` point to."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {
            name.lower().removesuffix("_file"): _read_secret(name, Path(path))
            for name, path in self.environment.items()
            if name.startswith(PREFIX) and name.endswith("_FILE") and path
        }


def _read_secret(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UseropsError(
            f"{name}={str(path)!r} cannot be read: {reason}.",
            fix="write the value to that file, or unset the variable.",
        ) from error


class Settings(BaseSettings):
    """All that a deployment may set; paths are absolute, an empty `database_url` means the embedded server."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    project_root: Path = _setting(
        "name the folder that holds dbt_project/.", PROJECT_ROOT,
        validation_alias=AliasChoices("project_root", "USEROPS_PROJECT"),
    )  # fmt: skip
    home: Path = _setting(
        "name a folder that you may write.", default_factory=lambda given: given["project_root"] / ".userops"
    )
    database_url: str = _setting("write postgresql://user@host:5432/database.", "", repr=False)
    landing: str = _setting(
        "name a folder, or an fsspec URL.", default_factory=lambda given: str(given["home"] / "landing")
    )
    lake: str = _setting("name a folder, or an fsspec URL.", default_factory=lambda given: str(given["home"] / "lake"))
    engine: Literal["postgres", "duckdb", "spark"] = _setting("use postgres, duckdb or spark.", "postgres")
    spark_master: str = _setting(
        "write local[*] or spark://host:7077.", "local[*]", pattern=r"^(local|local\[[^\]]+\]|yarn|(spark|k8s)://.+)$"
    )
    spark_files: Path = _setting(
        "name a folder that this machine and every one of the cluster sees under the same path.",
        default_factory=lambda given: given["home"] / "spark",
    )
    spark_venv: Path = _setting(
        "name the folder that `make spark` made.", default_factory=lambda given: given["project_root"] / ".venv-spark"
    )
    superset_venv: Path = _setting(
        "name the folder that `make superset` made.",
        default_factory=lambda given: given["project_root"] / ".venv-superset",
    )
    memory_limit: str = _setting("write a size such as 4GB.", "", pattern=r"(?i)^$|^\d+(\.\d+)? ?[KMGT]i?B$")
    threads: int = _setting("write a whole number from 1.", default_factory=lambda: os.cpu_count() or 2, ge=1)
    sources: Names = _setting("write names of platforms/ or sources.yml with commas between.", ())
    timezone: str = _setting("use an IANA name such as Asia/Shanghai.", "Asia/Shanghai")
    currency: str = _setting("use the three letters of ISO 4217, such as CNY.", "CNY", pattern=r"^[A-Z]{3}$")
    default_country: str = _setting("use the two letters of ISO 3166, such as CN.", "CN", pattern=r"^[A-Z]{2}$")
    hash_key: str = _setting(
        "use 32 random characters or more: openssl rand -hex 32.",
        default_factory=lambda given: _stored_hash_key(given["home"]), repr=False,
    )  # fmt: skip
    site_url: str = _setting("write http://host:port/.", "http://127.0.0.1:8081/", pattern=r"^https?://[^\s]+$")
    wecom_corp_id: str = _setting("write the id of the corporation, such as ww0123456789abcdef.", "")
    wecom_secret: str = _setting("write the secret of the application in WeCom.", "", repr=False)
    deadline: time = _setting("write HH:MM, such as 08:00.", time(8))
    language: Literal["en", "zh"] = _setting("use en or zh.", "en")
    hold_warnings: bool = _setting("write 1 or 0.", False)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _setting("use DEBUG, INFO, WARNING or ERROR.", "WARNING")
    alert_targets: Names = _setting(
        "write URLs with commas between.", default_factory=lambda given: (f"file://{given['home']}/alerts.log",),
        repr=False,
    )  # fmt: skip
    alert_fallbacks: Names = _setting("write URLs with commas between.", (), repr=False)

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment (or a mapping like it); an error names the variable and says how to fix it."""
        try:
            return cls(environment=os.environ if environment is None else environment)
        except ValidationError as error:
            raise _first_mistake(error) from None

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: InitSettingsSource, **_: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Secret files win over the environment, and values that a caller gives win over both."""
        environment = init_settings.init_kwargs.pop("environment", {})
        return init_settings, _SecretFiles(settings_cls, environment), _Environment(settings_cls, environment)

    @field_validator("project_root", "home", "spark_files", "spark_venv", "superset_venv")
    @classmethod
    def _is_absolute(cls, path: Path) -> Path:
        return path.expanduser().resolve()

    @field_validator("landing", "lake")
    @classmethod
    def _is_absolute_or_url(cls, location: str) -> str:
        return location if "://" in location else str(Path(location).expanduser().resolve())

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no time zone of that name") from None
        return name

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, url: str) -> str:
        if url and not re.match(r"postgres(ql)?://", url):
            raise ValueError("not a PostgreSQL URL")
        return url

    def with_hash_key(self) -> "Settings":
        """These settings with a key: with the embedded server one is made once and kept below `home`.

        Whoever has the key can link hashes to people, so only the owner may read it. A warehouse elsewhere outlives
        this machine, and so must its key: there it has to be given.
        """
        if self.hash_key:
            return self
        if self.database_url:
            raise UseropsError(
                "There is no key to hash identifiers with.",
                fix="set USEROPS_HASH_KEY to 32 random characters or more, and keep it: stored hashes depend on it.",
            )
        make_key(self.home / "hash_key")
        return self.model_copy(update={"hash_key": _stored_hash_key(self.home)})


def variable(field: str) -> str:
    """The environment variable of a field."""
    return "USEROPS_PROJECT" if field == "project_root" else f"{PREFIX}{field.upper()}"


def _first_mistake(error: ValidationError) -> UseropsError:
    found = error.errors(include_url=False)[0]
    name = str(found["loc"][0])
    field = next(key for key in Settings.model_fields if name.lower() in (key, variable(key).lower()))
    secret = not Settings.model_fields[field].repr
    shown = "" if secret else f"={str(found['input'])!r}"
    return UseropsError(
        f"{variable(field)}{shown} cannot be used: {found['msg'].removeprefix('Value error, ').rstrip('.')}.",
        fix=Settings.model_fields[field].json_schema_extra["fix"],
    )


def make_key(path: Path) -> None:
    """Write a new key for its owner alone; one that is there, or comes to be there meanwhile, stays."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(KEY_BYTES))
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    except OSError as error:
        raise UseropsError(
            f"{path} cannot be written: {error.strerror}.", fix="set USEROPS_HOME to a folder that you may write."
        ) from error


def _stored_hash_key(home: Path) -> str:
    """The key that was made once for this home; empty until then."""
    try:
        return (home / "hash_key").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
