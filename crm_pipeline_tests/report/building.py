"""Figures as a large project has them, and a small warehouse written by hand with its figures counted by hand."""

# ruff: noqa: DTZ001 - times are UTC without a zone

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations

from crm_pipeline.linkage.model import POPULATIONS, Population
from crm_pipeline.report.figures import (
    Attached,
    Change,
    Check,
    ClusterSize,
    ColumnFill,
    Compared,
    ComparedColumn,
    Delivery,
    Disagreement,
    Fall,
    FallStep,
    Figures,
    Held,
    Links,
    ModelStory,
    ModelVersion,
    Overlap,
    PopulationWorth,
    Rejection,
    Relation,
    Shift,
    SideRevenue,
    Sides,
    Source,
    Systems,
    Usual,
    WeightBin,
    Worth,
)
from crm_pipeline.report.figures.model import VERDICTS
from crm_pipeline.state.measures import Outcome, RunMeasures, StepMeasure, SystemPair
from crm_pipeline.tables import CUSTOMER_COLUMNS

DAY = date(2026, 3, 31)
_STEPS = (
    ("landing.crm_customers", 0.42),
    ("landing.shop_accounts", 1.61),
    ("landing.erp_orders", 3.97),
    ("std.customers", 21.3),
    ("std.orders", 18.8),
    ("std.tickets", 6.1),
    ("link.pairs", 96.4),
    ("link.clusters", 4.2),
    ("gold.customer_ids", 3.9),
    ("gold.customers", 31.7),
    ("gold.customer_history", 12.3),
    ("gold.orders", 9.8),
    ("mart.customer_value", 2.5),
    ("mart.sales_monthly", 1.4),
    ("mart.orphans", 0.1),
    ("publish.duckdb", 14.9),
    ("publish.quarantine", 0.4),
)
_SYSTEMS = (
    ("crm", 812_408, 318, 655_120, 60_110),
    ("shop", 701_990, 12_044, 690_220, 241_730),
    ("erp", 488_112, 96, 470_518, 22_804),
    ("support", 301_442, 1_204, 288_017, 9_115),
    ("market营销", 190_337, 3_302, 187_004, 70_916),
    ("finance", 118_870, 0, 118_411, 1_020),
)


def measures(number: int = 0, outcome: Outcome = Outcome.PUBLISHED, *, customers: int = 1_840_212) -> RunMeasures:
    """A run of the night `number`."""
    steps = tuple(
        StepMeasure(name, round(seconds * (1 + number % 4 / 12), 2), 420_000_000 + int(seconds * 31e6))
        for name, seconds in _STEPS
    )
    counts = {"customers": customers, "customer_records": 2_613_159, "delivered": 9_412, "loaded": 9_001}
    counts |= {"unchanged": 0, "quarantined": 300 + number * 13 % 97, "duplicate": 111, "erased": 0}
    counts |= {"known_records": 2_610_000 + number, "kept_records": 2_609_400 - number * 71 % 400} if number else {}
    counts |= {"resolving_records": 2_609_980 - number * 7 % 31, "ids_merged": 180 + number * 31 % 90} if number else {}
    counts |= {"ids_split": number % 5, "ids_moved": number % 3, "ids_created": 1_702} if number else {}
    counts |= {"ids_retired": 31, "ids_revived": 2, "ids_erased": number % 2} if number else {}
    counts |= {} if number else {"known_records": 0, "ids_created": 1_840_212}
    started = datetime(2026, 3, 1, 1) + timedelta(days=number)
    run_id = f"5f0c9d1e-77aa-4c1b-9e0e-{number:012}"
    return RunMeasures(run_id, started, sum(step.seconds for step in steps), outcome, steps, counts, _pairs(number))


def earlier_runs(count: int) -> tuple[RunMeasures, ...]:
    """Nights before, one in seven stopped and one in nine without news."""
    outcomes = [
        Outcome.STOPPED if n % 7 == 5 else Outcome.UNCHANGED if n % 9 == 4 else Outcome.PUBLISHED for n in range(count)
    ]
    return tuple(
        measures(n, outcome, customers=1_790_000 + 1_700 * n - n % 4 * 900) for n, outcome in enumerate(outcomes)
    )


def empty_figures(outcome: Outcome = Outcome.STOPPED) -> Figures:
    """A project before its first delivery."""
    run = RunMeasures("first", datetime(2026, 3, 1, 1), 0.2, outcome)
    nothing: tuple[()] = ()
    return Figures(
        "empty", run, nothing, nothing, nothing, nothing, {}, nothing, nothing, nothing, nothing, nothing,
        6.63, 0.58, nothing, {}, {}, nothing,
    )  # fmt: skip


def rich_figures(earlier: int = 29) -> Figures:
    """Six systems, people and organisations, matched by a model; `earlier` runs before."""
    names = [system[0] for system in _SYSTEMS]
    sources = tuple(Source(*system) for system in _SYSTEMS)
    return replace(
        empty_figures(),
        project_name="north-star",
        measures=measures(earlier),
        earlier=earlier_runs(earlier),
        deliveries=_deliveries(),
        sources=sources,
        overlaps=tuple(
            Overlap(one, other, 400_000 // (place + 1 + number))
            for number, one in enumerate(names)
            for place, other in enumerate(names[number + 1 :], number)
        ),
        by_source_count={1: 1_195_695, 2: 480_310, 3: 121_004, 4: 36_118, 5: 6_720, 6: 365},
        rejections=_rejections(),
        checks=_checks(),
        disagreements=_disagreements(),
        links=_links(),
        weights=_weights(),
        cluster_sizes=tuple(ClusterSize(n, round(1_320_000 / n**2.6)) for n in range(1, 31)),
        fills={"customers": _customer_fills(), "orders": _order_fills(), "tickets": _order_fills()[:3]},
        never_filled={"customers": ("tax_id", "website")},
        attached=(Attached("orders", 12_904_118, 4_012), Attached("tickets", 880_112, 0)),
        held=_held(),
        worth=_worth(),
        relations=_relations(),
        model=model_story(),
        usual=_usual(),
        systems=_systems(),
    )


def _deliveries() -> tuple[Delivery, ...]:
    rows = (
        ("crm", "contacts", "customers", 31, 812_726, 4_018, 808_390, 4, 314, 0),
        ("erp", "debtors", "customers", 31, 488_208, 900, 487_212, 96, 0, 0),
        ("finance", "payers", "customers", 3, 118_870, 118_870, 0, 0, 0, 0),
        ("market营销", "leads", "customers", 31, 193_639, 90_337, 100_000, 3_300, 0, 2),
        ("shop", "accounts", "customers", 31, 20_011, 7_967, 0, 9_033, 3_011, 0),
        ("support", "requesters", "customers", 31, 302_646, 1_442, 300_000, 1_204, 0, 0),
        ("erp", "orders", "orders", 31, 61_804, 61_790, 0, 14, 0, 0),
        ("support", "tickets", "tickets", 31, 4_410, 4_410, 0, 0, 0, 0),
    )
    return tuple(
        Delivery(
            *row[:3],
            DAY,
            *row[3:],
            deleted=n,
            nulled=n * 217 % 1_000,
            flagged=n * 31,
            held_back=sum(row[7:]),
            newest_on=DAY,
        )
        for n, row in enumerate(rows)
    )


def _rejections() -> tuple[Rejection, ...]:
    rules = (
        (
            "row",
            "customers.source_id_present",
            "source_id",
            4_511,
            ("shop.accounts", "support.requesters", "crm.contacts"),
        ),
        ("duplicate", "customers.primary_key_unique", "source_id", 12_309, ("shop.accounts", "crm.contacts")),
        ("value", "customers.phones_readable", "phones", 88_120, ("shop.accounts", "market营销.leads", "crm.contacts")),
        ("value", "customers.national_id_checksum", "national_id", 9_411, ("crm.contacts", "finance.payers")),
        ("value", "customers.birth_date_not_in_future", "birth_date", 804, ("crm.contacts",)),
        ("warning", "orders.due_not_before_ordered", "due_on", 2_004, ("erp.orders",)),
    )
    reason = "Each such value would tie records of different people together. Correct it in the source."
    return tuple(
        Rejection(rule.split(".")[0], rule, severity, column, reason, rows, rows // 9, _halved(rows, extracts))
        for severity, rule, column, rows, extracts in rules
    )


def _halved(rows: int, extracts: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((name, rows // 2 ** (n + 1)) for n, name in enumerate(extracts))


def _checks() -> tuple[Check, ...]:
    rules = [
        Check("std.customers", f"customers.rule_{n}_holds", "value", 2_613_159, n * 31, n != 7, "Why, and what to do.")
        for n in range(24)
    ]
    unique = Check(
        "gold.customers", "customers.customer_id_unique", "table", 1_840_212, 0, is_passed=True, notes="Once."
    )
    return (unique, *rules)


def _disagreements() -> tuple[Disagreement, ...]:
    pairs = (("crm", "shop"), ("crm", "erp"), ("erp", "finance"), ("shop", "support"), ("shop", "shop"))
    columns = ("address", "phone", "email", "city", "gender", "name")
    found = [
        Disagreement(column, *pair, 61_000 // (n + 2) // (m + 1), 80_000 // (n + 2) // (m + 1), 310_000 // (m + 1))
        for n, column in enumerate(columns)
        for m, pair in enumerate(pairs[: 5 - n % 3])
    ]
    return tuple(sorted(found, key=lambda each: -each.customers))


def _links() -> tuple[Links, ...]:
    return (
        Links("identifier", "link", "account_number", 603_118),
        Links("model", "link", "phone", 201_664),
        Links("model", "link", "email and family name", 98_401),
        Links("identifier", "link", "organisation_id", 61_200),
        Links("model", "review", "birth date and given name", 7_014),
        Links("identifier", "review", "national_id", 402),
        Links("decision", "link", "must link", 38),
    )


def _weights() -> tuple[WeightBin, ...]:
    heights = {low: round(26_000 * math.exp(-(((low - 19) / 7) ** 2))) + 40 for low in range(6, 44)}
    reviews = {low: 900 + 260 * abs(low - 4) for low in range(7)}
    return tuple(WeightBin(low, heights.get(low, 0), reviews.get(low, 0)) for low in range(44))


def _held() -> tuple[Held, ...]:
    shares = {"decision": 0.001, "identifier": 0.46, "strong": 0.31, "medium": 0.17, "weak": 0.06}
    return tuple(
        Held(n, {kind: round(900_000 / n**2.6 * share * (1 + n / 9)) for kind, share in shares.items()})
        for n in range(2, 31)
    )


def _worth() -> tuple[PopulationWorth, ...]:
    """The shipped shares of both models."""
    return tuple(
        PopulationWorth(
            population.name,
            tuple(
                Compared(
                    comparison.name,
                    tuple(Worth(x.label, math.log2(x.m / x.u), math.log2(x.m / x.related)) for x in comparison.levels),
                )
                for comparison in population.comparisons
            ),
        )
        for population in POPULATIONS
    )


def _pairs(number: int) -> tuple[SystemPair, ...]:
    names = sorted(system[0] for system in _SYSTEMS)
    return tuple(
        SystemPair(a, b, 500_000, 300_000, 90_000 + 900 * number + 7_000 * place, 1_000_000, 40_000 - 300 * number)
        for place, (a, b) in enumerate(combinations(names, 2))
    )


def _systems() -> Systems:
    names = sorted(system[0] for system in _SYSTEMS)
    pairs = list(combinations(names, 2))
    newer = [(900, 200), (200, 900), (0, 0)]
    return Systems(
        tuple(Sides(a, b, 400_000 - 9_000 * n, 100_000 * (n % 4), 20_000 * n) for n, (a, b) in enumerate(pairs)),
        tuple(
            ComparedColumn(column, a, b, 9_000 - 100 * n, 1_400 - 80 * n, *newer[n % 3])
            for n, (column, (a, b)) in enumerate(zip(("city", "phones", "status") * 5, pairs, strict=True))
        ),
        (
            SideRevenue("erp", "shop", "CNY", 120_331, 98_100, Decimal("8120331.50"), Decimal(7_000_100), 31_002, 40),
            SideRevenue("erp", "shop", None, 4, 0, Decimal(100), Decimal(0), 0, 0),
        ),
    )


def _relations() -> tuple[Relation, ...]:
    return (
        Relation("works_for", 212_904, 249_110, {"reference": 180_411, "name": 41_772}),
        Relation("household", 161_030, 290_113, {"address": 161_030}),
        Relation("contact_of", 9_120, 17_004, {"reference": 9_120}),
        Relation("branch_of", 4_410, 5_902, {"name": 4_410}),
        Relation("member_of", 1_204, 1_391, {"domain": 1_204}),
    )


def model_story(pending: str = "") -> ModelStory:
    """Versions for every reason there is, the newest with what it changes; perhaps one that is `pending` after it."""
    reasons = (
        "there was none",
        "there was none for organisations",
        "usable columns of people changed: gained birth_date, emails, lost none",
        "keys became too frequent: 3 of phone, 1 of postcode_and_a_name",
        "records are prepared and compared in another way",
        "retraining was asked for",
    )
    beside = (None, None, 801, 1_204, None, 512)
    versions = [
        ModelVersion(
            n,
            "in_use" if n == len(reasons) else "earlier",
            datetime(2025, 9 + n if n < 4 else n - 3, 1, 2, 15),
            reason,
            changed,
            changed and 61_300,
        )
        for n, (reason, changed) in enumerate(zip(reasons, beside, strict=True), 1)
    ]
    if pending:
        versions.append(ModelVersion(7, pending, datetime(2026, 3, 31, 3), reasons[-1], 512, 61_300))
    return ModelStory(
        tuple(reversed(versions)),
        (("people", 2_201_400, 17), ("organisations", 411_759, 12)),
        tuple(_change(place, population) for place, population in enumerate(POPULATIONS)),
        ("people.birth_date", "organisations.domains") if pending == "refused" else (),
        0.005 if pending == "waiting" else 0.05,
    )


def _change(place: int, population: Population) -> Change:
    verdicts = {old: {new: 31 * (a + 2 * b) if a != b else 20_000 * (a + 1) for b, new in enumerate(VERDICTS)}
                for a, old in enumerate(VERDICTS)}  # fmt: skip
    comparisons = tuple(
        (comparison.name, tuple(_shift(number, level.label, math.log2(level.m / level.u))
                                for number, level in enumerate(comparison.levels)))
        for comparison in population.comparisons
    )  # fmt: skip
    first, *others = comparisons
    changed = (first[0], (*first[1], Shift("similar", None, 3.1), Shift("nearly equal", 5.5, None)))
    kept = 31_000 if place else 30_300
    return Change(
        population.name, 50_000, kept, 256, verdicts, (-0.21, 0.34), (changed, *others) if place else comparisons
    )


def _shift(number: int, label: str, weight: float) -> Shift:
    return Shift(label, weight, weight + 1.7 * math.sin(number * 2 + weight))


def _usual() -> tuple[Usual, ...]:
    before = (0.712, 0.714, 0.713, 0.716, 0.715, 0.714, 0.717)
    return (
        Usual("match_rate", 0.781, before, 0.714, 0.664, 0.764, True, "match_rate"),
        Usual("match_rate.people", 0.733, before, 0.714, 0.664, 0.764),
        Usual("match_rate.organisations", 0.702, before, 0.714, 0.664, 0.764),
        Usual("customers_per_record", 0.704, before[:5], 0.713, 0.663, 0.763),
        Usual("edges_per_record", 1.104, (1.09, 1.11, 1.1), 1.1, 0.733, 1.65),
        Usual("largest_cluster", 21.0, (20.0, 20.0, 20.0), 20.0, None, 40.0),
        Usual("stability_index", 0.012, (), 0.0, None, 0.25),
    )


def fall(population: str = "people") -> Fall:
    """A waterfall with every kind of step."""
    steps = (
        FallStep("prior", "", "", -9.1),
        FallStep("comparison", "family_name", "equal", 5.3),
        FallStep("rarity", "family_name", "equal", -1.1),
        FallStep("comparison", "given_name", "different", -4.2),
        FallStep("comparison", "phones", "a mobile in common", 15.9),
        FallStep("comparison", "address", "the same street and number", 12.2),
        FallStep("comparison", "gender", "equal", 0.01),
        FallStep("namesakes", "", "", -1.6),
        FallStep("related", "", "", -11.5),
        FallStep("ceiling", "", "", -2.74),
    )
    silent = ("middle_name", "birth_date", "emails")
    return Fall("crm/customers/C04199577", "shop/customers/U06057027", population, steps, silent, 3.17, 0.9, 4.25, 0.58)


def _customer_fills() -> tuple[ColumnFill, ...]:
    rows, golden_rows = 2_613_159, 1_840_212
    return tuple(
        ColumnFill(
            column.name,
            rows,
            round(rows * (0.97 - n * 0.031)),
            round(rows * (0.95 - n * 0.0325)),
            round(golden_rows * min(1, 0.999 - n * 0.024)),
            golden_rows,
        )
        for n, column in enumerate(CUSTOMER_COLUMNS)
        if column.name not in {"tax_id", "website"}
    )


def _order_fills() -> tuple[ColumnFill, ...]:
    names = ("order_number", "product_code", "ordered_on", "quantity", "amount", "currency", "status")
    return tuple(
        ColumnFill(name, 12_904_118, 12_904_118 - n, 12_904_118 - n**6, None, 0) for n, name in enumerate(names)
    )
