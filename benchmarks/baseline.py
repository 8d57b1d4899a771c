"""The whole build of this checkout against an older one's, on the same exports and the same server, in turns.

    git worktree add --detach BASE d1d9123
    python benchmarks/baseline.py --baseline BASE --users 100000

The older checkout's Python is `BASE/.venv/bin/python` if it is there, else this one with the older code on its path
(`--python` names another). Exports are made by the older checkout, so that both contracts take them. Prints seconds,
the ratio of the builds (prepare to build_scored; there `build`), of whole runs (what one side does in its build the
other may do in another step: copies into raw, measures of raw), and the slowest models of each side.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import psycopg
from processes import Finished, steps

from userops.warehouse.embedded import EmbeddedServer

BOUND = 0.5
HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    """Measure and print; exits 1 if the ratio is out of its bound."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--baseline", type=Path, required=True)
    given.add_argument("--python", type=Path)
    given.add_argument("--users", type=int, default=100_000)
    given.add_argument("--days", type=int, default=500)
    given.add_argument("--rounds", type=int, default=2)
    given.add_argument("--engine", default="postgres", help="this checkout's engine")
    options = given.parse_args()
    base = options.baseline.resolve()
    python = options.python or next((p for p in [base / ".venv/bin/python"] if p.exists()), Path(sys.executable))
    with tempfile.TemporaryDirectory(prefix="userops-baseline-") as folder:
        place = Path(folder)
        server = EmbeddedServer(place / "server")
        server.start()
        try:
            ours, theirs = turns(place, server, base, python, options)
        finally:
            server.stop()
    report("this checkout", ours, [result.build for result in ours])
    report("baseline", theirs, [whole(result) for result in theirs])
    ratio = min(result.build for result in ours) / min(map(whole, theirs))
    what = f"whole build against the baseline's, {options.users:,} users, {options.engine}"
    print(f"{what}: {ratio:.3f} (at most {BOUND})")
    runs = min(map(run_seconds, ours)) / min(map(run_seconds, theirs))
    print(f"whole run, from ingest to publication, against the baseline's: {runs:.3f}")
    print(f"load of the machine: {os.getloadavg()[1]:.1f}")
    sys.exit(ratio > BOUND)


def report(name: str, results: list[Finished], builds: list[float]) -> None:
    """Print a side: its builds, and of the fastest its steps and slowest models."""
    best = results[builds.index(min(builds))]
    print(f"{name}: build {', '.join(f'{seconds:.1f}' for seconds in builds)} s, peak {best.peak / 2**30:.2f} GiB")
    print("  steps: " + ", ".join(f"{step} {seconds:.1f}" for step, seconds in best.told["seconds"].items()))
    print("  slowest models: " + ", ".join(f"{model} {seconds:.1f}" for model, seconds in best.told["models"]))


def turns(
    place: Path, server: EmbeddedServer, base: Path, python: Path, options: argparse.Namespace
) -> tuple[list[Finished], list[Finished]]:
    """Each side's runs of the same date, each into a database made anew."""
    delivered = steps("deliver", str(place), str(options.users), str(options.days),
                      environment=environment(base, place, ""), python=python)  # fmt: skip
    day = delivered.told["dates"][0]
    ours, theirs = [], []
    for number in range(options.rounds):
        for root, runner, results in ((base, python, theirs), (HERE, Path(sys.executable), ours)):
            name = f"bench_{'base' if root == base else 'here'}_{number}"
            url = server.ensure_database(name)
            scope = environment(root, place, url) | {"USEROPS_HOME": str(place / name)}
            if root == HERE:
                scope["USEROPS_ENGINE"] = options.engine
            results.append(steps("run", day, environment=scope, python=runner))
            print(f"{name}: {results[-1].seconds:.1f} s with imports", file=sys.stderr, flush=True)
            with psycopg.connect(server.ensure_database("postgres"), autocommit=True) as admin:
                admin.execute(f"drop database {name} with (force)")
    return ours, theirs


def environment(root: Path, place: Path, url: str) -> dict[str, str]:
    """Where a checkout's code is, and where its run reads and writes."""
    return {
        "PYTHONPATH": str(root / "plugins"), "USEROPS_PROJECT": str(root), "USEROPS_DATABASE_URL": url,
        "USEROPS_LANDING": str(place / "landing"), "USEROPS_HASH_KEY": "k" * 64, "USEROPS_HOME": str(place / "home"),
    }  # fmt: skip


def run_seconds(result: Finished) -> float:
    """Seconds of all steps."""
    return sum(result.told["seconds"].values())


def whole(result: Finished) -> float:
    """Seconds of the older checkout's build, which holds scores and everything between."""
    return result.told["seconds"]["build"]


if __name__ == "__main__":
    main()
