"""The quarantine as stewards read it.

Belongs here: choosing rows of the published quarantine, counting them. Does not belong here: correcting or replaying
them (`steps.correcting`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.warehouse import Warehouse, open_reader

_NEEDED = """
    SELECT count(*) = 3 FROM duckdb_columns() WHERE (table_name, column_name) IN
        (('quarantine', 'row_corrected'), ('open_rejections', 'line'), ('corrections', 'status'))
"""
_CHOSEN = """
    FROM quarantine AS q LEFT JOIN open_rejections AS o USING (source, extract, business_date, sequence, line)
    WHERE ($source IS NULL OR q.source = $source) AND ($extract IS NULL OR q.extract = $extract)
        AND ($rule IS NULL OR list_contains(q.reasons, $rule))
        AND ($severity IS NULL OR list_contains(q.severities, $severity))
        AND ($is_all OR o.line IS NOT NULL)
"""
_ROWS = f"SELECT q.*, o.line IS NOT NULL AS is_open, json_keys(q.row_delivered) AS delivered_columns {_CHOSEN}"
_COUNTS = f"""
    WITH reason AS (
        SELECT q.source, q.extract, unnest(q.reasons) AS rule, unnest(q.severities) AS severity,
            q.row_corrected IS NOT NULL AS is_corrected
        {_CHOSEN}
    )
    SELECT source, extract, rule, severity, count(*) AS rows, count(*) FILTER (is_corrected) AS corrected
    FROM reason WHERE ($rule IS NULL OR rule = $rule) AND ($severity IS NULL OR severity = $severity)
    GROUP BY ALL ORDER BY ALL
"""
_ORDER = "ORDER BY source, extract, business_date, sequence, line"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows of the quarantine are meant; None of a name means any.

    Attributes:
        severity: row, duplicate, value or warning, of any reason.
        is_all: those too that something delivered since took the place of.
    """

    source: str | None = None
    extract: str | None = None
    rule: str | None = None
    severity: str | None = None
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """How much is in the quarantine.

    Attributes:
        total: rows chosen.
        counts: one rule of one extract: `rows` that broke it, those `corrected` and still breaking it among them; by
            source, extract, rule and severity. A row that broke several rules is in several.
        corrections: number of corrections by status: waiting, applied, lapsed.
    """

    total: int
    counts: pl.DataFrame
    corrections: dict[str, int]


@dataclass(frozen=True, slots=True)
class Names:
    """The sources, extracts and rules that the quarantine has rows of, open or not."""

    sources: frozenset[str]
    extracts: frozenset[str]
    rules: frozenset[str]


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Warehouse]:
    """The stewards' file, if it has all that is asked of it."""
    with open_reader(path) as reader:
        if not reader.value(_NEEDED):
            raise ConfigurationError(
                where=str(path),
                expected="a quarantine with its corrections",
                found="one that an earlier version published",
                cure="Run `crm-pipeline run` once.",
            )
        yield reader


def names_in(path: Path) -> Names:
    """The names that rows of the published quarantine have.

    Raises:
        ConfigurationError: nothing has been published.
    """
    with _reading(path) as reader:
        places = reader.execute("SELECT DISTINCT source, extract FROM quarantine")
        rules = reader.execute("SELECT DISTINCT unnest(reasons) FROM quarantine")
    return Names(
        frozenset(str(source) for source, _ in places),
        frozenset(str(extract) for _, extract in places),
        frozenset(str(rule) for (rule,) in rules),
    )


def counted(path: Path, chosen: Chosen) -> Counted:
    """How many rejected rows there are, by source, extract, rule and severity; no value of any.

    Raises:
        ConfigurationError: nothing has been published.
    """
    parameters = asdict(chosen)
    with _reading(path) as reader:
        total = int(reader.value(f"SELECT count(*) {_CHOSEN}", parameters))
        counts = reader.frame(_COUNTS, parameters)
        corrections = reader.execute("SELECT status, count(*) FROM corrections GROUP BY ALL ORDER BY ALL")
    return Counted(total, counts, {str(status): int(count) for status, count in corrections})


def quarantined(path: Path, chosen: Chosen, *, limit: int | None = None) -> pl.DataFrame:
    """The rejected rows chosen, in the order of source, extract, delivery and line.

    Columns: those of `ops.quarantine`; `is_open`, whether nothing delivered since took the place of the row;
    `delivered_columns`, those of the row in their order.

    Args:
        path: the stewards' published file.
        chosen: which rows.
        limit: rows at most; None for all.

    Raises:
        ConfigurationError: nothing has been published.
    """
    with _reading(path) as reader:
        cut = "" if limit is None else f"LIMIT {limit:d}"
        return reader.frame(f"{_ROWS} {_ORDER} {cut}", asdict(chosen))
