"""Claims on what `python -m bench` says of chains that did not end well, and on how it trains bare Splink."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench
from bench import chain
from bench.compare import Bare, training_rules
from crm_pipeline.linkage.model import PEOPLE, POPULATIONS, Population
from crm_pipeline.state.measures import MeasureStore

_TOLD = '{"customer_records": 5, "customers": 3}'
_QUALITY = '{"published": {"precision": 1, "recall": 1, "f1": 1, "b_cubed_f1": 1}}'


class _Measures:
    seconds, peak_memory_bytes, steps = 1.0, 1, ()


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, str]]:
    """Exit code and output of the run of each size, by the folder's name; all else that takes time is left out."""
    ends: dict[str, tuple[int, str]] = {}

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        code, said = (0, _QUALITY)
        if "demo" in command:
            folder = command[command.index("demo") + 1]
            code, said = (0, "{}") if "--generate-only" in command else ends[Path(folder).name]
        return subprocess.CompletedProcess(command, code, said, "a gate stopped it")

    monkeypatch.setattr(chain.subprocess, "run", run)
    monkeypatch.setattr(MeasureStore, "runs", lambda _: [_Measures])
    monkeypatch.setattr(bench, "compare_with_bare_splink", lambda *_: Bare(5, 4, 3, {"all": 1.0}, 1))
    monkeypatch.setattr(bench.shutil, "rmtree", lambda *_, **__: None)
    return ends


def _bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> int:
    monkeypatch.setattr("sys.argv", ["bench", "--customers", "10", "1200", "--work", str(tmp_path)])
    return bench.main()


def test_good_chains(
    commands: dict[str, tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """0 when all checks of all sizes passed."""
    commands |= {"10": (0, _TOLD), "1200": (0, _TOLD)}
    assert _bench(monkeypatch, tmp_path) == 0
    assert "findings" not in capsys.readouterr().out


def test_findings_are_told(
    commands: dict[str, tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """1 when a chain ended with findings, and the summary names its size, with all figures there."""
    commands |= {"10": (0, _TOLD), "1200": (1, _TOLD)}
    assert _bench(monkeypatch, tmp_path) == 1
    summary = capsys.readouterr().out.partition("## Summary")[2]
    assert "findings (exit code 1), by customers: 1,200\n" in summary
    assert "| 10 |" in summary


def test_a_stopped_chain_ends_the_bench(
    commands: dict[str, tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A chain that a gate stopped has no figures: the bench ends with its message."""
    commands |= {"10": (1, ""), "1200": (0, _TOLD)}
    with pytest.raises(SystemExit, match="a gate stopped it"):
        _bench(monkeypatch, tmp_path)


@pytest.mark.parametrize("population", POPULATIONS, ids=lambda population: str(population.name))
def test_training_rules(population: Population) -> None:
    """Bare Splink is trained under two or three sets of columns, and every comparison is taught by one at least."""
    rules = training_rules(population, population.prepared)
    assert 2 <= len(rules) <= 3
    assert set().union(*rules) <= set(population.prepared)
    for comparison in population.comparisons:
        assert any(not set(comparison.columns) & set(columns) for columns in rules)


def test_training_rules_of_few_columns() -> None:
    """Where a project has little, bare Splink is trained under what there is."""
    assert training_rules(PEOPLE, ("full_name", "emails")) == [("full_name",)]
    assert training_rules(PEOPLE, ("emails",)) == []
