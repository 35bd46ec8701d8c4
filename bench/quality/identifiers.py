"""Right verdicts on identifiers: value_truth/id_numbers.csv (python-stdnum's tests), and the cleaning corpus.

Belongs here: which reader takes which of the table's modules. Does not belong here: printing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from bench.quality.figures import Figure
from crm_pipeline.standardise.official_ids import credit_codes, resident_ids, tax_ids, tax_schemes

_OURS: dict[str, Callable[[pl.Series], pl.DataFrame]] = {"cn.uscc": credit_codes.read, "cn.ric": resident_ids.read}
_PARTS = {
    "us.ein": "US",
    "us.ssn": "US",
    "us.atin": "US",
    "ch.vat": "CH",
    "no.mva": "NO",
    "th.moa": "TH",
    "th.pin": "TH",
}
# What the library's modules raise on texts that they cannot read; KeyError and IndexError are LookupErrors.
_FAILURES = (ValueError, LookupError, TypeError, ArithmeticError, AttributeError)


def measure(data: Path) -> list[Figure]:
    """Figures for credit codes, resident ids, tax numbers by country, and the library's own verdicts on the rest.

    A value is right when it is expected to be valid and is kept, or invalid and refused with a reason.
    """
    table = pl.read_csv(data / "value_truth" / "id_numbers.csv", infer_schema=False).drop_nulls("number")
    figures, others = [], []
    for (module,), rows in sorted(table.group_by("module"), key=lambda group: str(group[0][0])):
        name = str(module)
        if read := _reader(name):
            target = 1.0 if name in _OURS else None
            figures.append(_figure(f"identifiers, {name}", read(rows["number"])["value"].is_not_null(), rows, target))
        else:
            others.append(rows)
    rest = pl.concat(others)
    verdicts = pl.Series(
        [_by_library(module, number) for module, number in rest.select("module", "number").iter_rows()]
    )
    note = "by python-stdnum itself: types that the pipeline does not read"
    figures.append(_figure("identifiers, other modules", verdicts, rest, None, note))
    return [*figures, _sum(figures), _corpus(data)]


def _reader(module: str) -> Callable[[pl.Series], pl.DataFrame] | None:
    if module in _OURS:
        return _OURS[module]
    if module in {"eu.vat", "vatin"}:
        return lambda numbers: tax_ids.read(numbers, None)
    country = next((code for code, schemes in tax_schemes.SCHEMES.items() if module in schemes), _PARTS.get(module))
    return (lambda numbers: tax_ids.read(numbers, country)) if country else None


def _figure(name: str, verdicts: pl.Series, rows: pl.DataFrame, target: float | None, note: str = "") -> Figure:
    return Figure(name, float((verdicts == (rows["expected"] == "valid")).sum()), len(rows), target, note)


def _sum(figures: list[Figure]) -> Figure:
    """All tax numbers in one figure."""
    taxes = [each for each in figures if each.target is None and not each.note]
    note = "kept on purpose: a prefix written twice, a number that is right as another kind of its country's"
    return Figure("tax numbers, all modules", sum(x.correct for x in taxes), sum(x.total for x in taxes), None, note)


def _by_library(module: str, number: str) -> bool:
    name = {"in.pan": "in_.pan", "is.kennitala": "is_.kennitala"}.get(module, module)
    library: Any = import_module(f"stdnum.{name}")
    try:
        library.validate(number)
    except _FAILURES:
        return False
    return True


def _corpus(data: Path) -> Figure:
    path = data / "goldenmatch_cleaning" / "tests" / "parity" / "identifiers_corpus.jsonl"
    cases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    cases = [case for case in cases if case["transform"] in {"vat_validate", "vat_format"} and case["input"]]
    values = tax_ids.read(pl.Series([case["input"] for case in cases], dtype=pl.String), None)["value"].to_list()
    correct = sum(
        value == case["expected"] if case["transform"] == "vat_format" else (value is not None) == case["expected"]
        for case, value in zip(cases, values, strict=True)
    )
    note = (
        "its rules know no check digit of FR and RO, and refuse a number of no known country, which we keep unverified"
    )
    return Figure("tax numbers, identifiers_corpus.jsonl", correct, len(cases), None, note)
