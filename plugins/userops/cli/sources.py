"""`userops sources`: which sources are read, which platform wrote a file, what would become of it, and drafts."""

import json
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from userops.cli.edge import AsJson, load_settings, out, parse_day
from userops.errors import EXIT_BLOCKED, UseropsError
from userops.ingest.detection import Answer, Content, Fit, detect, look
from userops.ingest.drafting import draft
from userops.ingest.trial import Tried, as_plain, try_file
from userops.platforms.layout import NAME
from userops.platforms.loading import load_platform
from userops.platforms.source import CANONICAL, DELIVERED, Source, SourceEntries, make_source
from userops.platforms.sources_file import load_sources
from userops.settings import Settings

sources_app = typer.Typer(no_args_is_help=True, help="The shops, advertisers and CRMs whose files are read.")
File = Annotated[Path, typer.Argument(help="A file as the platform wrote it.")]


@sources_app.command("list")
def list_sources(as_json: AsJson = False) -> None:
    """Show the sources whose files are read, by sources.yml and USEROPS_SOURCES."""
    sources = load_sources(load_settings())
    if as_json:
        print(json.dumps([_described(source) for source in sources.all]))
        return
    if not sources.all:
        out.print("Only canonical files are read. Set USEROPS_SOURCES, or list your sources in sources.yml.")
        return
    table = Table("source", "platform", "files", "exports", "must bring", "counts when")
    for source in sources.all:
        row = _described(source)
        table.add_row(row["name"], row["platform"], ", ".join(row["files"]), ", ".join(row["exports"]),
                      ", ".join(row["required"] or ["as the contracts say"]), row["counts_when"])
    out.print(table)


def _described(source: Source) -> dict:
    layouts = [export for layout in source.layouts for export in layout.exports if source.takes(export)]
    counts = source.counts_delivered()
    methods = ", ".join(counts) if isinstance(counts, tuple) else ""
    return {
        "name": source.name, "platform": source.platform.name if source.platform else CANONICAL,
        "files": source.patterns, "exports": list(dict.fromkeys(layouts)),
        "required": None if source.required is None else list(source.required),
        "counts_when": f"{DELIVERED}: {methods}" if methods else DELIVERED if counts else "paid",
    }  # fmt: skip


@sources_app.command("detect")
def detect_file(
    file: File, every: Annotated[bool, typer.Option("--all", help="Score every layout.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say which platform wrote a file, whatever it is called, and why. Exit 1 if that is not sure."""
    answer = detect(look(file), _folder(load_settings()))
    if as_json:
        print(json.dumps({"doubt": answer.doubt, "fits": [fit.__dict__ for fit in answer.fits]}))
    else:
        _tell(file, answer, every)
    raise typer.Exit(EXIT_BLOCKED if answer.doubt else 0)


def _tell(file: Path, answer: Answer, every: bool) -> None:
    best = answer.best
    if best is None or not best.coverage:
        out.print(f"not sure: {answer.doubt}. `userops sources new {file.name}` drafts a platform for it.")
        return
    if answer.doubt:
        out.print(f"not sure: {answer.doubt}.")
    else:
        out.print(f"{file.name} is of [bold]{best.platform}[/bold] ({best.layout}): {', '.join(best.exports)}.")
    second = next((fit for fit in answer.fits if fit.platform != best.platform and fit.coverage), None)
    shown = list(answer.fits) if every else [fit for fit in (best, second) if fit]
    table = Table("platform", "layout", "needed columns there", "file's columns read", "name fits", "missing")
    for fit in shown:
        table.add_row(fit.platform, fit.layout, f"{fit.coverage:.0%}", f"{fit.known:.0%}",
                      "yes" if fit.name_fits else "no", ", ".join(fit.missing[:3]))
    out.print(table)
    for hint in best.hints:
        out.print(f"It is otherwise than {best.platform} says of its files: say `{hint}` for your source, or there.")


@sources_app.command("try")
def try_one(
    file: File,
    source: Annotated[str | None, typer.Option(help="Whose it is; found out by default.")] = None,
    day: Annotated[str | None, typer.Option("--date", help="Business date; the newest in the file by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what would become of a file: first rows, quarantine, sums a month. It stores nothing and needs no server."""
    settings = load_settings()
    content = look(file)
    whose, fit = _whose(settings, content, source)
    found = try_file(settings, content, whose, fit, parse_day(day) if day else None)
    if as_json:
        print(json.dumps([as_plain(tried) for tried in found], default=str))
    else:
        for tried in found:
            _show(tried)
    raise typer.Exit(EXIT_BLOCKED if any(tried.refused for tried in found) else 0)


def _whose(settings: Settings, content: Content, name: str | None) -> tuple[Source | None, Fit]:
    """The source that a file is tried as, and the layout that fits it best."""
    folder = _folder(settings)
    sources, answer = load_sources(settings), detect(content, folder)
    if name is None and answer.doubt:
        raise UseropsError(f"It is not sure whose file {content.path.name} is: {answer.doubt}.",
                           fix="say --source NAME; `userops sources detect` shows how each platform fits.")
    if name is None:
        fit = answer.best
        own = [one for one in sources.all if one.platform and one.platform.name == fit.platform]
        found = own[0] if own else _of_platform(fit.platform, folder)
    else:
        found = sources.named(name) or _of_platform(name, folder)
        platform = found.platform.name if found and found.platform else CANONICAL
        fits = [fit for fit in answer.fits if fit.platform == platform]
        named = [fit for fit in fits if fit.name_fits and fit.coverage == 1]
        if not fits:
            raise UseropsError(f"{content.path.name} holds {content.format}, and {platform} has no such files.",
                               fix="`userops sources detect` shows which platform fits.")
        fit = (named or fits)[0]
    return found, fit


def _of_platform(name: str, folder: Path) -> Source | None:
    return None if name == CANONICAL else make_source(SourceEntries(name=name), load_platform(name, folder))


def _folder(settings: Settings) -> Path:
    return settings.project_root / "platforms"


def _show(tried: Tried) -> None:
    out.print(f"\n[bold]{tried.export}[/bold]: {tried.stored:,} rows would be stored"
              f" of {tried.source_rows:,} in the file." if not tried.refused else
              f"\n[bold]{tried.export}[/bold]: the file would be refused.")  # fmt: skip
    if tried.refused:
        out.print(f"  {tried.refused}. Fix: {tried.fix}.", markup=False)
    for warning in tried.warnings:
        out.print(f"  warning: {warning}", markup=False)
    if tried.rows:
        _print_rows(tried)
    for reason, count in tried.reasons.items():
        out.print(f"  to quarantine: {count:,} × {reason}", markup=False)
    for line, reason in tried.lines:
        out.print(f"    line {line}: {reason}", markup=False)
    if tried.figures:
        table = Table(*tried.figure_names, title=f"{tried.export} a month")
        for row in tried.figures:
            table.add_row(*("" if cell is None else str(cell) for cell in row))
        out.print(table)


def _print_rows(tried: Tried) -> None:
    """The first rows, a column a line: exports have more columns than a terminal."""
    table = Table("column", *(f"row {place}" for place in range(1, len(tried.rows) + 1)))
    for place, name in enumerate(tried.columns):
        cells = [row[place] for row in tried.rows]
        if any(cell is not None for cell in cells):
            table.add_row(name, *("" if cell is None else str(cell) for cell in cells))
    out.print(table)




@sources_app.command("new")
def new_platform(
    file: File, name: Annotated[str | None, typer.Option(help="Name of the platform; by the file's by default.")] = None
) -> None:
    """Draft a platform for a file that nobody knows, below platforms/; every guess in it is marked."""
    settings = load_settings()
    content = look(file)
    word = name or _word_of(file)
    if name is None and sys.stdin.isatty() and sys.stdout.isatty():
        word = typer.prompt("Name of the platform", default=word)
    if not NAME.match(word) or word == CANONICAL:
        raise UseropsError(f"{word!r} cannot be the name of a platform.", fix="use small letters, digits and _.")
    path = _folder(settings) / f"{word}.yml"
    if path.exists():
        raise UseropsError(f"platforms/{path.name} exists.", fix="give another --name.")
    text = draft(content, word, datetime.now(ZoneInfo(settings.timezone)).date())
    path.write_text(text, encoding="utf-8")
    guesses = text.count("# guess")
    out.print(f"platforms/{path.name} is drafted, with {guesses} guesses. Look at each, then run"
              f" `userops sources try {file} --source {word}`.", markup=False)  # fmt: skip


def _word_of(file: Path) -> str:
    letters = re.sub(r"[^a-z]+", "_", file.name.partition(".")[0].lower()).strip("_")
    return letters or "shop"
