"""Claims on the file of exchange rates: what is read, and what is refused before a run."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project
from crm_pipeline.steps.exchange_rates import load_rates, read_rates
from crm_pipeline.tables import EXCHANGE_RATES
from crm_pipeline_tests.steps.building import PRODUCTS, project_of, running

REPORTING = "reporting: {currency: CNY, rates: 汇率.csv}\n"


def with_rates(folder: Path, content: str | bytes) -> Project:
    """A project with a reporting currency and this file of rates."""
    project = project_of(folder, PRODUCTS.replace("LOAD", "full") + REPORTING)
    raw = content.encode() if isinstance(content, str) else content
    (folder / "汇率.csv").write_bytes(raw)
    return project


def test_each_rate_counts_until_the_next(tmp_path: Path) -> None:
    """Rates in any order, with a byte order mark, other columns and blanks, become rows from day to day."""
    text = "\ufeffcurrency,Date,rate,note\nUSD,2026-02-01, 7.1,a\nUSD,2026-01-05,7.25,b\nJPY,2026-01-05,0.04512345,\n"
    project = with_rates(tmp_path, text)
    with running(project) as run:
        assert load_rates(run) == 3
        assert run.warehouse.execute(f"SELECT * FROM {EXCHANGE_RATES.qualified}") == [
            ("JPY", date(2026, 1, 5), None, Decimal("0.04512345"), "CNY"),
            ("USD", date(2026, 1, 5), date(2026, 2, 1), Decimal("7.25"), "CNY"),
            ("USD", date(2026, 2, 1), None, Decimal("7.1"), "CNY"),
        ]


def test_without_a_reporting_currency_there_are_no_rates(tmp_path: Path) -> None:
    """A project that names none has an empty table, also after one was there."""
    with running(with_rates(tmp_path, "date,currency,rate\n2026-01-05,USD,7.25\n")) as run:
        assert load_rates(run) == 1
    with running(project_of(tmp_path, PRODUCTS.replace("LOAD", "full"))) as run:
        assert load_rates(run) == 0
        assert run.warehouse.count(EXCHANGE_RATES) == 0


@pytest.mark.parametrize(
    ("content", "place", "expected"),
    [
        ("date,currency,rate\n2026-01-05,USD,7\n2026-01-06,,7\n", ":3", "a currency of three capital letters"),
        ("date,currency,rate\n2026-01-05,usd,7\n", ":2", "a currency of three capital letters"),
        ("date,currency,rate\n05.01.2026,USD,7\n", ":2", "a date written YYYY-MM-DD"),
        ("date,currency,rate\n2026-02-30,USD,7\n", ":2", "a date written YYYY-MM-DD"),
        ("date,currency,rate\n2026-01-05,USD,-7\n", ":2", "a rate above 0"),
        ("date,currency,rate\n2026-01-05,USD,0\n", ":2", "a rate above 0"),
        ("date,currency,rate\n2026-01-05,USD,\n", ":2", "a rate above 0"),
        ("date,currency,rate\n2026-01-05,USD,NaN\n", ":2", "a rate above 0"),
        ("date,currency,rate\n2026-01-05,CNY,7\n", ":2", "no rate of CNY itself"),
        ("date,currency,rate\n2026-01-05,USD,7\n2026-01-05,USD,7.1\n", ":2", "each day of a currency once"),
        ("date,currency,rate\n2026-01-05,USD,7\n2026-03-05,USD,7.1\n", ":2", "a rate of USD between 2026-01-05"),
        ("date,currency,rate\n", ":1", "a rate at least"),
        ("", ":1", "CSV in UTF-8"),
        ("day,currency,rate\n2026-01-05,USD,7\n", ":1", "the columns date, currency, rate"),
        ("date,currency,rate\n2026-01-05,USD,7,8,9\n", ":1", "CSV in UTF-8"),
    ],
)
def test_a_file_that_is_wrong_is_refused(tmp_path: Path, content: str, place: str, expected: str) -> None:
    """What can't be a rate, a doubtful day or a forgotten month is refused with its line, and no rate is guessed."""
    with pytest.raises(ConfigurationError) as refused:
        read_rates(with_rates(tmp_path, content))
    assert f"汇率.csv{place}" in str(refused.value)
    assert expected in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file of rates that is not there stops `check` and the run."""
    project = with_rates(tmp_path, "")
    (tmp_path / "汇率.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"reporting\.rates"):
        read_rates(project)
