"""The pages of the platforms: what each reads, what it makes of it, and what it leaves out, from its YAML."""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path

from userops.platforms.layout import Layout, PlatformExport
from userops.platforms.loading import load_platform

INDEX = """# Platforms

Whose own files can be read, by which names, for which exports. [Sources](../sources.md) says how to choose them,
[Add a platform](../how-to/add-a-platform.md) how to describe another one.
"""
CELLS = {"csv": "CSV", "json": "JSON", "jsonl": "JSON, one document per line", "parquet": "Parquet"}


def platforms_index(files: Iterable[Path]) -> str:
    """The list of all platforms, each with a link to its page."""
    rows = []
    for file in files:
        layouts = load_platform(file.stem).layouts
        exports = dict.fromkeys(export for layout in layouts for export in layout.exports)
        patterns = [pattern for layout in layouts for pattern in layout.files]
        rows.append((f"[{file.stem}](../platforms/{file.stem}.md)", _code(patterns), ", ".join(exports)))
    return f"{INDEX}\n{_table(('platform', 'files', 'exports'), rows)}"


def platform_page(file: Path) -> str:
    """The page of one platform: the comment that its file opens with, then its layouts one by one."""
    platform = load_platform(file.stem)
    parts = [f"# {file.stem}\n", *(f"{_words(paragraph)}\n" for paragraph in _comment(file))]
    if platform.required is not None:
        owed = _code(platform.required) if platform.required else "nothing"
        parts.append(f"Every folder must bring {owed}, unless the source says otherwise.\n")
    if platform.orders_from_lines:
        parts.append("Orders are made from the newest version of each of their lines.\n")
    for number, layout in enumerate(platform.layouts, start=1):
        parts.append(_layout(layout, f"## Layout {number}: {', '.join(layout.exports)}"))
    return "\n".join(parts)


def _layout(layout: Layout, title: str) -> str:
    """Names of files, how they are written, columns, exports."""
    delimiter = {"\t": "tabs", ";": "semicolons"}.get(layout.delimiter, "commas")
    written = f"{CELLS[layout.format]}, {layout.encoding}" + (f", {delimiter}" if layout.format == "csv" else "")
    above = {0: "", "auto": " The header is looked for below any other lines."}.get(
        layout.skip_lines, f" {layout.skip_lines} lines stand above the header."
    )
    parts = [f"{title}\n", f"Files named {_code(layout.files)}: {written}.{above}\n"]
    parts += [f"Refused: {_words(rule.reason)}.\n" for rule in layout.refuse]
    parts.append(_table(("column", "must be there"), _columns(layout)))
    parts.append(_table(("export", "rows", "set aside"), [
        (f"`{name}`", _rows(export), _words("; ".join(rule.reason for rule in export.set_aside)))
        for name, export in layout.exports.items()
    ]))  # fmt: skip
    return "\n".join(parts)


def _columns(layout: Layout) -> list[tuple[str, str]]:
    """The file's names of each column that is read; several spellings of one stand side by side."""
    spellings: dict[str, list[str]] = {}
    for name, column in layout.header.items():
        spellings.setdefault(column, []).append(name)
    return [
        (" or ".join(f"`{name}`" for name in names), "" if column in layout.optional else "yes")
        for column, names in spellings.items()
    ]


def _rows(export: PlatformExport) -> str:
    said = "one per row of the file" if export.row_per_line else "one or several per row of the file"
    said = said if export.row_per_line or export.split_lines else "made from the file's rows"
    return f"{said}; the newest file has all of its `{export.whole}`" if export.whole else said


def _comment(file: Path) -> list[str]:
    """The paragraphs of the comment that a file opens with."""
    lines = takewhile(lambda line: line.startswith("#"), file.read_text(encoding="utf-8").splitlines())
    text = "\n".join(line.removeprefix("#").strip() for line in lines)
    return [" ".join(paragraph.split("\n")) for paragraph in text.split("\n\n")]


def _words(text: str) -> str:
    return text.replace("<", "&lt;")


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; cells may hold anything but line breaks."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
