"""Claims on the labelled sets: what is read as truth, and that no label reaches what links."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
import yaml

from bench.linkage import readers
from bench.linkage.project import map_identifiers
from bench.linkage.sets import BY_NAME, FIXTURES, SETS, LabelledSet
from crm_pipeline.settings import load_project

from .labels import labels_of, pairs_within


def test_truth_set_of_senzing() -> None:
    """159 records, 85 customers and 108 pairs, as its publisher says, and keys that don't tell them."""
    found = BY_NAME["senzing"].delivered(FIXTURES)
    labels = labels_of(found.labels)
    assert (len(labels), len(set(labels.values())), len(pairs_within(labels))) == (159, 85, 108)
    assert all("CLUSTER_ID" not in rows.columns for rows in found.rows.values())
    assert found.rows["customers"]["RECORD_ID"].to_list() == [str(n) for n in range(1, 121)]


def test_febrl(tmp_path: Path) -> None:
    """The original's number is the label; key and social security number, which tell it, are gone."""
    file = tmp_path / "dataset.csv"
    file.write_text("rec_id, given_name, soc_sec_id\nrec-12-org, ann, 1\nrec-3-org, bob, 2\nrec-12-dup-0, anne, 1\n")
    found = readers.febrl([file])
    assert found.rows["people"].columns == ["row", " given_name"]
    assert found.labels.rows() == [
        ("people/customers/1", "12"),
        ("people/customers/2", "3"),
        ("people/customers/3", "12"),
    ]
    both = readers.febrl4([file, file])
    assert pairs_within(labels_of(both.labels)) >= {
        ("a/customers/1", "b/customers/1"),
        ("a/customers/1", "b/customers/3"),
    }


def test_pseudopeople(tmp_path: Path) -> None:
    """Ids of the simulation are the labels and are in no row."""
    file = tmp_path / "ssa.parquet"
    pl.DataFrame(
        {"simulant_id": ["7", "8"], "household_id": ["1", "1"], "ssn": ["a", "b"], "age": [1, 2]}
    ).write_parquet(file)
    found = readers.pseudopeople([file])
    assert found.rows["ssa"].rows() == [("1", "a", "1"), ("2", "b", "2")]
    assert found.labels["label"].to_list() == ["7", "8"]


def test_truth_in_pairs(tmp_path: Path) -> None:
    """Pairs become labels that hold for whole components, over one source or two; the others are alone."""
    records, truth = tmp_path / "records.csv", tmp_path / "truth.csv"
    records.write_text("record_id,org_name,hardness\n" + "".join(f"r{n},x{n},easy\n" for n in range(5)))
    truth.write_text("row_a,row_b\n0,2\n2,4\n")
    companies = readers.orgs_hard([records, truth])
    assert companies.rows["companies"].columns == ["row", "org_name"]
    keys = [f"companies/customers/{n}" for n in (1, 3, 5)]
    assert pairs_within(labels_of(companies.labels)) == set(combinations(keys, 2))
    left, right, matches = tmp_path / "l.csv", tmp_path / "r.csv", tmp_path / "m.csv"
    left.write_text("id,name\n9,a\n8,b\n")
    right.write_text("id,name\n8,b\n7,c\n")
    matches.write_text("fodors_id,zagats_id\n8,8\n")
    guides = readers.magellan_restaurants([left, right, matches])
    assert pairs_within(labels_of(guides.labels)) == {("fodors/customers/2", "zagats/customers/1")}


def test_files_of_another_kind(tmp_path: Path) -> None:
    """A file whose rows have no label is refused rather than measured."""
    file = tmp_path / "dataset.csv"
    file.write_text("rec_id, given_name, soc_sec_id\n12, ann, 1\n")
    with pytest.raises(ValueError, match="1 records without a label"):
        readers.febrl([file])


@pytest.mark.parametrize("chosen", SETS, ids=lambda chosen: chosen.name)
def test_mappings(chosen: LabelledSet, tmp_path: Path) -> None:
    """Every mapping is a configuration that a project accepts, and leaves out what would tell the answer."""
    text = chosen.mapping.read_text(encoding="utf-8")
    (tmp_path / "pipeline.yaml").write_text(text, encoding="utf-8")
    extracts = [extract for _, _, extract in load_project(tmp_path).config.extracts]
    assert {extract.entity for extract in extracts} == {"customers"}
    written = json.dumps([extract.columns for extract in extracts])
    assert not any(
        word in written for word in ("soc_sec_id", "simulant_id", "household_id", "ssn", "hardness", "cluster")
    )


def test_identifiers_of_a_variant() -> None:
    """The variant with the social security number maps it for the sources that deliver it, and for no other."""
    usual, variant = BY_NAME["pseudopeople"], BY_NAME["pseudopeople_ssn"]
    config = yaml.safe_load(variant.mapping.read_text(encoding="utf-8"))
    columns = {source: ["ssn", "sex"] if source in {"ssa", "tax1040"} else ["sex"] for source in config["sources"]}
    map_identifiers(config, variant.identifiers, columns)
    mapped = {source: told["extracts"]["customers"]["columns"] for source, told in config["sources"].items()}
    found = {source: forms["external_ids"] for source, forms in mapped.items() if "external_ids" in forms}
    assert found == {source: {"social_security": "ssn"} for source in ("ssa", "tax1040")}
    assert usual.identifiers == {}
