"""Suites and tests of models as asset checks: one for each that a person wrote, one for all that guard the same table.

Dagster records each check in some fifty milliseconds, and a table of ours must hold a dozen rules that never break:
together they are one check, which stops what comes after it and names what broke.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import dagster as dg
import polars as pl

from crm_pipeline import quality
from crm_pipeline.orchestration.metadata import check_name, rule_result
from crm_pipeline.warehouse.models import ModelTest, ModelTestResult

# The check of all rules of a suite whose severity is table.
TABLE_RULES = "rules_of_the_table"
# The check of all tests of columns (unique, not_null, accepted_values, relationships) that stop a run.
COLUMN_TESTS = "tests_of_the_columns"
_TABLE = quality.Severity.TABLE.value
_ERROR = "error"  # severity of a test that stops the run
_BROKEN = "broken"


class _Outcome(NamedTuple):
    """What became of one of those that are a check together; `judged_count` is null where it is not known."""

    name: str
    notes: str
    passed: bool
    failed_count: int
    judged_count: int | None = None


def check_specs(key: dg.AssetKey, suite: quality.Suite) -> list[dg.AssetCheckSpec]:
    """One check per rule on rows, and one that stops what comes after it for those on the table as a whole."""
    whole = [rule for rule in suite.rules if rule.severity is quality.Severity.TABLE]
    return [
        *(
            dg.AssetCheckSpec(check_name(rule.rule_id), asset=key, description=rule.notes)
            for rule in suite.rules
            if rule not in whole
        ),
        *_joint_spec(key, TABLE_RULES, [(rule.rule_id, rule.notes) for rule in whole]),
    ]


def check_results(key: dg.AssetKey, ours: pl.DataFrame, contract: pl.DataFrame) -> list[dg.AssetCheckResult]:
    """The verdict on each rule: our counts and those of Great Expectations, rows of `ops.check_results`.

    A rule that Great Expectations was not asked about is missing in `contract`.
    """
    by_rule = {row["rule_id"]: row for row in contract.to_dicts()}
    verdicts = [(row, rule_result(key, row, by_rule.get(row["rule_id"]))) for row in ours.to_dicts()]
    whole = [
        _Outcome(row["rule_id"], row["notes"], verdict.passed, row["failed_count"], row["judged_count"])
        for row, verdict in verdicts
        if row["severity"] == _TABLE
    ]
    return [
        *(verdict for row, verdict in verdicts if row["severity"] != _TABLE),
        *_joint_result(key, TABLE_RULES, whole),
    ]


def test_specs(key: dg.AssetKey, tests: Sequence[ModelTest]) -> list[dg.AssetCheckSpec]:
    """One check per test that is a select or that warns, and one that stops the run for those of the columns."""
    joint = [(test.test_id, test.description) for test in tests if _is_joint(test)]
    return [
        *(
            dg.AssetCheckSpec(
                check_name(test.test_id), asset=key, blocking=test.severity == _ERROR, description=test.description
            )
            for test in tests
            if not _is_joint(test)
        ),
        *_joint_spec(key, COLUMN_TESTS, joint),
    ]


def test_results(
    key: dg.AssetKey, tests: Sequence[ModelTest], results: Sequence[ModelTestResult]
) -> list[dg.AssetCheckResult]:
    """The verdict on each test of a model; `results` has one per test, in their order."""
    told = list(zip(tests, results, strict=True))
    joint = [
        _Outcome(result.test_id, result.description, result.failed_count == 0, result.failed_count)
        for test, result in told
        if _is_joint(test)
    ]
    return [
        *(_test_result(key, result) for test, result in told if not _is_joint(test)),
        *_joint_result(key, COLUMN_TESTS, joint),
    ]


def names_of_broken(checks: Iterable[dg.AssetCheckEvaluation]) -> list[tuple[dg.AssetCheckEvaluation, str]]:
    """Each evaluation that did not pass with the name of what broke, of joint checks that of each that is in them."""
    return [
        (check, name) for check in checks if not check.passed for name in _names(check.metadata) or [check.check_name]
    ]


def _names(metadata: Mapping[str, Any]) -> list[str]:
    told = metadata.get(_BROKEN)
    return [str(name) for name in told.value or ()] if isinstance(told, dg.JsonMetadataValue) else []


def _count(outcome: _Outcome) -> str:
    of = "" if outcome.judged_count is None else f" of {outcome.judged_count:,}"
    return f"{outcome.failed_count:,}{of}"


def _is_joint(test: ModelTest) -> bool:
    return test.is_generic and test.severity == _ERROR


def _test_result(key: dg.AssetKey, result: ModelTestResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=check_name(result.test_id),
        passed=result.failed_count == 0,
        severity=dg.AssetCheckSeverity.ERROR if result.severity == _ERROR else dg.AssetCheckSeverity.WARN,
        metadata={"failed": result.failed_count},
    )


def _joint_spec(key: dg.AssetKey, name: str, guards: Sequence[tuple[str, str]]) -> list[dg.AssetCheckSpec]:
    """The one blocking check of all `guards`, names and notes; none where there are none."""
    told = "\n".join(f"- {guard}: {notes}" for guard, notes in guards)
    return [dg.AssetCheckSpec(name, asset=key, description=told, blocking=True)] if guards else []


def _joint_result(key: dg.AssetKey, name: str, outcomes: Sequence[_Outcome]) -> list[dg.AssetCheckResult]:
    """The verdict of the joint check, with each that broke: why it is there, and how many rows broke it."""
    broken = [outcome for outcome in outcomes if not outcome.passed]
    verdict = dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR,
        description="\n".join(f"- {outcome.name}: {_count(outcome)}. {outcome.notes}" for outcome in broken) or None,
        metadata={
            "judged": len(outcomes),
            _BROKEN: dg.MetadataValue.json([check_name(outcome.name) for outcome in broken]),
            "severity": _TABLE,
        },
    )
    return [verdict] if outcomes else []
