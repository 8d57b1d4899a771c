"""Processes that a benchmark starts, and the most memory that each and its children held together."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

HERE = Path(__file__).parent
BUILD_STEPS = ("prepare", "resolve_identity", "build", "score", "build_scored")


class Finished(NamedTuple):
    """What a process printed last (JSON, or nothing), its seconds, and the bytes it held at most."""

    told: dict
    seconds: float
    peak: int

    @property
    def build(self) -> float:
        """Seconds of prepare to build_scored."""
        return sum(self.told["seconds"].get(step, 0.0) for step in BUILD_STEPS)


def steps(*arguments: str, environment: dict[str, str], python: Path | str = sys.executable) -> Finished:
    """`steps.py` with these arguments, by this or by another checkout's Python."""
    return watched([python, HERE / "steps.py", *arguments], environment)


def watched(command: list, environment: dict[str, str]) -> Finished:
    """Run a command to its end; one that fails ends the benchmark with what it wrote."""
    began, peak = time.perf_counter(), 0
    with subprocess.Popen(
        [str(part) for part in command], env=os.environ | environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        text = ""
        while True:
            peak = max(peak, _held(process.pid))
            with suppress(subprocess.TimeoutExpired):
                text = process.communicate(timeout=0.2)[0]
                break
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{text[-4000:]}")
    last = text.strip().splitlines()[-1] if text.strip() else ""
    return Finished(json.loads(last) if last.startswith("{") else {}, time.perf_counter() - began, peak)


def _held(pid: int) -> int:
    """Bytes in memory of a process and its children, pages they share counted in each."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
    return total
