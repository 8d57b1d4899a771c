"""Platforms by name: how one platform's files become exports, declared in `platforms/<name>.yml`."""

from functools import lru_cache
from pathlib import Path

from userops.platforms.layout import Platform
from userops.platforms.platform_file import read
from userops.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "platforms"


@lru_cache(maxsize=64)
def load_platform(name: str, folder: Path = FOLDER) -> Platform:
    """Read one platform; an error names file, line, entry and fix."""
    return read(name, folder)


def platform_names(folder: Path = FOLDER) -> list[str]:
    """The platforms that a folder has files of."""
    return sorted(path.stem for path in folder.glob("*.yml"))
