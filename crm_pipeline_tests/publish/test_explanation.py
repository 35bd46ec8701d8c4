"""Claims on explaining a customer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
