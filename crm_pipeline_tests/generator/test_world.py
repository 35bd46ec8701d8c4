"""Claims on what was generated: truth, days, defects."""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.generator import DEFECTS
from crm_pipeline_tests.generator import worlds

# Defects whose rate is a share of all records of the named source's customers (of those that have the value).
OF_ALL = {"registered_twice": "crm", "email_missing": "crm", "address_missing": "crm", "phone_format": "shop"}


@pytest.mark.parametrize("source", worlds.KEYS)
def test_truth_has_every_delivered_record_once(source: str, world: Path, truth: pl.DataFrame) -> None:
    """The keys of all deliveries of a customers extract are those of truth.csv, each once."""
    delivered: set[str] = set()
    for day in worlds.DATES:
        delivered |= worlds.delivered(world, source, day).keys()
    told = truth.filter((pl.col("source") == source) & (pl.col("extract") == "customers"))["source_id"].to_list()
    assert len(told) == len(set(told))
    assert set(told) == delivered


def test_truth_has_every_contact_once(world: Path, truth: pl.DataFrame) -> None:
    """Contact persons in the rows of the CRM are people with labels of their own, one for each organisation."""
    delivered: set[str] = set()
    for day in worlds.DATES:
        delivered |= {key for key, row in worlds.delivered(world, "crm", day).items() if row["联系人"]}
    contacts = truth.filter(extract="customers_contact")
    assert contacts["source_id"].is_unique().all()
    assert set(contacts["source_id"]) == delivered
    assert set(contacts["kind"]) == {"person"}
    records = truth.filter(source="crm", extract="customers")
    both = contacts.join(records, on="source_id", suffix="_of_record")
    assert both.height == contacts.height
    assert both.select("label", "label_of_record").n_unique() == both["label"].n_unique()
    assert not set(both["label"]) & set(records["label"])


def test_customers_have_two_records_on_average(truth: pl.DataFrame) -> None:
    """There are about as many customers as asked for, three quarters people, with 2.0 to 2.3 records each."""
    truth = truth.filter(pl.col("extract") == "customers")
    people = truth.unique("label").filter(pl.col("kind") == "person")
    assert truth["label"].n_unique() > worlds.PLAN.customers * 0.99
    assert 0.72 < len(people) / worlds.PLAN.customers < 0.78
    assert 2.0 < len(truth) / worlds.PLAN.customers < 2.3


def test_families_share_a_phone_and_are_not_one(world: Path, truth: pl.DataFrame) -> None:
    """Some phones of the CRM belong to several people, who are different customers and live together."""
    of_crm = truth.filter(source="crm", extract="customers")
    labels = dict(of_crm.select("source_id", "label").iter_rows())
    owners: dict[object, list[tuple[str, object]]] = defaultdict(list)
    for key, row in worlds.delivered(world, "crm", worlds.DATES[0]).items():
        if row["手机"] and row["客户类型"] == "个人":
            owners[row["手机"]].append((labels[key], row["详细地址"]))
    shared = [found for phone, found in owners.items() if len({label for label, _ in found}) > 1]
    homes = [found for found in shared if len({street for _, street in found}) == 1]
    assert len(homes) > 5


def test_records_come_change_and_go(world: Path, planted: pl.DataFrame) -> None:
    """On later days the CRM has new, changed and deleted records, the shop new and changed ones, and some are late."""
    days = [worlds.delivered(world, "crm", day) for day in worlds.DATES]
    for before, after in itertools.pairwise(days):
        assert after.keys() - before.keys()
        assert any(after[key] != before[key] for key in after.keys() & before.keys())
    assert days[0].keys() - days[-1].keys()
    first = worlds.delivered(world, "shop", worlds.DATES[0]).keys()
    later = worlds.delivered(world, "shop", worlds.DATES[2]).keys()
    assert later - first
    assert later & first
    late = planted.filter((pl.col("defect") == "delivered_late") & (pl.col("extract") == "customers"))
    assert len(late) > 0


def test_late_records_keep_their_time(world: Path, planted: pl.DataFrame) -> None:
    """A record delivered late bears a time before the day of its delivery."""
    is_late = (pl.col("defect") == "delivered_late") & (pl.col("extract") == "customers")
    late = planted.filter(is_late & (pl.col("source") == "crm"))
    assert len(late)
    for key, day in late.select("source_id", "business_date").iter_rows():
        row = worlds.delivered(world, "crm", day).get(key)
        assert row is not None
        assert str(row["更新时间"]) < day


@pytest.mark.parametrize(("defect", "source"), OF_ALL.items())
def test_defects_occur_as_often_as_asked(defect: str, source: str, truth: pl.DataFrame, planted: pl.DataFrame) -> None:
    """The share of records with a defect is near its rate; a way of writing may leave a number as it was."""
    records = len(truth.filter(source=source, extract="customers"))
    keys = planted.filter((pl.col("source") == source) & (pl.col("defect") == defect))["source_id"].n_unique()
    assert DEFECTS[defect].rate * 0.6 < keys / records < DEFECTS[defect].rate * 1.25


def test_defects_are_those_of_the_table(planted: pl.DataFrame, truth: pl.DataFrame) -> None:
    """Only named defects are planted, of these nearly all, on records that truth.csv has, within the days."""
    found = set(planted["defect"])
    assert found <= DEFECTS.keys()
    assert len(DEFECTS.keys() - found) <= 2, DEFECTS.keys() - found
    of_customers = planted.filter(pl.col("extract") == "customers")
    assert of_customers.join(truth, on=["source", "extract", "source_id"], how="anti").is_empty()
    assert set(planted["business_date"]) <= set(worlds.DATES)


def test_defects_are_where_they_are_said_to_be(world: Path, planted: pl.DataFrame) -> None:
    """Full-width, hot and placeholder phones of the CRM are in the rows that defects.csv names."""
    rows = worlds.delivered(world, "crm", worlds.DATES[0])
    hot = {key for key, row in rows.items() if "13800000000" in (row["手机"], row["电话"])}
    is_first = (pl.col("source") == "crm") & (pl.col("business_date") == worlds.DATES[0])
    told = planted.filter(is_first & (pl.col("defect") == "phone_hot"))["source_id"].to_list()
    assert hot
    assert hot <= set(told)
