"""The page in Chinese: no English is left in it but names."""

from __future__ import annotations

import html.parser
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline import quality, report, standardise
from crm_pipeline.bundled import bundled
from crm_pipeline.report.figures import Attached, Check, Figures, Overlap, Rejection, Source, Systems
from crm_pipeline.settings import Project, load_project
from crm_pipeline.steps.applying.rejections import DUPLICATE
from crm_pipeline.steps.models import project_models
from crm_pipeline.steps.publishing import guards, link_guards
from crm_pipeline.steps.starting.project import create_project
from crm_pipeline.steps.telling.wording import chinese
from crm_pipeline.tables import ENTITIES
from crm_pipeline.warehouse.models import Models
from crm_pipeline_tests.report.test_page import PAGES, stopped

_EXPECTATIONS = bundled("expectations")
_RULES = [
    (table, rule)
    for table in quality.suite_tables(_EXPECTATIONS)
    for rule in quality.load_suite(table, _EXPECTATIONS).rules
]
_VOID = {"meta", "br", "hr", "img", "input", "link", "wbr"}
# Units, formats, a model's name, the button's word; in what rules say a file, keys of it, the first letter of ids.
_WORDS = "UTC|MB|GB|min|s|ISO|alpha-2|SQL|Fellegi–Sunter|English|pipeline.yaml|values|primary_key|most_recent|kind|C"
_WORDS += "|crm-pipeline linkage list|crm-pipeline linkage accept"
_NAMES = {"en", "code", "style", "script", "brand"}  # elements and classes of what is shown as it is, or not at all


class Shown(html.parser.HTMLParser):
    """The texts of a page that a Chinese reader sees, titles included, names apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._is_left_out: list[bool] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        given = {name: value or "" for name, value in attrs}
        if "name" not in given.get("class", ""):
            self.texts.append(given.get("data-zh", given.get("title", "")))
        if tag not in _VOID:  # the Chinese of a title is its attribute
            self._is_left_out.append("data-zh" in given or bool(_NAMES & {tag, *given.get("class", "").split()}))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""

    def handle_endtag(self, tag: str) -> None:
        """Called by the parser."""
        if tag not in _VOID:
            self._is_left_out.pop()

    def handle_data(self, data: str) -> None:
        """Called by the parser."""
        if not any(self._is_left_out) and data.strip():
            self.texts.append(data.strip())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The demo as it is shipped."""
    folder = tmp_path_factory.mktemp("project") / "demo"
    create_project(folder, "demo")
    return load_project(folder)


@pytest.fixture(scope="module")
def models(project: Project) -> Models:
    """Its SQL models."""
    return project_models(project)


@pytest.fixture(scope="module")
def allowed(models: Models) -> re.Pattern[str]:
    """What may be in Latin letters: the words above, tables and steps, columns of models, values in quotes."""
    columns = {column.name for model in models for column in model.columns}
    names = "|".join(re.escape(word) for word in [*_WORDS.split("|"), *columns])
    return re.compile(rf"'\w+'|\b[a-z]+\.[a-z]\w+|(?<![\w.])({names})(?![\w.])", re.ASCII)


def _parts(figures: Figures) -> tuple[tuple[Any, ...], ...]:
    return figures.systems.sides[:1], figures.systems.columns, figures.systems.revenues


def with_all_rules(figures: Figures, project: Project, models: Models) -> Figures:
    """`figures` with Chinese names, and with each shipped rule, SQL test and cleaner having something to say."""
    tests = [(model.qualified, test) for model in models for test in model.tests]
    checks = [
        Check(table, rule.rule_id, rule.severity, 9, 9, is_passed=False, notes=rule.notes) for table, rule in _RULES
    ]
    checks += [
        Check(table, test.test_id, "table", 9, 9, is_passed=False, notes=test.description) for table, test in tests
    ]
    claims = [*guards.claims_zh(project.config.linkage.largest_cluster), *link_guards.claims_zh()]
    checks += [Check("link.clusters", "r", "table", 9, 9, is_passed=False, notes=claim) for claim in claims]
    reasons = {rule.notes: rule.severity.value for _, rule in _RULES if rule.severity != "table"}
    reasons |= dict.fromkeys(standardise.reasons_zh(), "value") | {DUPLICATE: "duplicate"}
    return replace(
        figures,
        project_name="北极星",
        measures=replace(figures.measures, run_id="20260331"),
        sources=tuple(Source(name, 9, 2, 5, 1) for name in ("客服", "商城")) if figures.sources else (),
        overlaps=(Overlap("客服", "商城", 3),),
        deliveries=tuple(replace(each, source="客服", extract="导出") for each in figures.deliveries),
        rejections=tuple(
            Rejection("", "r", severity, "", text, 3, 1, (("客服", 3),)) for text, severity in reasons.items()
        ),
        checks=tuple(checks),
        disagreements=tuple(replace(each, first="客服", second="商城") for each in figures.disagreements),
        systems=Systems(
            *(tuple(replace(each, first="客服", second="商城") for each in part) for part in _parts(figures))
        ),
        attached=tuple(Attached(entity, 9, number % 2) for number, entity in enumerate(ENTITIES)),
        fills={entity: figures.fills.get("customers", ()) for entity in ENTITIES},
        never_filled={},
        chinese=chinese(project, models),
    )


def test_every_shipped_rule_says_why_in_both_languages() -> None:
    """Each rule of each shipped suite has notes, and the same in Chinese, which no two different notes share."""
    for _, rule in _RULES:
        assert re.search("[a-z]{3}", rule.notes), rule.rule_id
        assert len(re.findall("[一-鿿]", rule.notes_zh)) > 8, rule.rule_id
    pairs = {(rule.notes, rule.notes_zh) for _, rule in _RULES}
    assert len({notes for notes, _ in pairs}) == len({notes for _, notes in pairs}) == len(pairs)


def test_every_shipped_sql_test_says_its_claim_in_both_languages(models: Models) -> None:
    """Each assert and each described test of each shipped model has a claim in Chinese."""
    tests = [test for model in models for test in model.tests]
    assert len(tests) > 100
    assert [test.test_id for test in tests if not re.search("[一-鿿]{2}", test.description_zh)] == []


@pytest.mark.parametrize("name", PAGES)
def test_no_english_is_left(name: str, project: Project, models: Models, allowed: re.Pattern[str]) -> None:
    """Whatever happened, the Chinese page has no Latin word in it but names, units and formats."""
    page = report.render(with_all_rules(PAGES[name], project, models))
    left = {text for text in Shown(page).texts if re.search("[A-Za-z]", allowed.sub("", text))}
    assert left == set()


def test_what_stands_only_in_english_is_shown() -> None:
    """Notes of a project's own rule without `notes_zh` are in the Chinese page as they are."""
    [check, *_] = stopped(PAGES["rich"]).checks
    figures = replace(
        stopped(PAGES["rich"]), checks=(replace(check, notes="Own rule."), replace(check, notes="自有规则。"))
    )
    shown = Shown(report.render(figures)).texts
    assert {"Own rule.", "自有规则。"} <= {*shown}


def test_own_notes_in_chinese(tmp_path: Path, project: Project, models: Models) -> None:
    """A project's own rule may bring `notes_zh`; it changes no verdict, so nothing is judged anew."""
    text = (_EXPECTATIONS / "std.products.json").read_text(encoding="utf-8")
    rules = quality.load_suite("std.products", _EXPECTATIONS).rules
    (tmp_path / "std.products.json").write_text(text.replace(rules[0].notes_zh, "另一种说法。"), encoding="utf-8")
    own = quality.load_suite("std.products", _EXPECTATIONS, tmp_path)
    assert own.rules[0].notes_zh == "另一种说法。"
    assert own.sha256 == quality.load_suite("std.products", _EXPECTATIONS).sha256
    assert quality.notes_zh(_EXPECTATIONS, tmp_path)[rules[0].notes] == "另一种说法。"
