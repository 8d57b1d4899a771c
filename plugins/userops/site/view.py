"""A page as its template and its script take it."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import psycopg

from userops.site.dictionary import Mart, mentioned
from userops.site.formats import plain, show
from userops.site.measures import initial
from userops.site.models import Block, Column, Figure, Figures, Heading, Page, Vocabulary, Words
from userops.site.pages import query_columns
from userops.site.privacy import assert_impersonal
from userops.site.query import Rows, ask_block

# What a script needs of a block beside its rows: how to add up, and how to draw.
SHARED = {"id", "type", "filters", "grain", "sum", "ratio"}
IN_TEMPLATE = {"sql", "columns", "figures", "read", "wide", "empty", "names"}


@dataclass(frozen=True)
class Frame:
    """What all pages of one build share."""

    vocabulary: Vocabulary
    marts: dict[str, Mart]
    currency: str
    zone: ZoneInfo


def page_view(connection: psycopg.Connection, page: Page, frame: Frame) -> tuple[dict, dict]:
    """What the template shows, and what the script draws."""
    shown, drawn, words = [], [], _words(page, frame.vocabulary)
    for block in page.blocks:
        if isinstance(block, Heading):
            shown.append({"block": block})
            continue
        file = f"{page.name}.yml"
        answer = ask_block(connection, file, block)
        assert_impersonal(file, block.id, answer)
        shown.append(_template_view(block, answer, frame))
        drawn.append(_script_view(block, answer, frame.zone))
        for name, chinese in block.names.items():
            named = {str(row[name]): {"en": row[name], "zh": row[chinese] or row[name]} for row in answer.dicts()}
            words[name] = words.get(name, {}) | named
    filters = {name: choice.model_dump() for name, choice in page.filters.items()}
    script = {"name": page.name, "filters": filters, "words": words, "blocks": drawn}
    return {"blocks": _laid_out(_rows_of_figures(shown))}, script


def _rows_of_figures(shown: list[dict]) -> list[dict]:
    """Blocks of headline numbers that follow one another, as one row of cards."""
    rows: list[dict] = []
    for view in shown:
        if not isinstance(view["block"], Figures):
            rows.append(view)
        elif rows and isinstance(rows[-1]["block"], Figures):
            rows[-1] = rows[-1] | {name: [*rows[-1][name], *view[name]] for name in ("figures", "sources")}
        else:
            rows.append(view)
    return rows


def _laid_out(views: list[dict]) -> list[dict]:
    """Blocks stand two and two; one that would stand alone takes the whole width."""
    placed, waiting = [], None
    for view in views:
        whole = isinstance(view["block"], Figures | Heading) or view["block"].wide
        placed.append(view | {"wide": whole})
        if not whole:
            waiting = placed[-1] if waiting is None else None
        elif waiting is not None:
            waiting["wide"], waiting = True, None
    if waiting is not None:
        waiting["wide"] = True
    return placed


def _words(page: Page, vocabulary: Vocabulary) -> dict:
    """The vocabularies that a page's columns and filters name."""
    columns = [column for block in page.blocks for column in getattr(block, "columns", {}).values()]
    used = {part.words for part in (*columns, *page.filters.values()) if part.words}
    return {
        name: {value: word.model_dump(exclude_none=True) for value, word in vocabulary.values[name].items()}
        for name in sorted(used & vocabulary.values.keys())
    }


def exports_of(page: Page, marts: dict[str, Mart]) -> set[str]:
    """The exports that a page's figures are made of."""
    read = {name for block in page.blocks for name in mentioned(getattr(block, "sql", ""))}
    return {export for name in read if name in marts for export in marts[name].exports}


def _template_view(block: Figures | Block, answer: Rows, frame: Frame) -> dict:
    source = {"reads": mentioned(block.sql), "sql": block.sql.strip()}
    if isinstance(block, Figures):
        rows = answer.dicts()
        cards = [_card(block, figure, rows, frame) | {"missing": answer.missing} for figure in block.figures]
        return {"block": block, "figures": cards, "sources": [source]}
    definitions = [
        found
        for name, column in block.columns.items()
        if (found := _definition(name, column, block.ratio.get(name), source["reads"], frame.marts))
    ]
    return {"block": block, "missing": answer.missing, "empty": not answer.rows, "definitions": definitions, **source}


def _card(block: Figures, figure: Figure, rows: list[dict], frame: Frame) -> dict:
    now, before, periods = initial(block, figure, rows) if rows else (None, None, [])
    return {
        "figure": figure,
        "raw": "" if now is None else str(plain(now, frame.zone)),
        "value": show(now, figure.format, frame.currency),
        "period": str(periods[0])[: 7 if block.grain == "month" else 10] if periods else "",
        "before": show(before, figure.format, frame.currency) if before is not None else "",
        "definition": _figure_definition(figure, mentioned(block.sql), frame.marts),
    }


def _figure_definition(figure: Figure, reads: list[str], marts: dict[str, Mart]) -> dict | None:
    """The definition of a headline number, with the metric that is the same number."""
    found = _definition(figure.sum or figure.value or "", figure.title, figure.ratio, reads, marts)
    if found is None and figure.metric is None:
        return None
    bare = {"column": figure.title, "name": "", "mart": "", "text": "", "formula": ""}
    return (found or bare) | {"metric": figure.metric}


def _definition(
    name: str, words: Column | Words, ratio: tuple[str, str] | None, reads: list[str], marts: dict[str, Mart]
) -> dict | None:
    """How a figure is added up, and what the mart that has a column of its name says of it."""
    formula = f"sum({ratio[0]}) ÷ sum({ratio[1]})" if ratio else ""
    mart, definition = next(
        ((m, f.definition) for m in reads if m in marts for f in marts[m].fields if f.name == name), ("", "")
    )
    if not formula and not definition:
        return None
    return {"column": words, "name": name, "mart": mart, "text": definition, "formula": formula, "metric": None}


def _script_view(block: Figures | Block, answer: Rows, zone: ZoneInfo) -> dict:
    needed = query_columns(block) - set(block.names.values())
    at = [index for index, name in enumerate(answer.columns) if name in needed]
    rows = {
        "names": [answer.columns[index] for index in at],
        "values": [[plain(row[index], zone) for index in at] for row in answer.rows],
    }
    view = block.model_dump(exclude=IN_TEMPLATE, exclude_none=True)
    view |= {name: getattr(block, name) for name in SHARED}
    if isinstance(block, Figures):
        view["figures"] = [figure.model_dump(exclude={"read", "metric"}) for figure in block.figures]
    else:
        view["columns"] = [{"name": name, **_column(column)} for name, column in block.columns.items()]
    return view | {"window": getattr(block, "window", None), "missing": bool(answer.missing), "rows": rows}


def _column(column: Column) -> dict:
    return column.model_dump(exclude_none=True)
