"""Programs of this virtual environment, as the benchmarks call them."""

import os
import subprocess
import sys
from pathlib import Path

from userops.settings import Settings
from userops.transform import dbt

PROGRAMS = Path(sys.executable).parent


def run_dbt(url: str, project: Path, target: Path, *arguments: str) -> None:
    """A dbt process on the warehouse, with our profile; all that it writes goes into `target`."""
    profiles = Settings.load().project_root / "dbt_project"
    places = ["--project-dir", project, "--profiles-dir", profiles, "--target-path", target, "--log-path", target]
    environment = os.environ | dbt.environment(url)
    subprocess.run(
        [PROGRAMS / "dbt", *arguments, "--quiet", *places], env=environment, check=True, stdout=subprocess.DEVNULL
    )
