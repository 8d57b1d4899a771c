"""The documentation says what is there: commands and options, make targets, links, paths, generated pages."""

import importlib
import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
import yaml

from userops.cli.main import app
from userops.contracts.model import parse as parse_contract
from userops.platforms.loading import load_platform
from userops.platforms.sources_file import load_sources
from userops.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), ROOT / "platforms" / "README.md",
    ROOT / "expectations" / "README.md",
]  # fmt: skip
# What was true then: names in them may be gone.
HISTORY = {"CHANGELOG.md", "DECISIONS.md"}
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
IN_CONTAINER = ("docker", "compose", "run", "--rm", "scheduler")
PATH = re.compile(r"^(?:docs|tests|plugins|dbt_project|contracts|platforms|expectations|tags|audiences|dags|deploy"
                  r"|benchmarks|data)/[\w./-]+$")  # fmt: skip


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    return BLOCK.sub("", text_of(page))


def lines_of_blocks(page: Path) -> Iterator[str]:
    """The lines of a page's shell blocks."""
    for language, body in BLOCK.findall(text_of(page)):
        if language in ("console", "bash"):
            yield from (line.strip() for line in body.replace("\\\n", " ").splitlines() if line.strip())


def lines_to_type(page: Path) -> Iterator[str]:
    """The commands that a page shows: lines of its shell blocks, and spans that begin with a command."""
    yield from lines_of_blocks(page)
    yield from SPAN.findall(prose_of(page))


def words_after(program: str, page: Path, lines: Iterable[str] | None = None) -> Iterator[list[str]]:
    """The words that follow a program in every command of a page, without placeholders."""
    for line in lines_to_type(page) if lines is None else lines:
        words = shlex.split(line.replace("…", ""), comments=True) if line.count("'") % 2 == 0 else line.split()
        words = [word.removeprefix(".venv/bin/") for word in words]
        starts = [n for n, word in enumerate(words) if word == program]
        before = words[: starts[0]] if starts else []
        if starts and all("=" in word or word in IN_CONTAINER for word in before):
            yield words[starts[0] + 1 :]


@pytest.fixture(scope="module")
def generate():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        yield importlib.import_module("_generate")


current = [page for page in PAGES if page.name not in HISTORY]
# The READMEs of platforms/ and expectations/ name files that their reader is to write.
own = [page for page in current if page.parent == ROOT or DOCS in page.parents]


@pytest.mark.parametrize("page", current, ids=name)
def test_every_userops_command_and_option_exists(page):
    for words in words_after("userops", page):
        command = typer.main.get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        assert not getattr(command, "commands", None) or not words, f"no such command: userops … {' '.join(words)}"
        if command.name in ("airflow", "superset"):
            continue
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        given = {word for word in words if word.startswith("--")}
        assert given <= known, f"userops {command.name}: {sorted(given - known)}"


@pytest.mark.parametrize("page", current, ids=name)
def test_every_userops_command_of_a_shell_block_can_be_run_as_it_stands(page):
    """Required options are given, choices and numbers are valid; nothing is run."""
    for words in words_after("userops", page, lines_of_blocks(page)):
        command, path = typer.main.get_command(app), "userops"
        while words and words[0] in getattr(command, "commands", {}):
            path = f"{path} {words[0]}"
            command = command.commands[words.pop(0)]
        if words and "--help" not in words or not getattr(command, "commands", None):
            command.make_context(path, words)


@pytest.mark.parametrize("page", current, ids=name)
def test_every_make_target_exists(page):
    targets = set(re.findall(r"^([\w-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    given = {word for words in words_after("make", page) for word in words if "=" not in word}
    assert given <= targets


@pytest.mark.parametrize("page", current, ids=name)
def test_every_python_program_exists(page):
    for words in words_after("python", page):
        if words[0] == "-m":
            assert find_spec(words[1]), words[1]
        else:
            assert (ROOT / words[0]).is_file(), words[0]


@pytest.mark.parametrize("page", own, ids=name)
def test_every_path_exists(page):
    paths = {span for span in SPAN.findall(prose_of(page)) if PATH.match(span)}
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def anchors_of(page: Path) -> set[str]:
    """The ids of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(prose_of(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        # A page of the site cannot link to what is not part of it.
        assert DOCS not in page.parents or DOCS in found.parents, f"{target} is not below docs/"
        assert not anchor or anchor in anchors_of(found), target


def examples(page: str) -> list[str]:
    """The YAML blocks of a page."""
    return [textwrap.dedent(body) for language, body in BLOCK.findall(text_of(DOCS / page)) if language == "yaml"]


def test_the_example_of_a_contract_can_be_read():
    column, contract = examples("how-to/add-an-export.md")[:2]
    body = contract + textwrap.indent(column, "  ")
    assert [each.name for each in parse_contract(body, "visits.yml").columns] == [
        "visit_id", "contact_id", "visited_at", "updated_at", "loyalty_tier",
    ]  # fmt: skip


def test_the_examples_of_platforms_can_be_read(tmp_path):
    like, till = examples("how-to/add-a-platform.md")
    (tmp_path / "my_jd.yml").write_text(like, encoding="utf-8")
    (tmp_path / "jd.yml").write_text(text_of(ROOT / "platforms" / "jd.yml"), encoding="utf-8")
    (tmp_path / "till.yml").write_text(till, encoding="utf-8")
    assert load_platform("my_jd", tmp_path).layouts[0].encoding == "utf-8"
    assert load_platform("till", tmp_path).required == ("orders",)


@pytest.mark.parametrize("page", ["sources.md", "bring-your-own.md"])
def test_the_examples_of_sources_can_be_read(page, tmp_path):
    text = next(text for text in examples(page) if text.startswith("sources:"))
    (tmp_path / "sources.yml").write_text(text, encoding="utf-8")
    settings = Settings.load({"USEROPS_HOME": str(tmp_path)})
    assert load_sources(settings).names[:2] == ["shopify", "shop_eu"]


def test_generated_pages_are_up_to_date(generate):
    stale = [path for path, text in generate.pages().items() if text_of(DOCS / path) != text]
    assert stale == [], "run `python docs/_generate.py`"


def test_nothing_generated_is_left_over(generate):
    folders = (DOCS / "reference", DOCS / "platforms")
    there = {path.relative_to(DOCS).as_posix() for folder in folders for path in folder.iterdir()}
    assert there == {page for page in generate.pages() if "/" in page}


def test_the_site_has_every_page():
    def files(entry: object) -> Iterator[str]:
        if isinstance(entry, str):
            yield entry
        else:
            for value in entry.values() if isinstance(entry, dict) else entry:
                yield from files(value)

    nav = sorted(files(yaml.safe_load(text_of(ROOT / "mkdocs.yml"))["nav"]))
    assert nav == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def test_the_readme_names_every_command(generate):
    readme = text_of(ROOT / "README.md")
    missing = [path for path, _ in generate.commands() if f"`userops {path}" not in readme]
    assert missing == []


def test_the_readme_is_short():
    assert len(text_of(ROOT / "README.md").splitlines()) < 200
