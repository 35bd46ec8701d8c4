"""The page as text: valid, private, self-contained, in two languages."""

from __future__ import annotations

import html
import html.parser
import re
from dataclasses import replace

import pytest

from crm_pipeline import report
from crm_pipeline.report.figures import Attached, Check, ClusterSize, Figures, Source, Systems, Usual
from crm_pipeline.report.render import number, percent, plain, seconds, signed, size
from crm_pipeline.report.words import WORDS
from crm_pipeline.state.measures import Outcome
from crm_pipeline.tables import CUSTOMER_COLUMNS, ENTITIES
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.report import building
from crm_pipeline_tests.report.conftest import Collect
from crm_pipeline_tests.report.small_warehouse import SECRET, fill, random_rows
from crm_pipeline_tests.report.test_quality_page import pages as quality_pages

_VOID = {"meta", "br", "hr", "img", "input", "link", "wbr"}
_EMPTY = building.empty_figures()
_BROKEN = Check(
    "gold.customers", "customers.customer_id_unique", "table", 9, 3, is_passed=False, notes="Twice is wrong."
)


class Outline(html.parser.HTMLParser):
    """What a page consists of; fails at a tag that is not closed where it should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.references: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        given = dict(attrs)
        assert len(given) == len(attrs), f"an attribute twice in <{tag}>"
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.references += [
            w for n, v in attrs if n in {"aria-labelledby", "aria-describedby"} for w in (v or "").split()
        ]
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Called by the parser."""
        assert self.open.pop() == tag


def stopped(figures: Figures) -> Figures:
    run = building.measures(3, Outcome.STOPPED)
    return replace(figures, measures=run, checks=(_BROKEN, *figures.checks[1:]))


def unchanged(figures: Figures) -> Figures:
    before = building.measures(1, customers=figures.customers)
    return replace(figures, earlier=(before,), measures=building.measures(2, Outcome.UNCHANGED))


_RICH = building.rich_figures()
_UNJUDGED = tuple(Usual(each.figure, each.found, each.before[:1]) for each in _RICH.usual)
_FIRST_MODEL = replace(
    building.model_story(),
    versions=(replace(building.model_story().versions[-1], standing="in_use"),),
    changes=(),
)
PAGES = {
    "empty": _EMPTY,
    "rich": building.rich_figures(),
    "one run": building.rich_figures(0),
    "sixty runs": building.rich_figures(60),
    "stopped": stopped(building.rich_figures()),
    "stopped early": replace(stopped(building.rich_figures()), is_golden_current=False),
    "unchanged": unchanged(building.rich_figures(2)),
    "waiting": replace(building.rich_figures(3), model=building.model_story("waiting")),
    "refused": replace(building.rich_figures(3), model=building.model_story("refused")),
    "accepted": replace(building.rich_figures(3), model=building.model_story("accepted"), usual=_UNJUDGED),
    "first model": replace(building.rich_figures(1), model=_FIRST_MODEL, usual=()),
    "no customers": replace(building.rich_figures(2), cluster_sizes=(), disagreements=(), links=(), weights=()),
}
pages = pytest.mark.parametrize("figures", PAGES.values(), ids=PAGES.keys())


@pages
def test_valid(figures: Figures) -> None:
    """Tags are balanced, ids unique, references lead somewhere, headings leave no level out."""
    outline = Outline(report.render(figures))
    assert len(outline.ids) == len(set(outline.ids))
    assert {*outline.references} <= {*outline.ids}
    anchors = {address[1:] for address in outline.addresses}
    assert anchors <= {*outline.ids}
    assert outline.headings.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in zip(outline.headings, outline.headings[1:], strict=False))


@pages
def test_asks_nothing_of_the_network(figures: Figures) -> None:
    """No address leaves the page: neither in attributes nor in the style nor in the script."""
    page = report.render(figures)
    assert all(address.startswith("#") for address in Outline(page).addresses)
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\((?!#)|fetch\(|XMLHttpRequest|sendBeacon", page)
    assert len(page.encode()) < 300_000


def test_no_personal_value(warehouse: Warehouse, collect: Collect) -> None:
    """Though every personal column of every table holds it, the secret is nowhere in the page."""
    fill(warehouse, random_rows(2))
    assert any(column.personal != "none" for column in CUSTOMER_COLUMNS)
    page = report.render(collect(warehouse))
    assert SECRET not in page
    assert "Correct it." in page


def test_hostile_names(warehouse: Warehouse, collect: Collect) -> None:
    """A source named like markup is shown as its name."""
    fill(warehouse, random_rows(3))
    page = report.render(collect(warehouse))
    assert "支持<b>" not in page
    assert "支持&lt;b&gt;&#34;x&#34;&amp;&#39;y&#39;" in page
    Outline(page)


def test_hostile_project_and_notes() -> None:
    """Neither a project's name nor a rule's notes become markup, braces included."""
    check = replace(_BROKEN, notes="</style><script>{x}%s")
    page = report.render(replace(stopped(PAGES["rich"]), project_name="<i>{0}", checks=(check,)))
    assert "<i>{0}" not in page
    assert "&lt;i&gt;{0}" in page
    assert "&lt;/style&gt;&lt;script&gt;{x}%s" in page


def test_says_that_nothing_was_published() -> None:
    """A stopped run says so first, with the rule that stopped it and how many rows broke it."""
    page = report.render(stopped(PAGES["rich"]))
    assert page.index("Nothing was published") < page.index("From systems to customers")
    assert page.index("customers.customer_id_unique") < page.index("From systems to customers")
    assert "3 of 9 rows" in page
    assert "本次未发布任何数据" in page


def test_hero() -> None:
    """The first line is the result, in both languages."""
    page = re.sub(r"<[^>]+>", "", report.render(PAGES["rich"])).replace("&nbsp;", " ")
    figures = PAGES["rich"]
    assert f"{figures.records_in:,} records are {figures.customers:,} customers" in page
    assert f"{figures.records_in:,} 条记录，归并为 {figures.customers:,} 位客户" in page


def test_records_are_not_divided_by_customers_of_an_earlier_run() -> None:
    """A run that did not come to the golden customers never sets its records against them, and says so."""
    figures = PAGES["stopped early"]
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", report.render(figures)).replace("&nbsp;", " "))
    ratio = f"{figures.records / figures.customers:.2f}"
    for absent in (
        f"{figures.records_in:,} records are",
        "归并为",
        "On average",
        "平均每位客户对应",
        "From systems to customers",
        ratio,
    ):
        assert absent not in page
    assert f"{figures.records_in:,} records, and not yet the customers" in page
    assert f"{figures.records_in:,} 条记录，尚未得出对应的客户" in page
    assert page.count(plain("older", "en")) == page.count(plain("older", "zh")) == 5
    assert plain("tile.older", "en") in page
    assert "since the run before" not in page
    assert plain("older", "en") not in report.render(PAGES["stopped"])


def test_change_since_a_run_that_was_not_stopped() -> None:
    """The tile tells the change since the last run that ended, and only a first run is called one."""
    *_, ended, halted = building.earlier_runs(6)
    assert ended.outcome != halted.outcome == Outcome.STOPPED
    rich = PAGES["rich"]
    change = signed(rich.customers - ended.counts["customers"])
    assert f"{change} since the run before" in report.render(replace(rich, earlier=(ended, halted)))
    after_stopped_alone = report.render(replace(rich, earlier=(halted,)))
    assert plain("tile.first_run", "en") not in after_stopped_alone
    assert "since the run before" not in after_stopped_alone


def test_words_are_complete() -> None:
    """Each text is there in both languages with the same values; Chinese is Chinese; a singular has its plural."""
    for key, words in WORDS.items():
        places = [sorted(set(re.findall(r"{(\w+)}", text))) for text in words]
        assert key.endswith(".one") or places[0] == places[1], key
        assert all(text.strip() for text in words), key
        assert re.search("[一-鿿]", words.zh) or not re.search("[a-z]", re.sub(r"{\w+}", "", words.zh)), key
        assert not re.search("[一-鿿]", words.en), key
        assert not key.endswith(".one") or key.removesuffix(".one") in WORDS, key


def test_counts_of_one_are_singular() -> None:
    """Each English text that counts things has its singular, and shows it where there is one."""
    for key, words in WORDS.items():
        is_counted = re.search(r"{n} (?!in the|from|with)(\w+ )?\w+s\b", words.en)
        if is_counted and key != "trend.lead":  # runs are two or more
            assert f"{key}.one" in WORDS, key
    assert plain("attached.orphans", "en", n=1) == "1 orphan"


def test_words_are_used() -> None:
    """Every text appears in some page, in both languages."""
    odd = replace(PAGES["rich"], deliveries=(replace(PAGES["rich"].deliveries[0], delivered=1),))
    many = replace(odd, rejections=PAGES["rich"].rejections * 11, disagreements=PAGES["rich"].disagreements * 9)
    agreeing = replace(odd, disagreements=(), rejections=(), checks=PAGES["rich"].checks[:2], weights=())
    unknown = replace(stopped(many), checks=())
    single = replace(
        PAGES["no customers"], sources=(Source("crm", 1, 0, 1, 1),), cluster_sizes=(ClusterSize(1, 1),), deliveries=()
    )
    agreeing = replace(agreeing, systems=Systems(sides=PAGES["rich"].systems.sides))
    versions = replace(building.model_story(), versions=building.model_story().versions * 2)
    odd = replace(odd, model=versions)
    others = replace(PAGES["rich"], attached=tuple(Attached(entity, 2, 2) for entity in ENTITIES))
    shown = "".join(
        report.render(figures) for figures in (*PAGES.values(), many, agreeing, unknown, single, others, odd)
    )
    shown += "".join(report.render_waterfall(building.fall(population)) for population in ("people", "organisations"))
    shown += "".join(quality_pages()) + report.render(replace(PAGES["rich"], quality_page="quality.html"))
    shown = html.unescape(shown)
    unseen = [
        (key, piece)
        for key, words in WORDS.items()
        for text in words
        for piece in re.split(r"{\w+}", html.unescape(text))
        if piece not in shown and not key.endswith(".one")
    ]
    assert unseen == []


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 0, "–"), (0, 9, "0%"), (9, 9, "100%"), (1, 10**6, "<0.1%"), (10**6 - 1, 10**6, ">99.9%"), (1, 3, "33.3%")],
)
def test_percent(part: int, whole: int, expected: str) -> None:
    """Nothing and everything are said only where they are exactly that."""
    assert percent(part, whole) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.416, "0.42 s"), (26.44, "26.4 s"), (124.6, "2 min 05 s"), (3_725, "1 h 02 min")]
)
def test_seconds(value: float, expected: str) -> None:
    """Times have the unit that a reader needs."""
    assert seconds(value) == expected


def test_numbers() -> None:
    """Counts have separators, changes a sign, sizes their unit; one is singular."""
    assert number(1234567) == "1,234,567"
    assert [signed(value) for value in (5_000, -5, 0)] == ["+5,000", "−5", "0"]
    assert [size(value) for value in (460e6, 1.24e9)] == ["460 MB", "1.2 GB"]
    assert plain("flow.held_back", "en", n=1) == "1 row held back"
    assert plain("flow.held_back", "en", n=2) == "2 rows held back"
