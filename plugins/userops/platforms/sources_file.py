"""Which sources a run reads: those of `sources.yml`, and platforms named in USEROPS_SOURCES."""

from functools import lru_cache
from pathlib import Path

from pydantic import model_validator

from userops.errors import UseropsError
from userops.platforms.loading import load_platform, platform_names
from userops.platforms.source import CANONICAL, Source, SourceEntries, Sources, make_source
from userops.settings import Settings
from userops.yaml_files import Mistake, Problem, ProblemFound, YamlModel, read, validate

FILE = "sources.yml"


class SourcesFile(YamlModel):
    """The whole file."""

    sources: tuple[SourceEntries, ...]

    @model_validator(mode="after")
    def _check(self) -> "SourcesFile":
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise Mistake(f"two sources are called {twice[0]}", "give one of them another name")
        return self


def load_sources(settings: Settings) -> Sources:
    """The sources of the project's `sources.yml` (or that of USEROPS_HOME), or those that USEROPS_SOURCES names.

    A name there that the file does not have is a platform's, whose source bears its name.
    """
    root = settings.project_root
    path = next((folder / FILE for folder in (settings.home, root) if (folder / FILE).is_file()), None)
    stamp = path and (path.stat().st_mtime_ns, path.stat().st_size)
    return _load(path, stamp, settings.sources, root / "platforms")


@lru_cache(maxsize=32)
def _load(path: Path | None, stamp: tuple | None, names: tuple[str, ...], folder: Path) -> Sources:
    listed = {} if path is None else _of_file(path, folder)
    wanted = [name for name in dict.fromkeys(names) if name != CANONICAL]
    if not names:
        return Sources(tuple(listed.values()))
    return Sources(tuple(listed.get(name) or _of_platform(name, folder, list(listed)) for name in wanted))


def _of_file(path: Path, folder: Path) -> dict[str, Source]:
    file = read(path, path.parent)
    found = {}
    for place, said in enumerate(validate(file, SourcesFile).sources):
        name = said.platform or said.name
        line = file.line(("sources", place))
        if name not in (CANONICAL, *platform_names(folder)):
            known = ", ".join([CANONICAL, *platform_names(folder)])
            problem = f"there is no platform {name!r}", f"write `platform:` with one of {known}"
            raise ProblemFound(Problem(file.file, line, said.name, *problem))
        try:
            found[said.name] = make_source(said, None if name == CANONICAL else load_platform(name, folder))
        except Mistake as mistake:
            raise ProblemFound(Problem(file.file, line, said.name, mistake.what, mistake.fix)) from None
    return found


def _of_platform(name: str, folder: Path, listed: list[str]) -> Source:
    if name not in platform_names(folder):
        known = ", ".join(dict.fromkeys([CANONICAL, *listed, *platform_names(folder)]))
        raise UseropsError(
            f"There is no source {name!r}.",
            fix=f"use names of {known} (USEROPS_SOURCES), list it in {FILE}, or add {name}.yml to platforms/.",
        )
    return make_source(SourceEntries(name=name), load_platform(name, folder))
