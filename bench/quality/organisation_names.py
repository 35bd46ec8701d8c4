"""How well names of organisations are taken apart: the core of Chinese ones, the form of others.

Belongs here: measuring on `value_truth`. Does not belong here: the rules (`crm_pipeline.standardise`).
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from bench.quality.figures import Figure
from crm_pipeline.standardise.organisations import organisation_names

# What probablepeople's labels call part of the name, and we a form.
_FORMS = ("co", "company", "corp", "corporation")


def measure(data: Path) -> list[Figure]:
    """F1 of the core on `cn_company_brand.csv`; right names without form on the other two.

    F1 counts exact matches: precision of the cores given, recall of the brands there are. A brand where we give another
    core is a miss and a false one; an empty brand where we give a core is a false one.
    """
    folder = data / "value_truth"
    return [_brands(folder), _basenames(folder), _tagged(folder)]


def _brands(folder: Path) -> Figure:
    rows = pl.read_csv(folder / "cn_company_brand.csv", infer_schema=False).fill_null("")
    core = organisation_names.read(rows["company"])["core"].fill_null("")
    same = _count(core == rows["brand"])
    right = _count((core == rows["brand"]) & (core != ""))
    given, wanted = _count(core != ""), _count(rows["brand"] != "")
    note = f"F1 of exact matches: {right} of {given} cores given, of {wanted} brands; {same} of {len(rows)} rows alike"
    return Figure("organisation names, core, cn_company_brand.csv", 2 * right / (given + wanted), 1, 0.95, note)


def _basenames(folder: Path) -> Figure:
    rows = pl.read_csv(folder / "company_basename.csv", infer_schema=False)
    right = _count(organisation_names.read(rows["input"])["core"] == rows["expected_basename"])
    return Figure("organisation names, without form, company_basename.csv", right, len(rows))


def _tagged(folder: Path) -> Figure:
    lines = [json.loads(line) for line in (folder / "company_names_tagged.jsonl").read_text("utf-8").splitlines()]
    found = organisation_names.read(pl.Series([line["text"] for line in lines]))["legal_form"]
    has_form = pl.Series([_has_form(line["tokens"]) for line in lines])
    note = f"whether a name has a form; company at its end, labelled as part of the name, counts; {_count(has_form)} do"
    return Figure(
        "organisation names, has a form, company_names_tagged.jsonl",
        _count(found.is_not_null() == has_form),
        len(lines),
        note=note,
    )


def _count(truths: pl.Series) -> int:
    """How many are true."""
    return truths.fill_null(value=False).to_list().count(True)


def _has_form(tokens: list[list[str]]) -> bool:
    last = tokens[-1][0].strip(".,").lower()
    return any(label == "CorporationLegalType" for _, label in tokens) or last in _FORMS
