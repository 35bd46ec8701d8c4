"""What the UI shows of a table and of a rule: counts, columns, where the code is.

Belongs here: turning contracts and results into Dagster's values. No cell of any table ever gets in here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from crm_pipeline.tables import Table

POOL = "warehouse"


def schema_of(table: Table) -> dg.TableSchema:
    """The column schema of a contract."""
    columns = [
        dg.TableColumn(column.name, column.type, f"{column.description} (personal: {column.personal})")
        for column in table.columns
    ]
    return dg.TableSchema(columns)


def key_of(table: Table) -> dg.AssetKey:
    """The asset that writes a table."""
    return dg.AssetKey([table.schema, table.name])


def link_spec(table: Table, description: str, after: dg.AssetKey) -> dg.AssetSpec:
    """One table of the group `link` among several that one asset writes, after another asset."""
    return dg.AssetSpec(
        key_of(table),
        group_name="link",
        deps=[after],
        description=description,
        kinds={"duckdb"},
        metadata={"dagster/column_schema": schema_of(table)},
    )


def code_reference(path: Path, label: str) -> dict[str, Any]:
    """Metadata that makes the UI link to a file of the code."""
    reference = dg.LocalFileCodeReference(file_path=str(path), line_number=1, label=label)
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def lineage_of(origins: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, Any]:
    """Metadata that says which columns the columns of a table are computed from: for Dagster, and as a table to read.

    Args:
        origins: column to the (`schema.table`, column) that it comes from.
    """
    deps = {
        column: [dg.TableColumnDep(asset_key=dg.AssetKey(table.split(".")), column_name=name) for table, name in those]
        for column, those in origins.items()
        if those
    }
    lines = [
        f"| {column} | {', '.join(f'{table}.{name}' for table, name in those) or '(counted, or a constant)'} |"
        for column, those in origins.items()
    ]
    return {
        "dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps),
        "columns come from": dg.MetadataValue.md("\n".join(["| column | from |", "|---|---|", *lines])),
    }


def counts(row_count: int, **others: Any) -> dict[str, Any]:
    """Metadata of one materialisation."""
    return {"dagster/row_count": row_count, **others}


def check_name(rule_id: str) -> str:
    """A rule's name as Dagster allows it."""
    return "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in rule_id)


def rule_result(
    asset_key: dg.AssetKey, rule: Mapping[str, Any], contract: Mapping[str, Any] | None
) -> dg.AssetCheckResult:
    """The verdict on one rule: Great Expectations' count, where it was asked, beside ours, which decided."""
    is_agreed = contract is None or rule["failed_count"] == contract["failed_count"]
    judged = rule if contract is None else contract
    second = {} if contract is None else {"failed (Great Expectations)": contract["failed_count"]}
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=check_name(rule["rule_id"]),
        passed=bool(judged["is_passed"]) and is_agreed,
        severity=dg.AssetCheckSeverity.WARN if rule["severity"] == "warning" else dg.AssetCheckSeverity.ERROR,
        description=rule["notes"],
        metadata={
            "severity": rule["severity"],
            "judged": judged["judged_count"],
            **second,
            "failed (accept or reject)": rule["failed_count"],
        },
    )
