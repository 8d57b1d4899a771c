"""Run a layer's checkpoint: Great Expectations judges the measures, the project words and records what it found."""

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import psycopg

from userops.checks import CheckResult
from userops.errors import UseropsError, first_line
from userops.gate import measures
from userops.gate.context import LONGEST_QUERY, ROLE, open_context, results_folder
from userops.gate.results import LAYER, Answer, Expectation, merged, names_of, results_of
from userops.gate.suites import MEASURES
from userops.gate.words import word
from userops.settings import Settings
from userops.warehouse.connection import connect

if TYPE_CHECKING:
    from great_expectations.checkpoint import Checkpoint
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.core.validation_definition import ValidationDefinition

log = logging.getLogger(__name__)
Rows = list[dict[str, object]]


def run_checkpoint(settings: Settings, url: str, layer: str, run: Mapping[str, Any]) -> list[CheckResult]:
    """Judge a layer (`raw` or `marts`) for a run: one result per check and subject; no answer is a failure."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    try:
        checkpoint = open_context(settings, url).checkpoints.get(layer)
        definitions = list(checkpoint.validation_definitions)
        suites = {definition.id: definition.suite for definition in definitions}
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing was checked
        found = word("no_answer", settings.language, why=_reason(f"checkpoint {layer}", error))
        expected = word("every_check_answers", settings.language)
        return [CheckResult("checkpoint", LAYER, layer, "critical", False, found, expected)]
    for suite in suites.values():
        # Data Docs show the last run; `meta.quality_results` keeps them all.
        shutil.rmtree(results_folder(settings) / suite.name, ignore_errors=True)
    validations, reason = _run(checkpoint, run["run_id"])
    rows = _read_measures(url, definitions)
    return merged(
        result
        for definition in definitions
        for result in _results(
            definition, validations.get(definition.id), reason, rows.get(definition.id), settings.language
        )
    )


def _run(checkpoint: "Checkpoint", run_id: str) -> tuple[dict[str, "ExpectationSuiteValidationResult"], str]:
    """The validations by the id of their definition, and why others have none."""
    from great_expectations.core.run_identifier import RunIdentifier

    try:
        found = checkpoint.run(run_id=RunIdentifier(run_name=run_id)).run_results.values()
    except Exception as error:  # noqa: BLE001 - whatever it is, no check of the layer has an answer
        return {}, _reason(f"checkpoint {checkpoint.name}", error)
    return {validation.meta["validation_id"]: validation for validation in found}, "it was not run"


def _read_measures(url: str, definitions: list["ValidationDefinition"]) -> dict[str, Rows]:
    """The rows of each validated measure; tables of other schemas may be large or hold cells, and are not read."""
    found: dict[str, Rows] = {}
    try:
        with connect(url, ROLE) as connection:
            connection.execute(f"set statement_timeout = '{LONGEST_QUERY}'")
            for definition in definitions:
                table = getattr(definition.asset, "table_name", "")
                rows = measures.read(connection, f"{MEASURES}.{table}") if table else None
                if rows is not None:
                    found[definition.id] = rows
    except (psycopg.Error, UseropsError) as error:
        _reason("reading measures", error)
    return found


def _results(
    definition: "ValidationDefinition",
    validation: "ExpectationSuiteValidationResult | None",
    reason: str,
    rows: Rows | None,
    language: str,
) -> Iterator[CheckResult]:
    outcomes: dict[str, list[Any]] = {}
    for result in validation.results if validation else ():
        outcomes.setdefault(_key(result.expectation_config), []).append(result)
    for expectation in definition.suite.expectations:
        given = outcomes.get(_key(expectation.configuration), [])
        answer = _answer(definition, expectation, given.pop(0) if given else None, reason, rows, language)
        yield from results_of(_described(definition, expectation, language), answer, rows)


def _key(configuration: Any) -> str:
    """What a result has in common with its expectation, whether or not the expectation has an id."""
    kwargs = {name: value for name, value in configuration.to_json_dict()["kwargs"].items() if name != "batch_id"}
    return json.dumps([configuration.id, configuration.type, kwargs], sort_keys=True)


def _answer(
    definition: "ValidationDefinition", expectation: Any, result: Any, reason: str, rows: Rows | None, language: str
) -> Answer:
    if result is None:
        return Answer(None, reason)
    raised = _raised(result.exception_info or {})
    if raised:
        log.warning("expectation on %s gave no answer: %s", definition.name, raised)
        return Answer(None, raised)
    return Answer(True) if result.success else _explained(definition, expectation, rows, language)


def _raised(info: dict[str, Any]) -> str:
    """The message of an exception, whether the expectation or one of its metrics raised it."""
    for each in (info, *(value for value in info.values() if isinstance(value, dict))):
        if each.get("raised_exception"):
            return first_line(str(each.get("exception_message") or "an exception"))[:200]
    return ""


def _explained(definition: "ValidationDefinition", expectation: Any, rows: Rows | None, language: str) -> Answer:
    """Ask again what failed, now with the rows' names (of a measure) or figures: it stays failed whatever comes."""
    complete = {"result_format": "COMPLETE", "unexpected_index_column_names": names_of(rows or [])}
    try:
        batch = definition.batch_definition.get_batch()
        details = batch.validate(expectation, result_format=complete if rows else "BASIC").result
    except Exception as error:  # noqa: BLE001 - the verdict stands, it only lacks words
        _reason(f"explaining {definition.name}", error)
        return Answer(False)
    names = complete["unexpected_index_column_names"]
    unexpected = {tuple(each[name] for name in names) for each in details.get("unexpected_index_list") or ()}
    return Answer(False, _figures(details, language), frozenset(unexpected))


def _figures(details: dict[str, Any], language: str) -> str:
    """Counts and numbers only: a text could carry a cell's value into a report."""
    observed = details.get("observed_value")
    if isinstance(observed, int | float) and not isinstance(observed, bool):
        return f"{observed:,.10g}"
    if details.get("unexpected_count") is not None:
        return word("rows_unexpected", language, n=details["unexpected_count"], rows=details["element_count"])
    return word("not_as_expected", language)


def _described(definition: "ValidationDefinition", expectation: Any, language: str) -> Expectation:
    """The expectation in the language asked for, as far as it has sentences in it."""
    configuration = expectation.configuration.to_json_dict()
    meta, kwargs = configuration.get("meta") or {}, configuration["kwargs"]
    column = kwargs.get("column")
    bounds = ", ".join(f"{name} {value}" for name, value in kwargs.items() if name not in ("row_condition", "batch_id"))
    return Expectation(
        check=meta.get("check") or ".".join(part for part in (configuration["type"], column) if part),
        severity=expectation.severity.value,
        expected=meta.get(f"description_{language}") or expectation.description or f"{configuration['type']}: {bounds}",
        asset=definition.asset.name,
        column=column,
        condition=kwargs.get("row_condition"),
        found=meta.get(f"found_{language}") or meta.get("found"),
        low_is_bad=kwargs.get("max_value") is None,
        help=help_of(meta, language),
        language=language,
    )


def help_of(meta: dict[str, Any], language: str = "en") -> str:
    """Who is asked, where to read on, and how a level that is true becomes the normal one."""
    parts = [word(name, language, name=meta[name]) for name in ("owner", "runbook") if meta.get(name)]
    if meta.get("accepts"):
        parts.append(word("if_true", language, check=meta["check"]))
    return ", ".join(parts)


def _reason(what: str, error: Exception) -> str:
    reason = f"{type(error).__name__}: {first_line(error)[:200]}"
    log.warning("%s gave no answer: %s", what, reason)
    return reason
