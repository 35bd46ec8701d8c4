"""Claims on the values left out of blocking: stewards see them, the counts of the asset have none of them."""

from __future__ import annotations

from pathlib import Path

from crm_pipeline.linkage import estimate, pair_records
from crm_pipeline.steps.publishing.hot_values import name_hot_values
from crm_pipeline.tables import HOT_VALUES
from crm_pipeline_tests.linkage.conftest import fill_customers
from crm_pipeline_tests.linkage.test_pairs import people
from crm_pipeline_tests.steps.building import project_of, running
from crm_pipeline_tests.steps.test_link_guards import CONFIG


def test_hot_values(tmp_path: Path) -> None:
    """A phone of 60 people is named with its count; by rule there are counts alone; without a model there is none."""
    shop = "+8676012345678"
    rows = [{"record_key": f"{n:03d}", **p, "phones": [shop, *p["phones"]]} for n, p in enumerate(people(60))]
    with running(project_of(tmp_path, CONFIG)) as run:
        assert (name_hot_values(run), run.warehouse.count(HOT_VALUES)) == ({}, 0)
        fill_customers(run.warehouse, rows)
        pair_records(run.warehouse, run.models)
        told = name_hot_values(run)
        found = run.warehouse.execute(f"SELECT * FROM {HOT_VALUES.qualified} WHERE rule = 'phone'")
    assert found == [("people", "phone", shop, 60)]
    assert told["people.phone"] == {"values": 1, "records": 60}
    assert shop not in str(told)


def test_estimate_in_words() -> None:
    """The cost is told in units that people read, whatever its size."""
    assert estimate({}).words == "less than a minute and 0.0 GiB of memory or disk"
    assert estimate({"a": 6_000_000, "b": 1_000_000}).words == "1 minute and 1.3 GiB of memory or disk"
    assert estimate({"a": 200_000_000}).words == "33 minutes and 37 GiB of memory or disk"
    assert estimate({"a": 2_000_000_000}).words == "6 hours and 373 GiB of memory or disk"
