"""`userops tags`."""

import json
from typing import Annotated

import typer
from rich.table import Table

from userops.cli.edge import AsJson, load_settings, out
from userops.errors import UseropsError

tags_app = typer.Typer(no_args_is_help=True, help="Tags: why a user bears them, and their files.")


@tags_app.command("explain")
def explain_user(
    user: Annotated[str, typer.Argument(help="user_id or contact_id.")],
    as_json: AsJson = False,
) -> None:
    """Show each tag a user bears: its rule, what the rule read, and since when."""
    from userops.tags.explain import explain
    from userops.warehouse.connection import connect
    from userops.warehouse.location import warehouse_url

    # The publisher reads the marts and what they were built from, and neither raw nor vault.
    with connect(warehouse_url(load_settings()), "publisher") as connection:
        connection.read_only = True
        found = explain(connection, user)
    if as_json:
        print(json.dumps(found, default=str, ensure_ascii=False))
        return
    out.print(f"[bold]{found['user_id']}[/bold] on {found['business_date']}: {len(found['tags'])} tags")
    if found["evidence_day"] != found["business_date"]:
        later = found["evidence_day"] or "no day"
        out.print(f"[yellow]The evidence is of {later}: another date was built since and not published.[/yellow]")
    table = Table("tag", "value", "score", "since", "rule", "evidence")
    for tag in found["tags"]:
        read = {name: "unknown" if value is None else value for name, value in tag["evidence"].items()}
        evidence = "\n".join(f"{name} = {value}" for name, value in read.items())
        name = f"{tag['tag_name']}\n{tag['tag_name_zh']}\n[dim]{tag['tag_code']}[/dim]"
        table.add_row(name, tag["value"], str(tag["score"]), str(tag["since"]), tag["rule"], evidence)
    out.print(table)


@tags_app.command("new")
def new(
    code: Annotated[str, typer.Argument(help="Code of the tag: lower-case letters, digits, underscores.")],
    category: Annotated[str, typer.Option(help="One of the eleven categories.")],
    rule: Annotated[str | None, typer.Option(help="Who bears it, over the features of docs/tags.md.")] = None,
    name: Annotated[str | None, typer.Option(help="English name.")] = None,
    name_zh: Annotated[str | None, typer.Option(help="Chinese name.")] = None,
    scenario: Annotated[str | None, typer.Option(help="One of the thirteen; the file's by default.")] = None,
    decision: Annotated[str | None, typer.Option(help="What it decides; the file's by default.")] = None,
    value: Annotated[str | None, typer.Option(help="Expression of its value; `true` by default.")] = None,
    score: Annotated[str | None, typer.Option(help="Expression of its score; 1 by default.")] = None,
) -> None:
    """Add a tag to the file of its category, and to the page docs/tags.md."""
    from userops.tags.docs import write
    from userops.tags.scaffold import add_tag

    root = load_settings().project_root
    given = {"rule": rule, "name": name, "name_zh": name_zh, "scenario": scenario, "decision": decision,
             "value": value, "score": score}  # fmt: skip
    path, line = add_tag(root, code, category, given)
    out.print(f"{path.relative_to(root)}:{line} holds {code}. Then `userops tags lint`.")
    write(root)


@tags_app.command("lint")
def lint_files(as_json: AsJson = False) -> None:
    """Check the tag files and, with a published warehouse, find tags of the same users. Exit 2 on errors."""
    from userops.tags.lint import lint, overlaps
    from userops.warehouse.connection import connect
    from userops.warehouse.location import warehouse_url

    settings = load_settings()
    findings = lint(settings.project_root)
    note = ""
    try:
        with connect(warehouse_url(settings, start=False), "bi_reader") as connection:
            findings += overlaps(connection)
    except UseropsError as error:
        note = f"Overlaps were not checked: {error.what}"
    if as_json:
        print(json.dumps({"findings": [f.__dict__ for f in findings], "note": note}, ensure_ascii=False))
    else:
        for finding in findings:
            color = "red" if finding.level == "error" else "yellow"
            said = f"{finding.where}: {finding.what} → {finding.fix}"
            out.print(f"[{color}]{finding.level}[/{color}]", said, soft_wrap=True, markup=True)
        out.print(note or f"{len(findings)} findings.")
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(2)
