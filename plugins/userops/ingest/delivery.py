"""Is the folder of a business date there and whole, as far as its listing and manifest can tell?"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.ingest.landing import MANIFEST, Folder, assign, read_by
from userops.platforms.source import CANONICAL
from userops.platforms.sources_file import load_sources
from userops.settings import Settings

# A waived file, or an export, of whatever source.
ANY = "*"


@dataclass(frozen=True)
class Lack:
    """An export of which no file came; of a source, where others' came."""

    export: str
    source: str
    severity: str

    @property
    def whose(self) -> str:
        """Words that name the source."""
        return f" of {self.source}" if self.source else ""


def check_delivery(
    folder: Folder, settings: Settings, business_date: date, waived: frozenset[str] = frozenset(),
    before: frozenset[str] = frozenset(),
) -> list[CheckResult]:  # fmt: skip
    """Is the folder there and whole? `waived` are names of files that are known missing, `before` are the sources that
    delivered for an earlier date."""
    sources = load_sources(settings)
    day = business_date.isoformat()
    there = _answer("folder_present", "folder", folder.exists, "no folder" if not folder.exists else "there",
                    f"folder {day}", f"deliver the files to {day}/ in the landing place and run again")
    if not folder.exists:
        return [there]
    whose = ", ".join(sources.names)
    names = f"names of exports, or files of {whose}" if whose else "names of exports"
    fix = "rename it to <export>.csv"
    if whose:
        patterns = dict.fromkeys(pattern for source in sources.all for pattern in source.patterns)
        fix = f"name it as {whose} names its files ({', '.join(patterns)}), put it into the folder of its source"
    return [there, *_required(folder, settings, waived, before), *check_manifest(folder, day, waived)] + [
        _answer("unknown_file", "folder", False, name, names, f"{name} was not read: {fix}, or remove it", "warning")
        for name in folder.unknown
    ]


def required_exports(settings: Settings) -> list[tuple[str, str]]:
    """Export and source of what must come every night: as sources say, or else by the contracts, of any source."""
    stating = [source for source in load_sources(settings).all if source.required is not None]
    if not stating:
        return [(name, ANY) for name, contract in load_contracts().items() if contract.required]
    return [(name, source.name) for name in load_contracts() for source in stating if name in source.required]


def lacking(
    settings: Settings, come: Collection[tuple[str, str]], before: frozenset[str], waived: frozenset[str]
) -> Iterator[Lack]:
    """What is required and did not come; `come` are source and export of what did.

    A canonical file may bring an export in the place of the source. A source that never delivered owes nothing yet
    where another one brought the export.
    """
    known_missing, required = exports_of(settings, waived), required_exports(settings)
    for export in dict.fromkeys(export for export, _ in required):
        bringing = {source for source, of in come if of == export}
        wanted = [source for of, source in required if of == export]
        absent = [
            source for source in wanted
            if not ({source, ANY} & {source_of for source_of, of in known_missing if of == export})
            and not (bringing if source == ANY else bringing & {source, CANONICAL})
        ]
        if absent and not bringing and len(absent) == len(wanted):
            yield Lack(export, "", "critical")
        else:
            for source in absent:
                yield Lack(export, source, "critical" if source in before or not bringing else "warning")


def _required(
    folder: Folder, settings: Settings, waived: frozenset[str], before: frozenset[str]
) -> Iterator[CheckResult]:
    lacks = list(lacking(settings, {(file.source_name, file.export) for file in folder.delivered}, before, waived))
    sources = load_sources(settings)
    for export in dict.fromkeys(export for export, _ in required_exports(settings)):
        contract, found = load_contracts()[export], [file.label for file in folder.of(export)]
        foreign = "".join(f", {name}" for source in sources.all for name in source.patterns_of(export))
        expected = f"{export}.csv, .jsonl, .parquet or .xlsx{foreign}"
        fix = f"ask {contract.owner} to deliver {export} and run again"
        own = [lack for lack in lacks if lack.export == export]
        if not own:
            yield _answer("export_present", export, True, ", ".join(found) or "known missing", expected, fix)
        for lack in own:
            yield _answer("export_present", export, False, f"no file{lack.whose}", expected, fix, lack.severity)


def exports_of(settings: Settings, names: frozenset[str]) -> set[tuple[str, str]]:
    """Source and export of what files of these names hold; the name of an export alone means its file."""
    sources, found = load_sources(settings), set()
    for name in names:
        whose, _, file_name = name.rpartition("/")
        if "." not in file_name:
            found |= {(whose or ANY, file_name)} if file_name in load_contracts() else set()
        elif whose:
            found |= {(whose, file.export) for file in read_by(file_name, "", sources.named(whose), whose)}
        else:
            delivered, _ = assign({file_name: ""}, sources)
            found |= {(ANY if file.source is None else file.source_name, file.export) for file in delivered}
    return found


def check_manifest(folder: Folder, day: str, waived: frozenset[str]) -> Iterator[CheckResult]:
    """Does the folder hold what its manifest lists, and nothing else?"""
    if folder.manifest_error:
        yield _answer("manifest_readable", "folder", False, folder.manifest_error, "valid JSON with `files`",
                      f"{MANIFEST}: have it written again")
    if folder.manifest is None:
        return
    said = str(folder.manifest.get("business_date"))
    yield _answer("manifest_date", "folder", said == day, said, day, f"{MANIFEST}: deliver the folder of {day}")
    present = {file.place for file in folder.delivered}
    listed = {entry["name"] for entry in folder.manifest["files"]}
    known = waived | {name.rpartition("/")[2] for name in waived}
    missing, extra = sorted(listed - present - set(folder.unknown) - known), sorted(present - listed)
    yield _answer("manifest_files", "folder", not missing, f"missing {', '.join(missing)}" if missing else "all there",
                  f"{len(listed)} listed files", "deliver the missing files and run again")
    yield _answer("manifest_lists_all", "folder", not extra, f"not listed: {', '.join(extra)}" if extra else "all",
                  "every file listed", f"list the file in {MANIFEST}, or remove it")


def _answer(
    check: str, subject: str, passed: bool, observed: str, expected: str, fix: str, severity: str = "critical"
) -> CheckResult:
    return CheckResult(check, "manifest", subject, severity, passed, observed, expected, "" if passed else fix)
