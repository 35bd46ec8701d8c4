"""The claim that the CSV files of csv-spectrum are read as their JSON says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_pipeline_tests.sources.reading import read_bytes

DATA = Path(__file__).parents[2] / "data" / "csv_spectrum"
NAMES = sorted(file.stem for file in (DATA / "csvs").iterdir())
WRONG_IN_THE_JSON = {("location_coordinates", "Contact Phone Number")}  # another number than in the CSV


@pytest.mark.parametrize("name", NAMES)
def test_exact_rows(tmp_path: Path, name: str) -> None:
    """Every cell of every row is the one that the JSON has, and none is held back."""
    expected = json.loads((DATA / "json" / f"{name}.json").read_bytes())
    expected = expected if isinstance(expected, list) else [expected]
    read = read_bytes(tmp_path, (DATA / "csvs" / f"{name}.csv").read_bytes())
    found = read.frame.drop("_line").to_dicts()
    for column in {column for known, column in WRONG_IN_THE_JSON if known == name}:
        for row in [*found, *expected]:
            del row[column]
    assert found == expected
    assert read.unreadable == []
