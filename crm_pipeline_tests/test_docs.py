"""What the documentation says is what happens."""

from __future__ import annotations

import math
import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crm_pipeline.cli.app import app
from crm_pipeline.cli.waterfall import waterfall_lines
from crm_pipeline.linkage.explaining.waterfall import Part, Step, Waterfall
from crm_pipeline.linkage.model import PEOPLE, POPULATIONS
from crm_pipeline_tests import projects

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ANALYST = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "data-engineer.md").read_text(encoding="utf-8")
LINKING = (ROOT / "docs" / "linking.md").read_text(encoding="utf-8")
_SNAPSHOT = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_STAYS_OPEN = "crm-pipeline ui"
_BUILDS_ON = ("demo big", "big/truth.csv", "examples/")  # lines that build on each other and take a minute


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands(text: str) -> list[str]:
    """The command lines of ours in all shell blocks, in order."""
    lines = [line for block in blocks(text, "bash") for line in block.splitlines()]
    return [line for line in lines if line.startswith("crm-pipeline")]


def _is_long(line: str) -> bool:
    return any(part in line for part in _BUILDS_ON)


def normal(line: str, folder: Path) -> str:
    """A line of output without what differs from run to run."""
    return _SNAPSHOT.sub("SNAPSHOT", line.replace(str(folder), "demo")).rstrip()


def test_readme_output(demo: projects.Finished) -> None:
    """The output of `make demo` in the README is the output, line by line, where no … says that some are left out."""
    [block] = blocks(README, "console")
    [shown] = [part.strip("\n") for part in re.split(r"^…$", block, flags=re.MULTILINE) if "$" not in part]
    expected = [normal(line, demo.folder) for line in shown.splitlines()]
    printed = [normal(line, demo.folder) for line in demo.stdout.splitlines()]
    start = printed.index(expected[0])
    assert printed[start : start + len(expected)] == expected
    assert len(expected) > 20


_SHORT = [line for line in commands(README) if line != _STAYS_OPEN and not _is_long(line)]


@pytest.mark.parametrize("line", [*_SHORT, *(line for line in commands(ANALYST) if line not in _SHORT)])
def test_readme_command(line: str, demo: projects.Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of README and analysts' guide does what it says on the demo, or on what the line before made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRM_PIPELINE_PROJECT", str(demo.folder))
    if "check --project my_crm" in line:
        CliRunner().invoke(app, ["init", "my_crm"])
        (tmp_path / "my_crm/extracts/crm").mkdir()
        delivered = "cust_id,客户名称,类型,手机,电话,邮箱\n1,王小明,个人,13800138010,,w@example.com\n"
        (tmp_path / "my_crm/extracts/crm/customers_2026-01-05.csv").write_text(delivered, encoding="utf-8")
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_readme_long_commands(tmp_path: Path) -> None:
    """The commands of the README that make and judge larger projects do so, one after the other."""
    ignored = shutil.ignore_patterns("state", "var", "published", "reports", "backup")
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=ignored)
    lines = [line for line in commands(README) if _is_long(line)]
    assert len(lines) == 4
    for line in lines:
        result = projects.crm_pipeline(*shlex.split(line)[1:], cwd=tmp_path)
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize("line", sorted(set(commands(GUIDE))))
def test_guide_command(line: str) -> None:
    """Each command of the guide exists with the options it is shown with."""
    result = CliRunner().invoke(app, [*shlex.split(line)[1:], "--help"])
    assert result.exit_code == 0, result.output


def test_guide_configuration(tmp_path: Path) -> None:
    """The configuration that the guide shows is accepted."""
    from crm_pipeline.settings import load_project

    example = next(block for block in blocks(GUIDE, "yaml") if block.startswith("sources:"))
    (tmp_path / "pipeline.yaml").write_text(f"version: 1\nstart_date: 2026-01-01\n{example}", encoding="utf-8")
    assert [name for _, name, _ in load_project(tmp_path).config.extracts] == ["customers", "orders"]


def test_tables_page(tmp_path: Path) -> None:
    """docs/tables.md is what the contracts say; `make docs` writes it anew."""
    made = runpy.run_path(str(ROOT / "docs" / "make_tables.py"))
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == made["page"](made["published_tables"]())


def test_linking_page_is_complete() -> None:
    """The page on linking names every comparison and every blocking rule, and no rule in its table that is none."""
    named = set(re.findall(r"`(\w+)`", LINKING))
    rules = {rule.name for population in POPULATIONS for rule in population.blocking_rules}
    comparisons = {comparison.name for population in POPULATIONS for comparison in population.comparisons}
    assert not (rules | comparisons) - named
    table = LINKING[LINKING.index("| rule | population |") :].split("\n\n", maxsplit=1)[0]
    told = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert set(re.findall(r"`(\w+)`", " ".join(told))) == rules


def test_linking_page_example() -> None:
    """The worked example is what the shipped shares give for 10,000 records with 0.2 pairs of each kind per record."""
    table = LINKING[LINKING.index("| | *W* | *R* |") :].split("\n\n", maxsplit=1)[0]
    levels = {(c.name, level.label): level for c in PEOPLE.comparisons for level in c.levels}
    strangers, related = math.log2(0.2 * 10_000 / (10_000 * 9_999 / 2)), 0.0
    expected = [(strangers, related)]
    for name, label in re.findall(r"`(\w+)`: ([\w ]+?) \|", table):
        level = levels[name, label]
        expected.append((math.log2(level.m / level.u), math.log2(level.m / level.related)))
    expected.append((sum(row[0] for row in expected), sum(row[1] for row in expected)))
    assert re.findall(r"\| (-?\d+\.\d) \| (-?\d+\.\d) \|", table) == [(f"{w:.1f}", f"{r:.1f}") for w, r in expected]
    weight = -math.log2(2 ** -expected[-1][0] + 2 ** -expected[-1][1])
    assert f"the weight is {weight:.1f}" in LINKING


def test_linking_page_waterfall() -> None:
    """The waterfall of the worked example is what `explain` prints of it."""
    [shown] = [block for block in blocks(LINKING, "text") if "match weight" in block]
    table = LINKING[LINKING.index("| | *W* | *R* |") :].split("\n\n", maxsplit=1)[0]
    levels = {(c.name, level.label): level for c in PEOPLE.comparisons for level in c.levels}
    steps = [Step(Part.PRIOR, math.log2(0.2 * 10_000 / (10_000 * 9_999 / 2)))]
    for name, label in re.findall(r"`(\w+)`: ([\w ]+?) \|", table):
        level = levels[name, label]
        steps.append(
            Step(Part.COMPARISON, math.log2(level.m / level.u), math.log2(level.m / level.related), name, label)
        )
    strangers, related = (sum(getattr(step, odds) for step in steps) for odds in ("bits", "related_bits"))
    weight = -math.log2(2**-strangers + 2**-related)
    steps.append(Step(Part.RELATED, weight - strangers))
    told = Waterfall("a", "b", "people", ("phone",), tuple(steps), (), strangers, related, weight)
    assert shown.splitlines() == waterfall_lines(told, 80)


def test_links() -> None:
    """Every relative link of README and docs leads to a file."""
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
