"""`userops`: the commands of the data engineer and the people on call."""

import json
import logging
import os
import sys
from typing import Annotated

import typer

from userops.cli import operations, runs
from userops.cli.audiences import audiences_app
from userops.cli.database import db_app
from userops.cli.edge import AsJson, connection_lost, err, load_settings, out
from userops.cli.simulate import simulate
from userops.cli.sources import sources_app
from userops.cli.tags import tags_app
from userops.errors import EXIT_FAILED, EXIT_USAGE, UseropsError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(db_app, name="db")
app.add_typer(sources_app, name="sources")
app.add_typer(tags_app, name="tags")
app.add_typer(audiences_app, name="audiences")
app.command()(runs.run)
app.command()(runs.backfill)
app.command()(operations.status)
app.command()(operations.approve)
app.command()(operations.accept)
app.command()(operations.rollback)
app.command()(operations.waive)
app.command()(operations.erase)
app.command()(operations.watchdog)
app.command()(simulate)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check the environment and the server's settings, each with its fix. Exit 2 if something must be fixed."""
    from userops.cli.doctor import COLOURS, examine

    findings = examine(load_settings())
    if as_json:
        print(json.dumps([f.__dict__ for f in findings]))
    for finding in [] if as_json else findings:
        mark = f"[{COLOURS[finding.mark]}]{finding.mark}[/]"
        out.print(f"{mark}  {finding.what}" + ("" if finding.mark == "ok" else f" → {finding.fix}"))
    if not all(f.ok for f in findings):
        raise typer.Exit(EXIT_USAGE)


@app.command()
def site(
    serve: Annotated[bool, typer.Option("--serve", help="Then serve it on this machine until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(help="Port to serve it on.")] = 8081,
    host: Annotated[str, typer.Option(help="Address to serve it on; it asks for no password.")] = "127.0.0.1",
) -> None:
    """Build the dashboard site from the published marts."""
    from userops.run import build_site
    from userops.site import serve as serving
    from userops.warehouse.location import warehouse_url

    settings = load_settings()
    folder = build_site(settings, warehouse_url(settings))
    out.print(f"{folder}/index.html")
    if serve:
        with serving.server(folder, port, host) as server:
            out.print(f"The site is at http://{host}:{server.server_port}/. Ctrl-C stops it.")
            serving.until_stopped(server)


@app.command()
def demo() -> None:
    """Replay real order lines as daily exports, publish, build the site, then break a file on purpose."""
    from userops.cli.demo import run

    raise typer.Exit(run(load_settings(), out))


@app.command()
def serve(port: Annotated[int, typer.Option(help="Port of Airflow's UI.")] = 8080) -> None:
    """Run Airflow with its UI on the embedded server; Ctrl-C stops all of it."""
    from userops.cli.serve import run

    raise typer.Exit(run(load_settings(), port))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def airflow(context: typer.Context) -> None:
    """Run Airflow's own command on this deployment: `userops airflow dags test nightly 2011-12-09`."""
    from userops import airflow_runtime
    from userops.warehouse.location import warehouse_url

    settings = load_settings().with_hash_key()
    warehouse_url(settings)
    airflow_runtime.configure(settings)
    airflow_runtime.migrate(settings)
    os.execv(airflow_runtime.program(), ["airflow", *context.args])


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def superset(context: typer.Context) -> None:
    """Import the dashboards into Superset and serve it; with arguments, run Superset's own command."""
    from userops.cli.superset import run

    run(load_settings(), context.args)


def main() -> None:
    """Run a command; an error that a person can act on is one line with its fix and its exit code."""
    logging.basicConfig(level=logging.WARNING)
    try:
        app()
    except UseropsError as error:
        _end(error)
    except Exception as error:
        lost = connection_lost(error)
        if lost is None:
            raise
        _end(lost)


def _end(error: UseropsError) -> None:
    err.print("[red]error[/red]", end=" ")
    err.print(str(error), markup=False, highlight=False)
    sys.exit(error.exit_code or EXIT_FAILED)


if __name__ == "__main__":
    main()
