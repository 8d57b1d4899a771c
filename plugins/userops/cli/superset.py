"""`userops superset`: Superset, from the environment that `make superset` made, over this deployment's warehouse."""

import os
from collections.abc import Sequence
from typing import NoReturn

from userops.errors import UseropsError
from userops.settings import Settings, make_key
from userops.warehouse.location import warehouse_url
from userops.warehouse.readers import make_reader, reader_url
from userops.warehouse.schema import migrate

LOGIN = "superset"


def run(settings: Settings, arguments: Sequence[str]) -> NoReturn:
    """Become Superset's own command with these arguments, or its server where there are none."""
    programs = settings.superset_venv / "bin"
    if not (programs / "superset").exists():
        raise UseropsError(
            f"There is no Superset in {settings.superset_venv}.",
            fix="run `make superset`, or name its environment in USEROPS_SUPERSET_VENV.",
        )
    os.environ.update(environment(settings))
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    if arguments:
        os.execv(programs / "superset", ["superset", *arguments])
    password = os.environ["SUPERSET_ADMIN_PASSWORD_FILE"]
    port = os.environ.setdefault("SUPERSET_PORT", "8088")
    print(f"Superset: http://127.0.0.1:{port} (user admin, password in {password}). Ctrl-C stops it.", flush=True)
    serve = settings.project_root / "deploy" / "superset" / "serve"
    os.execv(serve, [str(serve)])


def environment(settings: Settings) -> dict[str, str]:
    """What deploy/superset/superset_config.py reads; keys, the login and its password are made the first time."""
    home = settings.home / "superset"
    files = {name: home / name for name in ("secret_key", "admin_password", "warehouse_password")}
    for file in files.values():
        make_key(file)
    url, password = warehouse_url(settings), files["warehouse_password"].read_text()
    migrate(url)
    make_reader(url, LOGIN, password)
    return {
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(settings.project_root / "deploy" / "superset" / "superset_config.py"),
        "SUPERSET_SECRET_KEY_FILE": str(files["secret_key"]),
        "SUPERSET_ADMIN_PASSWORD_FILE": str(files["admin_password"]),
        "SUPERSET_WAREHOUSE_URL": reader_url(url, LOGIN, password),
    }
