"""Claims on tables for people: what fits is a table, what does not is printed record by record."""

from __future__ import annotations

import pytest

from crm_pipeline.cli.output import print_table

NAMES = [f"column_{i:02}" for i in range(30)]  # far wider than the 160 of a pipe


def test_too_wide_a_result_is_printed_record_by_record(capsys: pytest.CaptureFixture[str]) -> None:
    """Each record is a block of lines `name  value`, whole values in order; cells without a value are left out."""
    long = "x" * 300
    print_table("Rows", NAMES, [[f"a{i}" for i in range(30)], [long, None, *range(28)]])
    title, *records = capsys.readouterr().out.rstrip("\n").split("\n", 1)
    first, second = (block.splitlines() for block in records[0].split("\n\n"))
    assert title == "Rows"
    assert [line.split() for line in first] == [[name, f"a{i}"] for i, name in enumerate(NAMES)]
    assert [line.split() for line in second] == [
        ["column_00", long],
        *([name, str(i)] for i, name in enumerate(NAMES[2:])),
    ]


def test_a_long_value_alone_does_not_break_a_table_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Few columns stay a table with one header, however long a value is."""
    print_table("Rows", ("name", "note"), [["a", "y" * 500], ["b", None]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["name", "note"]
    assert sum(line.count("y") for line in lines) == 500
