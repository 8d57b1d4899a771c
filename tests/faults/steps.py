"""What runs in the child process that a fault hits: steps of a run, as the DAG's tasks run them."""

import contextlib
import json
import multiprocessing
import os
import resource
import signal
import time
from dataclasses import dataclass, field
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

INGEST = ("begin", "ingests", "prepare", "check_raw")
BUILD = ("resolve_identity", "build", "score", "build_scored", "check_marts")
PUBLISH = ("publish",)
WHOLE = (*INGEST, *BUILD, *PUBLISH)
# Children are forked from a process that has paid for these imports once.
PRELOADED = [
    "userops.run", "great_expectations", "pandas", "dbt.cli.main", "dbt.adapters.postgres", "dbt.adapters.duckdb"
]  # fmt: skip


def processes(preloaded: list[str] = PRELOADED) -> multiprocessing.context.BaseContext:
    """A context whose children start in milliseconds, with nothing of the harness's state but its code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(preloaded)
    return context


@dataclass
class Child:
    """A started child and where it leaves what it says."""

    process: BaseProcess
    folder: Path
    killed: bool = field(default=False)

    def kill(self) -> None:
        """SIGKILL, as the out-of-memory killer does it; who came to its end meanwhile was not killed."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
            self.killed = True

    def gone(self, seconds: float = 10) -> None:
        """Wait until there is no such process. Not by `join`: of two threads that ask, one would get no exit code."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                os.kill(self.process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.002)

    def signal(self, number: int) -> None:
        """Stop or continue the process."""
        os.kill(self.process.pid, number)

    def wait(self, seconds: float = 3600) -> int:
        """The exit code: 0 done, 1 an error (see `error`), -9 killed."""
        self.process.join(seconds)
        assert self.process.exitcode is not None, "the child hangs"
        return self.process.exitcode

    @property
    def error(self) -> str:
        path = self.folder / "error.txt"
        return path.read_text() if path.exists() else ""


def start(context, folder: Path, environment: dict[str, str], steps: tuple[str, ...], **options: object) -> Child:
    """Start the steps in a child; the night's dictionary is handed on in `folder`/run.json, as XCom hands it on."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "error.txt").unlink(missing_ok=True)
    process = context.Process(target=_run, args=(str(folder), environment, steps, options), daemon=True)
    process.start()
    return Child(process, folder)


def kept_night(folder: Path) -> dict:
    """What `begin` returned in the last child that came so far."""
    return json.loads((folder / "run.json").read_text())


def _run(folder: str, environment: dict[str, str], steps: tuple[str, ...], options: dict) -> None:
    log = os.open(f"{folder}/child.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    for name in [name for name in os.environ if name.startswith(("USEROPS_", "DBT_"))]:
        del os.environ[name]
    os.environ.update(environment)
    if "TZ" in environment:
        time.tzset()
    try:
        if options.get("memory"):
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + options["memory"],) * 2)
        for step in steps:
            _step(Path(folder), step, options)
    except BaseException as error:
        Path(f"{folder}/error.txt").write_text(f"{type(error).__name__}: {error}")
        raise SystemExit(1) from error


def _step(folder: Path, step: str, options: dict) -> None:
    from userops import run
    from userops.privacy import erasure, key_rotation
    from userops.settings import Settings

    settings, path = Settings.load(), folder / "run.json"
    if step == "erase":
        erasure.on_request(settings, settings.database_url, options["contact"], "erase")
        return
    if step == "rotate":
        key_rotation.rotate(settings.database_url, settings, options["key"])
        return
    if step == "begin":
        path.write_text(json.dumps(run.begin(settings, date.fromisoformat(options["date"]))))
        return
    told = json.loads(path.read_text())
    if step == "ingests":
        for exports in told["work"].values():
            for export in exports:
                run.ingest(settings, told, export)
    elif step.startswith("ingest "):
        run.ingest(settings, told, step.removeprefix("ingest "))
    elif step == "fail":
        run.fail(settings, told["run_id"], options.get("error", "a task failed"))
    else:
        getattr(run, step)(settings, told)
