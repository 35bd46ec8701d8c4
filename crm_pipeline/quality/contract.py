"""The second opinion: the same suite, run by Great Expectations on pandas.

Belongs here: the only import of Great Expectations, late, for it takes seconds. Does not belong here: verdicts on
single rows (`judge`). Both give the same counts; a test holds them to it.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import polars as pl

from crm_pipeline.errors import QualityError
from crm_pipeline.quality.catalogue import EXPECTATIONS
from crm_pipeline.quality.conditions import judged_columns, missing_or_surplus
from crm_pipeline.quality.judge import check_results
from crm_pipeline.quality.options import python_regex
from crm_pipeline.quality.rules import Option, Rule, Suite, Where


def validate(frame: pl.DataFrame, suite: Suite) -> pl.DataFrame:
    """The verdict of Great Expectations on each rule, as `ops.check_results`, in the order of the suite.

    Only the columns that the suite reads become pandas. No network, no files, no progress bar.

    Raises:
        QualityError: the frame lacks a column that a rule reads, or Great Expectations could not judge a rule.
    """
    if not suite.rules:
        return check_results(suite.table, [])
    columns = judged_columns(frame, suite)
    if not columns.columns:  # rules on the row count alone; pandas needs a column to have rows
        columns = pl.DataFrame({"row": pl.int_range(frame.height, eager=True)})
    with _quiet():
        outcomes = _run(columns, suite)
    return check_results(suite.table, [(rule, *_counts(rule, outcomes[rule.rule_id])) for rule in suite.rules])


def load_expectations() -> None:
    """Great Expectations is imported, so that the first `validate` takes no longer than any other."""
    with _quiet():
        import great_expectations as gx  # noqa: F401, PLC0415 five seconds, spent only where needed


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither warnings nor log lines of Great Expectations: they may quote values."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _run(columns: pl.DataFrame, suite: Suite) -> Mapping[str, Any]:
    """Great Expectations' result of each rule, by rule id."""
    import great_expectations as gx  # noqa: PLC0415 five seconds, spent only where needed
    from great_expectations.data_context.types.base import (  # noqa: PLC0415 as above
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    configuration = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
    )
    context = gx.get_context(project_config=configuration, mode="ephemeral")
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset(suite.table)
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": columns.to_pandas()})
    expectations = gx.ExpectationSuite(name=suite.table, expectations=[_expectation(rule) for rule in suite.rules])
    report = batch.validate(expectations, result_format="BASIC")
    return {_meta(outcome)["rule_id"]: outcome for outcome in report.results}


def _meta(outcome: Any) -> Mapping[str, str]:
    meta: Mapping[str, str] = outcome.expectation_config.meta
    return meta


def _expectation(rule: Rule) -> dict[str, Any]:
    """The rule as a suite of Great Expectations holds it."""
    expectation = EXPECTATIONS[rule.type]
    kwargs: dict[str, Any] = {name: _option(name, value) for name, value in rule.options.items()}
    if expectation.column_keys == ("column_list",):
        kwargs["column_list"] = list(rule.columns)
    else:
        kwargs |= zip(expectation.column_keys, rule.columns, strict=True)
    if expectation.column_keys:
        kwargs["mostly"] = rule.mostly
    if expectation.ignore:
        kwargs["ignore_row_if"] = next(word for word, meaning in expectation.ignore.items() if meaning == rule.ignore)
    if rule.where:
        kwargs["row_condition"] = _row_condition(rule.where)
    meta = {"rule_id": rule.rule_id, "notes": rule.notes}
    return {"type": rule.type, "kwargs": kwargs, "severity": rule.report_severity, "meta": meta}


def _option(name: str, value: Option) -> Any:
    if name == "regex":
        return python_regex(str(value))
    if isinstance(value, datetime):  # a bare date is not compared with timestamps
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _row_condition(where: Where) -> dict[str, Any]:
    column = {"name": where.column}
    if where.is_null is None:
        return {"type": "comparison", "column": column, "operator": "==", "parameter": where.equals}
    return {"type": "nullity", "column": column, "is_null": where.is_null}


def _counts(rule: Rule, outcome: Any) -> tuple[int, int]:
    """Rows judged and rows failed; an outcome without counts is an exception inside Great Expectations."""
    result: Mapping[str, Any] = outcome.result or {}
    if not rule.columns and "observed_value" in result:
        rows = int(result["observed_value"])
        return rows, missing_or_surplus(rows, rule)
    if result.get("unexpected_count") is None:
        raise QualityError(
            where=f"rule {rule.rule_id}",
            expected="Great Expectations to judge it",
            found="an exception inside Great Expectations",
            cure="Try the rule on a small sample in Great Expectations itself, then correct it.",
        )
    return int(result["element_count"]) - int(result.get("missing_count") or 0), int(result["unexpected_count"])
