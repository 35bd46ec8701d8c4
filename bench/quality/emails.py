"""How right e-mail addresses are read: the hard cases of the library email-validator, by its groups of tests.

`value_truth/emails.jsonl`. Belongs here: these figures. Does not belong here: speed.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from bench.quality.figures import Figure
from crm_pipeline.standardise.contact_points import emails

_TARGET = 0.98
_QUOTED = "test_email_valid_only_if_quoted_local_part"  # its truth is the local part alone, at example.com
_NO_SMTPUTF8 = "test_email_invalid_character_smtputf8_off"
_NOTE = "left out: refused by an option that we do not set (names beside addresses, outer blanks, no SMTPUTF8)"


def measure(data: Path) -> list[Figure]:
    """One figure for all addresses and one for each group.

    Args:
        data: folder with `value_truth`.
    """
    lines = (data / "value_truth" / "emails.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if _is_meant(row)]
    texts = pl.Series([row["input"].encode("utf-8", "replace").decode() for row in rows], dtype=pl.String)
    read = texts.to_frame("v").select(emails.clean(pl.col("v"))).to_series().to_list()
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for row, value in zip(rows, read, strict=True):
        total[row["test"]] += 1
        right[row["test"]] += value == _expected(row)
    left_out = f"{_NOTE}: {len(lines) - len(rows)}"
    groups = [Figure(f"e-mails, {name}", right[name], count) for name, count in sorted(total.items())]
    return [Figure("e-mails", right.total(), total.total(), _TARGET, left_out), *groups]


def _is_meant(row: dict[str, Any]) -> bool:
    """Whether the pipeline means to judge the text as its source does."""
    error = str(row["expected"].get("error_or_value", "")) if "normalized" not in row["expected"] else ""
    is_named = "display name" in error.lower()
    return not is_named and row["test"] != _NO_SMTPUTF8 and row["input"] == (row["input"].strip() or row["input"])


def _expected(row: dict[str, Any]) -> str | None:
    expected = row["expected"]
    if row["test"] == _QUOTED:
        return f"{expected['error_or_value']}@example.com".lower()
    return str(expected["normalized"]).lower() if "normalized" in expected else None
