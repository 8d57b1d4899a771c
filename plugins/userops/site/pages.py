"""Read the pages of `dashboards/`; an error names the file, the block and the fix."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from userops.errors import UseropsError
from userops.site.models import Block, Column, Figures, Page, Vocabulary

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
VOCABULARY = "_words.yml"
FIXES = {
    "extra_forbidden": "remove it or correct its name; a text with a comma needs quotes",
    "missing": "add it",
    "union_tag_invalid": "use one of the types named",
    "union_tag_not_found": "add `type`",
    "literal_error": "use one of the values named",
}


def read_vocabulary(folder: Path) -> Vocabulary:
    """The words, filters and columns that all pages share."""
    path = folder / VOCABULARY
    return _checked(Vocabulary, _yaml(path), path.name)


def read_pages(folder: Path, vocabulary: Vocabulary) -> list[Page]:
    """All pages in their order, each column with its name and format."""
    paths = sorted(path for path in folder.glob("*.yml") if not path.name.startswith("_"))
    if not paths:
        raise UseropsError(f"No page is declared in {folder}.", fix="restore the pages of dashboards/.")
    pages = [_page(path, vocabulary) for path in paths]
    groups = list(vocabulary.groups)
    return sorted(pages, key=lambda page: (groups.index(page.group), page.order))


def _page(path: Path, vocabulary: Vocabulary) -> Page:
    data = _yaml(path)
    page = _checked(Page, {"name": path.stem, **data}, path.name)
    if page.group not in vocabulary.groups:
        known = ", ".join(vocabulary.groups)
        raise _error(path.name, "", f"group {page.group!r} is none of {known}", "use one of them")
    filters = {
        name: given or _known(vocabulary.filters, name, path.name, "filters") for name, given in page.filters.items()
    }
    own = {name for block in page.blocks for name in getattr(block, "names", {})}
    blocks = [_named(block, vocabulary, own, path.name) for block in page.blocks]
    return page.model_copy(update={"filters": filters, "blocks": blocks})


def _named(block: BaseModel, vocabulary: Vocabulary, own: set[str], file: str) -> BaseModel:
    """The block with the shared name and format of each column that gives none of its own.

    `own`: the columns whose values are named in both languages by the page's own queries.
    """
    if not isinstance(block, Block):
        return block
    columns = {
        name: given or _known(vocabulary.columns, name, file, block.id) for name, given in block.columns.items()
    }
    for name, column in columns.items():
        if column.words and column.words not in vocabulary.values.keys() | own:
            what = f"column {name} has the unknown words {column.words!r}"
            raise _error(file, block.id, what, f"add them to {VOCABULARY}, under values")
    return block.model_copy(update={"columns": columns})


def _known(shared: dict, name: str, file: str, place: str) -> Column:
    if name not in shared:
        fix = f"write `{name}: {{en: …, zh: …}}` there, or add it to {VOCABULARY}"
        raise _error(file, place, f"{name!r} has no words", fix)
    return shared[name]


def query_columns(block: Figures | Block) -> set[str]:
    """What the block's query has to return."""
    parts = {name for pair in (*block.ratio.values(), *block.names.items()) for name in pair}
    parts |= {*block.filters.values(), *block.sum}
    if isinstance(block, Figures):
        return parts | {name for figure in block.figures for name in figure.inputs}
    return (parts | set(block.columns)) - set(block.ratio) - set(block.share)


def _yaml(path: Path) -> dict:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), LOADER)
    except OSError as error:
        raise _error(path.name, "", f"it cannot be read: {error.strerror}", "restore it") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        what = f"it is no YAML{line}: {getattr(error, 'problem', None) or error}"
        raise _error(path.name, "", what, "correct it there; a text with a colon or comma needs quotes") from error
    if not isinstance(data, dict):
        raise _error(path.name, "", "it is no mapping", "see the pages beside it")
    return data


def _checked(kind: type[BaseModel], data: dict, file: str) -> BaseModel:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place, rest = _place(data, first["loc"])
        where = f"{'.'.join(rest)}: " if rest else ""
        message = first["msg"].removeprefix("Value error, ")
        raise _error(file, place, where + message, FIXES.get(first["type"], "see the blocks beside it")) from error


def _place(data: dict, loc: tuple) -> tuple[str, list[str]]:
    """The id of the block that an error is in, and where in it."""
    if len(loc) < 2 or loc[0] != "blocks" or not isinstance(loc[1], int):
        return "", [str(part) for part in loc]
    block = data["blocks"][loc[1]]
    given = block if isinstance(block, dict) else {}
    rest = [str(part) for part in loc[2:] if part != given.get("type")]
    return str(given.get("id", f"number {loc[1] + 1}")), rest


def _error(file: str, block: str, what: str, fix: str) -> UseropsError:
    place = f"dashboards/{file}" + (f", block {block}" if block else "")
    return UseropsError(f"{place}: {what}.", fix=f"{fix}.")
