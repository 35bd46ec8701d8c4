"""Labels files that can and can't be read, and what they are compared with."""

from __future__ import annotations

import json
import stat
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from crm_pipeline.cli.app import app
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project, load_project
from crm_pipeline.state.measures import MeasureStore, Outcome, RunMeasures, StepMeasure
from crm_pipeline.steps.telling.evaluate import evaluate
from crm_pipeline.steps.telling.labels import read_labels
from crm_pipeline.tables import CONFLICTS, CUSTOMER_RECORDS, PAIRS, Table
from crm_pipeline.warehouse import Warehouse

HEADER = "source,extract,source_id,label\n"
PAIRS_HEADER = "source_l,extract_l,source_id_l,source_r,extract_r,source_id_r,is_match\n"
CONFIGURATION = """
version: 1
start_date: 2026-01-01
sources: {crm: {extracts: {customers: {read: {file: a.csv}, primary_key: id}}}}
linkage: {match_threshold: 0.95, review_threshold: 0.7}
"""
# source_id, customer_id, deleted_on
RECORDS = [
    ("1", "C1", None),
    ("2", "C1", None),
    ("3", "C2", None),
    ("4", "C3", None),
    ("5", "C3", None),
    ("6", "C1", "2026-01-02"),
]
PAIR_ROWS = [
    ("1", "2", "model", 0.97, "link"),
    ("1", "3", "model", 0.8, "review"),
    ("4", "5", "identifier", 1.0, "link"),
]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that published three customers of five living records and one deleted record, and their pairs."""
    (tmp_path / "pipeline.yaml").write_text(CONFIGURATION, encoding="utf-8")
    records = pl.DataFrame(RECORDS, schema=["source_id", "customer_id", "deleted_on"], orient="row").with_columns(
        pl.lit("crm").alias("source"), pl.lit("customers").alias("extract"), pl.col("deleted_on").str.to_date()
    )
    names = ["record_key_l", "record_key_r", "matched_by", "match_probability", "verdict"]
    pairs = pl.DataFrame(PAIR_ROWS, schema=names, orient="row").with_columns(
        pl.format("crm/customers/{}", "record_key_l").alias("record_key_l"),
        pl.format("crm/customers/{}", "record_key_r").alias("record_key_r"),
        pl.lit("email").alias("rule"),
    )
    project = load_project(tmp_path)
    put(project.published_file, CUSTOMER_RECORDS, records)
    put(project.steward_file, PAIRS, pairs)
    put(project.steward_file, CONFLICTS, pairs.clear())
    return project


def put(file: Path, table: Table, rows: pl.DataFrame) -> None:
    """Makes the published file have the table with these rows."""
    with Warehouse.open(file, temporary=file.parent / "temporary") as made:
        made.replace(table, rows)
        made.execute(f"CREATE OR REPLACE TABLE main.{table.name} AS FROM {table.qualified}")


def write(folder: Path, text: str) -> Path:
    file = folder / "labels.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_what_the_command_says(project: Project) -> None:
    """What was not judged is said, a ratio of nothing is –, in JSON null, and bad figures are no failure."""
    rows = "".join(f"crm,customers,{n},{n}\n" for n in (1, 3, 6, 77))
    arguments = ["evaluate", str(write(project.root, HEADER + rows)), "--project", str(project.root)]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0, printed.output
    assert "4 records are labelled; 2 of them are published and alive." in printed.output
    assert "Not judged: 1 deleted, 1 that customer_records does not have." in printed.output
    assert [line.split() for line in printed.output.splitlines() if line.startswith("pairwise")] == [
        ["pairwise", "–", "–", "–"]
    ]
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert told["published"]["precision"] is None
    assert told["published"]["b_cubed_precision"] == 1


@pytest.mark.parametrize(
    ("runs", "is_newer"),
    [
        ([], False),
        ([(Outcome.PUBLISHED, "link.pairs")], False),
        ([(Outcome.PUBLISHED, "link.pairs"), (Outcome.STOPPED, "link.pairs")], True),
        ([(Outcome.PUBLISHED, "link.pairs"), (Outcome.STOPPED, "std.customers")], False),  # it had no pairs yet
        ([(Outcome.STOPPED, "link.pairs"), (Outcome.UNCHANGED, "link.pairs")], False),
        ([(Outcome.STOPPED, "link.pairs"), (Outcome.UNCHANGED, "backup.snapshot")], True),
    ],
)
def test_pairs_of_a_stopped_run(project: Project, runs: list[tuple[Outcome, str]], *, is_newer: bool) -> None:
    """Pairs of a later run that was stopped before it published are said to be that, and what to do."""
    store = MeasureStore(project.state / "history" / "measures")
    for number, (outcome, step) in enumerate(runs, 1):
        begin = datetime(2026, 1, number)  # noqa: DTZ001 - UTC without a zone
        store.keep(RunMeasures(f"run-{number}", begin, 1.0, outcome, (StepMeasure(step, 1.0, 1),)))
    arguments = ["evaluate", str(write(project.root, HEADER + "crm,customers,1,a\n")), "--project", str(project.root)]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0, printed.output
    assert ("the last run was stopped before it published" in printed.output) is is_newer
    assert ("crm-pipeline status" in printed.output) is is_newer
    assert json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)["has_newer_pairs"] is is_newer


def test_living_records_are_judged(project: Project) -> None:
    """Deleted and unknown records are counted and not judged; the row at the project's threshold is as published."""
    rows = [f"crm,customers,{n},{label}" for n, label in [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "c"), (6, "a")]]
    found = evaluate(project, write(project.root, HEADER + "\n".join([*rows, "crm,customers,77,a"])))
    assert (found.labelled, found.found, found.deleted, found.unknown) == (7, 5, 1, 1)
    told = found.published
    assert (told.true_pairs, told.predicted_pairs, told.correct_pairs) == (3, 2, 1)
    assert list(found.by_threshold)[:2] == [0.7, 0.8]
    assert found.by_threshold[found.match_threshold] == told
    assert found.by_threshold[0.8].correct_pairs == 3
    assert found.by_threshold[0.999].predicted_pairs == 1  # the identifier


def test_wrong_pairs_are_written_for_their_owner_only(project: Project) -> None:
    """The file has keys, verdict and probability of each wrong pair, and nobody else may read it."""
    labels = write(
        project.root, HEADER + "crm,customers,1,a\ncrm,customers,3,a\ncrm,customers,4,b\ncrm,customers,5,c\n"
    )
    file = project.root / "wrong.csv"
    found = evaluate(project, labels, file)
    assert found.published.wrong_pairs == found.wrong_pairs_written == 2
    assert file.read_text(encoding="utf-8").splitlines() == [
        "record_key_l,record_key_r,verdict,reason,matched_by,rule,match_probability,blocked_by",
        "crm/customers/1,crm/customers/3,missed,waits_for_review,model,email,0.8,",
        "crm/customers/4,crm/customers/5,false_link,direct,identifier,email,1.0,",
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError, match="the labels file"):
        evaluate(project, labels, project.root / "." / "labels.csv")
    assert labels.read_text(encoding="utf-8").startswith(HEADER)


def pair_labels(*rows: tuple[int, int, int]) -> str:
    return PAIRS_HEADER + "".join(f"crm,customers,{a},crm,customers,{b},{is_match}\n" for a, b, is_match in rows)


def test_labelled_pairs_are_judged_by_themselves(project: Project) -> None:
    """Only labelled pairs count, in either order of keys; pairs with a deleted or an unknown record are not judged."""
    rows = pair_labels((2, 1, 1), (1, 3, 1), (4, 5, 0), (3, 4, 0), (3, 4, 0), (1, 6, 1), (1, 77, 1))
    found = evaluate(project, write(project.root, rows))
    assert (found.unit, found.labelled, found.found, found.deleted, found.unknown) == ("pairs", 6, 4, 1, 1)
    told = found.published
    assert (told.true_pairs, told.predicted_pairs, told.correct_pairs) == (2, 2, 1)
    assert (told.precision, told.recall) == (0.5, 0.5)
    assert found.by_threshold[found.match_threshold] == told
    assert found.by_threshold[0.8].correct_pairs == 2
    assert {(verdict, reason.value): n for (verdict, reason), n in found.reasons.items()} == {
        ("missed", "waits_for_review"): 1,
        ("false_link", "direct"): 1,
    }


def test_what_the_command_says_of_pairs(project: Project) -> None:
    """Without a negative there is no precision, which is said; keys are shown only as examples that were asked for."""
    arguments = [
        "evaluate",
        str(write(project.root, pair_labels((1, 2, 1), (1, 3, 1)))),
        "--project",
        str(project.root),
    ]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0, printed.output
    assert "2 pairs are labelled; 2 of them are published and alive." in printed.output
    assert "No pair is labelled 0" in printed.output
    assert ["pairwise", "–", "0.5000", "–"] in [line.split() for line in printed.output.splitlines()]
    assert "B-cubed" not in printed.output
    assert "crm/customers/1" not in printed.output
    assert "crm/customers/1" in CliRunner().invoke(app, [*arguments, "--examples", "1"]).output
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert (told["published"]["precision"], told["examples"]) == (None, [])
    assert told["wrong_pairs_by_reason"] == [{"verdict": "missed", "reason": "waits_for_review", "pairs": 1}]


def test_examples_of_each_reason(project: Project) -> None:
    """As many wrong pairs of each verdict and reason are shown as were asked for, with what is known of them."""
    rows = pair_labels((1, 3, 1), (1, 4, 1), (1, 5, 1), (2, 5, 1))
    found = evaluate(project, write(project.root, rows), examples=2)
    assert found.examples.select("record_key_l", "record_key_r", "reason", "match_probability").rows() == [
        ("crm/customers/1", "crm/customers/3", "waits_for_review", 0.8),
        ("crm/customers/1", "crm/customers/4", "not_known", None),
        ("crm/customers/1", "crm/customers/5", "not_known", None),
    ]


def test_constraints_hold_at_every_threshold(project: Project) -> None:
    """A link that an extract without duplicates refuses joins nothing in the table either, and is a reason."""
    written = (project.root / "pipeline.yaml").read_text(encoding="utf-8")
    (project.root / "pipeline.yaml").write_text(
        written.replace("extracts:", "duplicate_free: true, extracts:"), "utf-8"
    )
    conflict = pl.DataFrame({"record_key_l": ["crm/customers/4"], "record_key_r": ["crm/customers/5"],
                             "matched_by": ["identifier"], "rule": ["email"], "reason": ["duplicate_free"],
                             "blocked_by": ["crm.customers"]})  # fmt: skip
    put(project.steward_file, CONFLICTS, conflict)
    labels = write(project.root, HEADER + "".join(f"crm,customers,{n},{n // 2}\n" for n in range(2, 6)))
    apart = pl.DataFrame({"source_id": list("12345")}).with_columns(
        pl.lit("crm").alias("source"),
        pl.lit("customers").alias("extract"),
        pl.format("C{}", "source_id").alias("customer_id"),
    )
    put(project.published_file, CUSTOMER_RECORDS, apart)
    found = evaluate(load_project(project.root), labels)
    assert found.is_as_published
    assert {told.predicted_pairs for told in found.by_threshold.values()} == {0}
    assert {reason.value: n for (_, reason), n in found.reasons.items()} == {"refused": 1, "not_known": 1}


def test_a_changed_configuration_is_said(project: Project) -> None:
    """Where the customers at the threshold are not those published, the command says that something has changed."""
    labels = write(project.root, HEADER + "".join(f"crm,customers,{n},{n}\n" for n in range(1, 6)))
    arguments = ["evaluate", str(labels), "--project", str(project.root)]
    assert "differs from what is published" not in CliRunner().invoke(app, arguments).output
    text = (project.root / "pipeline.yaml").read_text(encoding="utf-8")
    (project.root / "pipeline.yaml").write_text(text.replace("0.95", "0.98"), encoding="utf-8")
    assert "differs from what is published" in CliRunner().invoke(app, arguments).output


def test_labels_of_other_records_are_refused(project: Project) -> None:
    """Labels that name no published record say which extracts are published; of deleted ones, that they are deleted."""
    with pytest.raises(ConfigurationError, match=r"found none of them\. .*published are: crm/customers"):
        evaluate(project, write(project.root, HEADER + "erp,customers,1,a\n"))
    with pytest.raises(ConfigurationError, match="1 are deleted"):
        evaluate(project, write(project.root, HEADER + "crm,customers,6,a\n"))


def test_nothing_published(tmp_path: Path) -> None:
    """Before the first run the message says to run."""
    (tmp_path / "pipeline.yaml").write_text(CONFIGURATION, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="crm-pipeline run"):
        evaluate(load_project(tmp_path), write(tmp_path, HEADER + "crm,customers,1,a\n"))


def test_labels_are_text(tmp_path: Path) -> None:
    """Further columns, their order, a byte order mark, quotes and outer spaces do not matter; leading zeros do."""
    header = "\ufefflabel,note,source_id,extract,source\n"
    rows = '1 ,x,"007|a",customers,crm\n1,x, 7|a,customers,crm\n1,y,7|a,customers,crm\n'
    found = read_labels(write(tmp_path, header + rows))
    assert found.rows.rows() == [("crm/customers/007|a", "1"), ("crm/customers/7|a", "1")]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (HEADER.encode(), "the header alone"),
        (b"source,extract,id,label\ncrm,customers,1,a\n", "a header without source_id"),
        (HEADER.encode() + b"crm,customers,1\n", "blanks in 1 of 1 rows, first in row 1 below the header"),
        (HEADER.encode() + b"crm,customers,1,a,b\n", "another file"),
        (
            HEADER.encode() + b"crm,customers,1,a\ncrm,customers, ,b\n",
            "blanks in 1 of 2 rows, first in row 2 below the header",
        ),
        (HEADER.encode() + b"crm,customers,1,\xff\n", "another file"),
        (
            HEADER.encode() + b"crm,customers,1,a\ncrm,customers,2,a\ncrm,customers,1,b\n",
            "several for 1 records, first crm/customers/1",
        ),
    ],
)
def test_labels_that_are_refused(content: bytes, found: str, tmp_path: Path) -> None:
    """Each kind of damage is refused with what was found, never read half."""
    file = tmp_path / "labels.csv"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        read_labels(file)
    assert (refused.value.where, refused.value.found) == (str(file), found)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("crm,c,1,crm,c,2,yes\n", "something else in 1 of 1 rows, first in row 1 below the header"),
        ("crm,c,1,crm,c,2,\n", "blanks in 1 of 1 rows, first in row 1 below the header"),
        (
            "crm,c,1,crm,c,2,1\ncrm,c,1,crm,c, 1,1\n",
            "a record with itself in 1 of 2 rows, first in row 2 below the header",
        ),
        ("crm,c,1,crm,c,2,1\ncrm,c,2,crm,c,1,0\n", "both 0 and 1 for 1 pairs, first crm/c/1 and crm/c/2"),
    ],
)
def test_labelled_pairs_that_are_refused(rows: str, found: str, tmp_path: Path) -> None:
    """A pair without a readable label, of one record, or with two labels is refused, never read half."""
    with pytest.raises(ConfigurationError) as refused:
        read_labels(write(tmp_path, PAIRS_HEADER + rows))
    assert refused.value.found == found


def test_no_labels_file(tmp_path: Path) -> None:
    """A file that is not there is said to be missing, with the header it should have."""
    with pytest.raises(ConfigurationError, match="source,extract,source_id,label"):
        read_labels(tmp_path / "nothing.csv")
