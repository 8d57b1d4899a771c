"""Is the folder of a business date there and whole, as far as its listing and manifest can tell?"""

from collections.abc import Iterator
from datetime import date

from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.ingest.landing import MANIFEST, Folder, assign
from userops.platforms.loading import load_profile
from userops.settings import Settings


def check_delivery(
    folder: Folder, settings: Settings, business_date: date, waived: frozenset[str] = frozenset()
) -> list[CheckResult]:
    """Is the folder there and whole? `waived` are names of files that are known missing."""
    platform = load_profile(",".join(settings.sources))
    day = business_date.isoformat()
    there = _answer("folder_present", "folder", folder.exists, "no folder" if not folder.exists else "there",
                    f"folder {day}", f"deliver the files to {day}/ in the landing place and run again")
    if not folder.exists:
        return [there]
    names = "names of exports" if platform is None else f"names of exports, or files of {platform.name}"
    fix = "rename it to <export>.csv"
    if platform is not None:
        patterns = dict.fromkeys(pattern for layout in platform.layouts for pattern in layout.files)
        fix = f"name it as {platform.name} names its files ({', '.join(patterns)})"
    return [there, *_required(folder, settings, waived), *check_manifest(folder, day, waived)] + [
        _answer("unknown_file", "folder", False, name, names, f"{name} was not read: {fix}, or remove it", "warning")
        for name in folder.unknown
    ]


def required_exports(settings: Settings) -> list[str]:
    """The exports that must come every night: by the platforms, or else by their contracts."""
    platform = load_profile(",".join(settings.sources))
    if platform is not None and platform.required is not None:
        return [name for name in load_contracts() if name in platform.required]
    return [name for name, contract in load_contracts().items() if contract.required]


def _required(folder: Folder, settings: Settings, waived: frozenset[str]) -> Iterator[CheckResult]:
    platform = load_profile(",".join(settings.sources))
    known_missing = exports_of(settings, waived)
    for export in required_exports(settings):
        contract, found = load_contracts()[export], [source.name for source in folder.of(export)]
        foreign = "" if platform is None else "".join(f", {name}" for name in platform.patterns_of(export))
        observed = ", ".join(found) or ("known missing" if export in known_missing else "no file")
        yield _answer("export_present", export, observed != "no file", observed,
                      f"{export}.csv, .jsonl or .parquet{foreign}",
                      f"ask {contract.owner} to deliver {export} and run again")


def exports_of(settings: Settings, names: frozenset[str]) -> set[str]:
    """The exports that files of these names hold; the name of an export alone means its file."""
    platform = load_profile(",".join(settings.sources))
    sources, _ = assign({name if "." in name else f"{name}.csv": "" for name in names}, platform)
    return {source.export for source in sources}


def check_manifest(folder: Folder, day: str, waived: frozenset[str]) -> Iterator[CheckResult]:
    """Does the folder hold what its manifest lists, and nothing else?"""
    if folder.manifest_error:
        yield _answer("manifest_readable", "folder", False, folder.manifest_error, "valid JSON with `files`",
                      f"{MANIFEST}: have it written again")
    if folder.manifest is None:
        return
    said = str(folder.manifest.get("business_date"))
    yield _answer("manifest_date", "folder", said == day, said, day, f"{MANIFEST}: deliver the folder of {day}")
    present = {source.name for source in folder.sources}
    listed = {entry["name"] for entry in folder.manifest["files"]}
    missing, extra = sorted(listed - present - set(folder.unknown) - waived), sorted(present - listed)
    yield _answer("manifest_files", "folder", not missing, f"missing {', '.join(missing)}" if missing else "all there",
                  f"{len(listed)} listed files", "deliver the missing files and run again")
    yield _answer("manifest_lists_all", "folder", not extra, f"not listed: {', '.join(extra)}" if extra else "all",
                  "every file listed", f"list the file in {MANIFEST}, or remove it")


def _answer(
    check: str, subject: str, passed: bool, observed: str, expected: str, fix: str, severity: str = "critical"
) -> CheckResult:
    return CheckResult(check, "manifest", subject, severity, passed, observed, expected, "" if passed else fix)
