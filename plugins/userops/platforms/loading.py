"""Source profiles: how a platform's files become canonical exports, declared in `platforms/<name>.yml`."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import yaml

from userops.errors import UseropsError
from userops.platforms.layout import Profile
from userops.platforms.platform_file import parse, read
from userops.settings import PROJECT_ROOT


def load_profile(names: str, folder: Path = PROJECT_ROOT / "platforms") -> Profile | None:
    """Read one profile, or several with commas between (a shop's, an advertiser's); `canonical` is none at all."""
    wanted = dict.fromkeys(name.strip() for name in names.split(","))
    profiles = [_load(name, folder) for name in wanted if name and name != "canonical"]
    if not profiles:
        return None
    if len(profiles) == 1:
        return profiles[0]
    stated = [profile.required for profile in profiles if profile.required is not None]
    required = tuple(dict.fromkeys(name for listed in stated for name in listed)) if stated else None
    name = ",".join(profile.name for profile in profiles)
    return Profile(name, tuple(layout for profile in profiles for layout in profile.layouts), required)


@lru_cache(maxsize=32)
def _load(name: str, folder: Path) -> Profile:
    try:
        parsed = parse(read(name, folder))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise UseropsError(
            f"platforms/{name}.yml cannot be read: {' '.join(str(error).split())}.",
            fix="fix that entry; platforms/README.md lists the entries and what each says.",
        ) from error
    layouts = tuple(
        replace(layout, profile=name, place=place, required=parsed.required)
        for place, layout in enumerate(parsed.layouts, start=1)
    )
    return Profile(name, layouts, parsed.required)
