"""The rates of exchange of a project: its file read strictly, and the table that marts convert by.

Belongs here: the file of `reporting.rates`. Does not belong here: converting, which is SQL (`link.valued_orders`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import EXCHANGE_RATES

_COLUMNS = ("date", "currency", "rate")
_LONGEST_GAP_DAYS = 31
_LARGEST, _SMALLEST = 1_000_000, 0.00000001  # what eight decimals can hold


def load_rates(run: Run) -> int:
    """Number of rates after `ops.exchange_rates` became those of the file; none without a reporting currency.

    Raises:
        ConfigurationError: the file is not fit for use.
    """
    return run.warehouse.replace(EXCHANGE_RATES, read_rates(run.project))


def read_rates(project: Project) -> pl.DataFrame:
    """The rates of the project as rows of `ops.exchange_rates`, by currency and day.

    A currency whose rates leave out more than a month is refused: a forgotten month is not converted at an old rate.

    Raises:
        ConfigurationError: the file is missing, is no such CSV, or a line has no day, no currency or no positive rate,
            or a day or a rate is there twice or left out; the message names the line or the currency.
    """
    reporting = project.config.reporting
    if reporting is None:
        return EXCHANGE_RATES.empty()
    path = project.root / reporting.rates
    lines = _lines(path)
    read = lines.select(
        pl.col("line"),
        pl.col("currency").str.strip_chars(),
        pl.col("date").str.strip_chars().str.to_date("%Y-%m-%d", strict=False).alias("valid_from"),
        pl.col("rate").str.strip_chars().cast(pl.Decimal(18, 8), strict=False),
    )
    is_own = pl.col("currency") == reporting.currency
    faults = {
        "a currency of three capital letters": ~pl.col("currency").fill_null("").str.contains(r"^[A-Z]{3}$"),
        "a date written YYYY-MM-DD": pl.col("valid_from").is_null(),
        "a rate above 0, with eight decimals at most": pl.col("rate").is_null()
        | ~pl.col("rate").cast(pl.Float64).is_between(_SMALLEST, _LARGEST),
        f"no rate of {reporting.currency} itself other than 1": is_own & (pl.col("rate") != 1),
        "each day of a currency once": pl.struct("currency", "valid_from").is_duplicated(),
    }
    for expected, is_wrong in faults.items():
        wrong = read.filter(is_wrong)
        if not wrong.is_empty():
            raise _unfit(path, int(wrong["line"][0]), expected)
    if read.is_empty():
        raise _unfit(path, 1, "a rate at least")
    rates = read.sort("currency", "valid_from").with_columns(
        pl.col("valid_from").shift(-1).over("currency").alias("valid_to"),
        pl.lit(reporting.currency).alias("reporting_currency"),
    )
    long = rates.filter((pl.col("valid_to") - pl.col("valid_from")).dt.total_days() > _LONGEST_GAP_DAYS)
    if not long.is_empty():
        first = long.row(0, named=True)
        between = f"{first['valid_from']} and {first['valid_to']}"
        expected = f"a rate of {first['currency']} between {between}, at least monthly"
        raise _unfit(path, int(first["line"]), expected)
    return rates.select(EXCHANGE_RATES.column_names)


def rates_file(project: Project) -> list[Path]:
    """The file of rates, where it lies in the project: part of its configuration."""
    reporting = project.config.reporting
    files = [(project.root / reporting.rates).resolve()] if reporting else []
    return [file for file in files if file.is_relative_to(project.root.resolve())]


def _lines(path: Path) -> pl.DataFrame:
    """The three columns as text, and the line of each row in the file."""
    try:
        frame = pl.read_csv(path, infer_schema=False, truncate_ragged_lines=False)
    except FileNotFoundError:
        raise ConfigurationError(
            where=str(path), expected="the file of reporting.rates", found="none", cure="Correct the path, or write it."
        ) from None
    except pl.exceptions.PolarsError:
        raise _unfit(path, 1, f"CSV in UTF-8 with the columns {', '.join(_COLUMNS)}") from None
    frame = frame.rename({name: name.strip().lstrip("\ufeff").lower() for name in frame.columns})
    if not {*_COLUMNS} <= {*frame.columns}:
        raise _unfit(path, 1, f"the columns {', '.join(_COLUMNS)}")
    return frame.with_row_index("line", offset=2).select("line", *_COLUMNS)


def _unfit(path: Path, line: int, expected: str) -> ConfigurationError:
    return ConfigurationError(
        where=f"{path}:{line}", expected=expected, found="something else", cure="Correct the file of reporting.rates."
    )
