"""Claims on explaining a customer."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from crm_pipeline.cli.explanation import print_relations
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish import explain, explain_record
from crm_pipeline_tests.publish.warehouse_rows import MERGED, ONE, RETIRED, TWO


def test_current_customer(published: Path) -> None:
    """Records with their links, values with record, rule and alternatives, contacts, history and events are there."""
    found = explain(published, ONE)
    assert (found.customer_id, found.reason, found.customer["name"]) == (ONE, "current", "王芳")
    assert found.records["source_id"].to_list() == ["1", "2", "3"]  # the deleted one last
    values = {row["column_name"]: row for row in found.values.to_dicts()}
    assert list(values) == ["name", "phone", "external_ids", "city"]
    assert (values["name"]["source"], values["name"]["source_id"], values["name"]["rule"]) == ("crm", "1", "trust")
    assert values["name"]["alternatives"][0]["value"] == "王方"
    assert (values["city"]["rule"], values["city"]["source"]) == ("only value", None)
    assert values["external_ids"]["rule"] == "union"
    assert found.contacts["value"].to_list() == ["+861"]
    assert found.history["customer_id"].to_list() == [ONE, MERGED]
    assert found.events["kind"].to_list() == ["merged"]
    assert found.ids["any_customer_id"].to_list() == [ONE, MERGED]


def test_single_record_is_the_origin_of_all_values(published: Path) -> None:
    """A customer with one record has every value from that record."""
    values = explain(published, TWO).values.to_dicts()
    assert [(row["column_name"], row["source"], row["source_id"], row["rule"]) for row in values] == [
        ("name", "erp", "3", "only value")
    ]


def test_alias_means_the_customer_it_was_merged_into(published: Path) -> None:
    """An id that was merged away explains the customer that lives on."""
    found, current = explain(published, MERGED.lower()), explain(published, ONE)
    assert (found.asked_id, found.customer_id, found.reason) == (MERGED, ONE, "merged")
    assert found.values.equals(current.values)
    assert found.records.equals(current.records)


def test_retired_customer_still_has_its_past(published: Path) -> None:
    """A retired id has no golden record, but its events say what happened."""
    found = explain(published, RETIRED)
    assert (found.customer_id, found.reason, found.customer) == (None, "retired", {})
    assert found.values.height == 0
    assert found.events["kind"].to_list() == ["created", "retired"]


@pytest.mark.parametrize(
    ("source", "key", "extract", "expected"),
    [("crm", "1", None, ONE), ("erp", "3", "e", TWO), ("erp", "3", "f", ONE), ("shop", "4", None, RETIRED)],
)
def test_record(published: Path, source: str, key: str, extract: str | None, expected: str) -> None:
    """A record leads to its customer, a deleted one to its last."""
    assert explain_record(published, source, key, extract).asked_id == expected


def test_explanation_is_json(published: Path) -> None:
    """Everything can be dumped as JSON."""
    told = json.loads(json.dumps(explain(published, ONE).as_dict(), default=str))
    assert told["values"][0]["alternatives"][0]["source_id"] == "2"


def test_unknown_is_the_caller_s_to_correct(published: Path) -> None:
    """An id never given, an unknown record and an ambiguous key each say what was found."""
    with pytest.raises(ConfigurationError, match="a customer id that was given"):
        explain(published, "C9")
    with pytest.raises(ConfigurationError, match="extracts that have it: none"):
        explain_record(published, "crm", "9")
    with pytest.raises(ConfigurationError, match="extracts that have it: e, f"):
        explain_record(published, "erp", "3")


@pytest.fixture
def related(published: Path, tmp_path: Path) -> Path:
    """The published file with relations of customer ONE: told twice, in both directions, and to one without a name."""
    file = tmp_path / "crm.duckdb"
    shutil.copy(published, file)
    with duckdb.connect(file) as opened:
        opened.execute(f"""
            CREATE TABLE customer_relations AS SELECT * FROM (VALUES
                ('{ONE}', '{TWO}', 'works_for', 'crm', 'name', DATE '2026-02-01'),
                ('{ONE}', '{TWO}', 'works_for', 'erp', 'reference', DATE '2026-01-01'),
                ('{ONE}', 'C9', 'household', 'crm', 'address', NULL),
                ('C9', '{ONE}', 'household', 'crm', 'address', NULL),
                ('C8', '{ONE}', 'contact_of', 'crm', 'reference', DATE '2026-01-05'),
                ('C8', 'C9', 'contact_of', 'crm', 'reference', DATE '2026-01-05')
            ) AS t(customer_id, related_customer_id, kind, source, known_by, since)
        """)
    return file


def test_relations(related: Path, published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each relation is told once, in the direction in which it concerns the customer, in plain words."""
    found = explain(related, ONE)
    assert found.relations.drop("related_name").rows() == [
        ("contact_of", False, "C8", ["reference"], ["crm"], date(2026, 1, 5)),
        ("household", True, "C9", ["address"], ["crm"], None),
        ("works_for", True, TWO, ["name", "reference"], ["crm", "erp"], date(2026, 1, 1)),
    ]
    assert found.relations["related_name"].to_list()[:2] == [None, None]
    print_relations(found.relations)
    assert capsys.readouterr().out.splitlines() == [
        "Who belongs together with it",
        "  has the contact C8 (a record names the other; crm since 2026-01-05)",
        "  lives with C9 (the address tells it; crm)",
        f'  works for {TWO}, Ann, "A" Lee (the name tells it and a record names the other; crm, erp since 2026-01-01)',
        "",
    ]
    assert explain(related, TWO).relations["is_forward"].to_list() == [False]
    assert json.loads(json.dumps(found.as_dict(), default=str))["relations"][1]["kind"] == "household"
    assert explain(published, ONE).relations.is_empty()  # a file of a version without relations


def test_many_relations_are_counted(related: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A large company's people are not all printed; those beyond are counted."""
    one = explain(related, ONE).relations.head(1)
    print_relations(pl.concat([one] * 27))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 23
    assert lines[-2] == "  and 7 more with --json"
