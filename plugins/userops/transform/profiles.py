"""dbt's profiles: the pipeline's own, and one for people who run dbt by hand in `dbt_project/`."""

from pathlib import Path

import yaml

from userops.settings import Settings

# Where hands build: schemas of their own, `dev_build` and so on.
DEV_SCHEMA = "dev"


def write(settings: Settings, target: dict[str, object]) -> None:
    """Write both profiles for an engine's output.

    The pipeline's stands below USEROPS_HOME. The other, target `dev`, is `dbt_project/profiles.yml`, where dbt looks
    by itself: not committed, readable by its owner alone, left out where the checkout cannot be written.
    """
    name = str(target["type"])
    _write(settings.home / "dbt" / "profiles.yml", name, {name: target})
    by_hand = settings.project_root / "dbt_project" / "profiles.yml"
    try:
        _write(by_hand, "dev", {"dev": target | {"schema": DEV_SCHEMA}})
    except OSError:
        # An installed project may be read-only, as in the image: nobody builds by hand there.
        return


def _write(path: Path, target: str, outputs: dict[str, dict[str, object]]) -> None:
    text = yaml.safe_dump({"userops": {"target": target, "outputs": outputs}}, sort_keys=False)
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
