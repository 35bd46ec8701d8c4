"""The projects in `examples/`, run and judged as their pages say."""

from __future__ import annotations

import csv
import json
import re
import runpy
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import filelock
import pytest

from crm_pipeline.publish import query
from crm_pipeline.settings import load_project
from crm_pipeline_tests import projects
from crm_pipeline_tests.conftest import once

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = ("febrl3", "senzing")
GIT_IGNORES = ("state", "var", "published", "reports", "backup")
DATE = "2026-01-31"
Figures = dict[str, float]

# A little below what is measured, so that a change of the model that costs quality is noticed and one that moves a pair
# or two is not. The truth set of Senzing has 108 true pairs: a pair is a hundredth.
FLOORS: dict[str, Figures] = {
    "febrl3": {"precision": 0.998, "recall": 0.98, "f1": 0.99, "b_cubed_precision": 0.998, "b_cubed_recall": 0.985},
    "senzing": {"precision": 0.87, "recall": 0.82, "f1": 0.84, "b_cubed_precision": 0.93, "b_cubed_recall": 0.89},
}

every_example = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def finished(name: str, shared_folder: Path) -> projects.Finished:
    """A copy of the example after its run; look, don't touch."""

    def make(folder: Path) -> subprocess.CompletedProcess[str]:
        get_data(shared_folder)
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(*GIT_IGNORES))
        return projects.crm_pipeline("run", "--date", DATE, "--project", str(folder))

    return once(shared_folder / f"example_{name}", make)


def get_data(shared_folder: Path) -> None:
    """Fetches Febrl's data once, as its page says; they stay, ignored by git."""
    with filelock.FileLock(shared_folder / "febrl3.lock"):
        command = [sys.executable, str(EXAMPLES / "febrl3" / "get_data.py")]
        subprocess.run(command, check=True, capture_output=True)


def read_labels(folder: Path) -> dict[tuple[str, ...], str]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as opened:
        return {(row["source"], row["extract"], row["source_id"]): row["label"] for row in csv.DictReader(opened)}


def groups(partition: dict[tuple[str, ...], str]) -> dict[str, set[tuple[str, ...]]]:
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for key, group in partition.items():
        found[group].add(key)
    return found


def all_pairs(sets: Iterable[set[tuple[str, ...]]]) -> set[frozenset[tuple[str, ...]]]:
    return {frozenset(pair) for each in sets for pair in combinations(each, 2)}


def oracle(labels: dict[tuple[str, ...], str], customers: dict[tuple[str, ...], str]) -> Figures:
    """The measures by their definitions, from sets of pairs and of records."""
    of_label, of_customer = groups(labels), groups(customers)
    true, predicted = all_pairs(of_label.values()), all_pairs(of_customer.values())
    shared = {key: len(of_label[labels[key]] & of_customer[customers[key]]) for key in labels}
    return {
        "true_pairs": len(true),
        "predicted_pairs": len(predicted),
        "precision": len(true & predicted) / len(predicted),
        "recall": len(true & predicted) / len(true),
        "f1": 2 * len(true & predicted) / (len(true) + len(predicted)),
        "b_cubed_precision": sum(n / len(of_customer[customers[key]]) for key, n in shared.items()) / len(labels),
        "b_cubed_recall": sum(n / len(of_label[labels[key]]) for key, n in shared.items()) / len(labels),
    }


@pytest.mark.slow
@every_example
def test_measures(name: str, finished: projects.Finished) -> None:
    """`evaluate --json` says what the published table and the labels say, and it is as good as it was measured."""
    labels = str(finished.folder / "labels.csv")
    result = projects.crm_pipeline("evaluate", labels, "--project", str(finished.folder), "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    expected = read_labels(finished.folder)
    published = load_project(finished.folder).published_file
    rows = query(published, "SELECT source, extract, source_id, customer_id FROM customer_records").rows()
    counted = oracle(expected, {row[:3]: row[3] for row in rows})
    assert {measure: told["published"][measure] for measure in counted} == pytest.approx(counted)
    assert told["records"] == {"labelled": len(rows), "found": len(rows), "deleted": 0, "unknown": 0}
    [as_published] = [row for row in told["by_threshold"] if row["threshold"] == told["match_threshold"]]
    assert {**as_published, "threshold": None} == {**told["published"], "threshold": None}
    assert {m: told["published"][m] for m, floor in FLOORS[name].items() if told["published"][m] < floor} == {}


@pytest.mark.slow
@every_example
def test_page(name: str, finished: projects.Finished) -> None:
    """The figures on the example's page are those that its command prints."""
    page = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```console\n(.*?)```", page, flags=re.DOTALL)
    block = block.removeprefix("$ python examples/febrl3/get_data.py\n…\n")
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    assert commands == [
        f"$ crm-pipeline run --project examples/{name} --date {DATE}",
        f"$ crm-pipeline evaluate examples/{name}/labels.csv --project examples/{name}",
    ]
    labels = str(finished.folder / "labels.csv")
    result = projects.crm_pipeline("evaluate", labels, "--project", str(finished.folder))
    shown = block.split(commands[-1])[1].strip().splitlines()
    assert shown == [line.rstrip() for line in result.stdout.strip().splitlines()]


@pytest.mark.slow
@every_example
def test_leaves_only_ignored_folders(name: str, finished: projects.Finished) -> None:
    """A run in a checkout adds nothing that git would see, and takes no secret."""
    added = {path.name for path in finished.folder.iterdir()} - {path.name for path in (EXAMPLES / name).iterdir()}
    ignored = (EXAMPLES / name / ".gitignore").read_text(encoding="utf-8").split()
    assert {f"{folder}/" for folder in added} <= set(ignored)
    assert not (finished.folder / ".env").exists()


@every_example
def test_labels_come_from_what_was_delivered(name: str, shared_folder: Path) -> None:
    """The labels file is what its script makes of the delivered data, one row for each record."""
    get_data(shared_folder)
    if name == "febrl3":
        script = runpy.run_path(str(EXAMPLES / name / "get_data.py"))
        rows = script["labels"](script["DATA"])
    else:
        rows = runpy.run_path(str(EXAMPLES / name / "make_labels.py"))["labels"]()
    assert {row[:3]: row[3] for row in rows} == read_labels(EXAMPLES / name)
    delivered = [
        (source, extract, (EXAMPLES / name / configured.read.file.format(date=DATE)))
        for source, extract, configured in load_project(EXAMPLES / name).config.extracts
    ]
    for source, extract, file in delivered:
        with file.open(encoding="utf-8", newline="") as opened:
            records = sum(1 for _ in csv.reader(opened)) - 1
        assert records == sum(row[:2] == (source, extract) for row in rows)


def test_nothing_that_gives_the_answer_is_mapped() -> None:
    """Of Febrl's data, the record id and the number that most copies share take no part in the linkage."""
    [(_, _, extract)] = load_project(EXAMPLES / "febrl3").config.extracts
    assert extract.primary_key == ("rec_id",)
    written = json.dumps(extract.columns) + json.dumps(extract.model_dump(mode="json")["extra_columns"])
    assert "soc_sec_id" not in written
    assert "rec_id" not in written
