"""What the spark engine runs in its own environment (`make spark`): dbt, with a Spark session of its own.

`python spark_worker.py SESSION.json ARGUMENT …` runs dbt with the arguments. SESSION.json holds `conf` (Spark's
configuration) and `catalog` (the path of a JSON file). The catalogue lists what exists, in the order in which it was
made: tables as Parquet files below `location`, views as statements. Sessions forget their tables, so each begins by
making known what its models read, and ends by adding what dbt built to the catalogue. A view that other programs read
is written as Parquet too, below `exports`. Nothing of userops is imported: this environment has none of its
dependencies.
"""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt.cli.main import dbtRunner, dbtRunnerResult

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from pyspark.sql import SparkSession

Catalog = dict[str, dict[str, str]]
# The schema whose views the main process reads: marts, and what scores are computed from.
READ_ELSEWHERE = "build"
# What every command of dbt takes begins here.
OPTIONS = "--project-dir"
EXIT_RAN, EXIT_NOT_RUN = 0, 2


def main(arguments: list[str]) -> int:
    """Run dbt; whether its models passed stands in dbt's own artifacts."""
    session = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    # Where models put their tables (macros/dialect/spark_tables.sql).
    os.environ["USEROPS_SPARK_FILES"] = session["exports"]
    threading.Thread(target=end_with, args=[os.getppid()], daemon=True).start()
    if arguments[1] == "parse":
        return EXIT_RAN if dbtRunner().invoke(arguments[1:]).success else EXIT_NOT_RUN
    path = Path(session["catalog"])
    catalog: Catalog = json.loads(path.read_text(encoding="utf-8"))
    spark = open_session(session["conf"])
    try:
        done = dbtRunner().invoke(["parse", *arguments[arguments.index(OPTIONS):]])
        if done.success:
            runner = dbtRunner(manifest=done.result)
            make_known(spark, wanted(catalog, done.result, selected(runner, arguments[1:])))
            done = runner.invoke(arguments[1:])
        if done.result is None:
            print(f"dbt did not run: {done.exception}", file=sys.stderr)
            return EXIT_NOT_RUN
        for name, entry in built(spark, done, session["exports"]):
            # What is built anew stands after what it reads.
            catalog.pop(name, None)
            catalog[name] = entry
        path.write_text(json.dumps(catalog, indent=1), encoding="utf-8")
    finally:
        spark.stop()
    return EXIT_RAN


def end_with(parent: int) -> None:
    """Stop where the process that asked is killed: the run that comes next writes the same files."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(EXIT_NOT_RUN)


def open_session(conf: dict[str, str]) -> "SparkSession":
    """The one session of this process, which dbt-spark's method `session` finds and uses."""
    from pyspark.sql import SparkSession

    # A refused statement is an error of its model, which dbt tells; Spark would print its whole stack beside.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    builder = SparkSession.builder
    for name, value in conf.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def selected(runner: dbtRunner, arguments: list[str]) -> list[str]:
    """The ids of what `dbt build` with these arguments would run."""
    listed = runner.invoke(["ls", *arguments[1:], "--output", "json", "--output-keys", "unique_id", "--quiet"])
    return [json.loads(line)["unique_id"] for line in listed.result or ()]


def wanted(catalog: Catalog, manifest: "Manifest", ids: list[str]) -> Catalog:
    """The catalogue without models that these nodes do not read: each costs the session a moment, and dbt another.

    What is no model stays: macros read it while a statement is compiled, and dbt does not know of that.
    """
    models = {id_: node for id_, node in manifest.nodes.items() if node.resource_type == "model"}
    names = {id_: f"{node.schema}.{node.alias}" for id_, node in models.items()}
    read, waiting = set(), [id_ for id_ in ids if id_ in manifest.nodes]
    while waiting:
        node = manifest.nodes[waiting.pop()]
        for parent in set(node.depends_on.nodes) & models.keys() - read:
            read.add(parent)
            # What a view reads is read too.
            waiting += [parent] if "statement" in catalog.get(names[parent], {}) else []
    left_out = {names[id_] for id_ in models.keys() - read}
    return {name: entry for name, entry in catalog.items() if name not in left_out}


def make_known(spark: "SparkSession", catalog: Catalog) -> None:
    """Make every relation of the catalogue known to the session."""
    for schema in dict.fromkeys(name.split(".")[0] for name in catalog):
        spark.sql(f"create schema if not exists {schema}")
    for name, entry in catalog.items():
        if "statement" in entry:
            spark.sql(entry["statement"])
        else:
            spark.sql(f"create table {name} ({entry['columns']}) using parquet location '{entry['location']}'")


def built(spark: "SparkSession", done: dbtRunnerResult, exports: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The relations that dbt built, in its order, as the catalogue has them."""
    for result in getattr(done.result, "results", ()):
        node: Any = result.node
        if node.resource_type != "model" or str(result.status) != "success":
            continue
        name, folder = f"{node.schema}.{node.alias}", f"{exports}/{node.schema}/{node.alias}"
        if node.config.materialized != "view":
            yield name, {"columns": spark.table(name).schema.toDDL(), "location": folder}
            continue
        if node.schema == READ_ELSEWHERE:
            spark.table(name).write.mode("overwrite").parquet(folder)
        yield name, {"statement": spark.sql(f"show create table {name}").first()[0]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
