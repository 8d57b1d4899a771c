"""`userops serve`: run Airflow with its UI, in a process group that ends with this command."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from userops import airflow_runtime
from userops.errors import UseropsError
from userops.settings import Settings
from userops.site.serve import beside
from userops.warehouse.location import warehouse_url

GRACE_SECONDS = 20


def run(settings: Settings, port: int) -> int:
    """Start `airflow standalone` and wait; SIGINT and SIGTERM stop its whole process group."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise UseropsError(f"Port {port} is taken.", fix="give another with --port.") from None
    settings = settings.with_hash_key()
    warehouse_url(settings)
    airflow_runtime.configure(settings)
    airflow_runtime.migrate(settings)
    os.environ["AIRFLOW__API__PORT"] = str(port)
    os.environ["AIRFLOW__API__HOST"] = "127.0.0.1"
    os.environ["AIRFLOW__API__BASE_URL"] = f"http://127.0.0.1:{port}"
    os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = f"http://127.0.0.1:{port}/execution/"
    # `standalone` starts its components by the bare name `airflow`.
    programs = Path(sys.executable).parent
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    child = subprocess.Popen([airflow_runtime.program(), "standalone"], start_new_session=True)
    password = settings.home / "airflow" / "simple_auth_manager_passwords.json.generated"
    print(f"Airflow's UI: http://127.0.0.1:{port} (user and password: {password}). Ctrl-C stops it.", flush=True)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: _stop(child))
    with beside(settings.home / "site", settings.site_url) as said:
        print(said, flush=True)
        child.wait()
    _stop(child)
    return 0


def _stop(child: subprocess.Popen) -> None:
    """Stop the scheduler, the processor and the workers too: they would outlive their parent."""
    try:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(GRACE_SECONDS)
        os.killpg(child.pid, signal.SIGKILL)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
