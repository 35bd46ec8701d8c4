"""Watching a run's deliveries: rules and owners told to SQL, deliveries profiled, anomalies found and recorded.

Belongs here: the order of these, and the tables `ops.extracts`, `ops.rules`, `ops.profiles`, `ops.anomalies`. Does not
belong here: the figures (`figures`), their bands (`quality.anomalies`), the SQL of profiles (`profiling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, timedelta

import polars as pl

from crm_pipeline import quality
from crm_pipeline.quality.anomalies import SERIES, judge_figures
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.acceptances import AcceptanceStore, AnomalyAcceptance
from crm_pipeline.state.profiles import ProfileStore, latest
from crm_pipeline.steps.checks import record_watched
from crm_pipeline.steps.days import business_today
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.steps.watching.figures import figures_of
from crm_pipeline.steps.watching.profiling import profile_deliveries
from crm_pipeline.tables import ANOMALIES, ENTITIES, EXTRACTS, LOADS, PROFILES, RULES, std

# A project whose newest delivery is older stands still or is history: nothing of it is awaited.
_LIVE = timedelta(days=31)
_WATCHED: dict[str, tuple[tuple[str, ...], str, str]] = {
    "volume": (
        ("volume",),
        "A delivery has about as many rows as those before it. Fewer, and part of it may be missing; more, and it may "
        "hold rows twice. Look at the file and ask its supplier; if this is how it is from now on, accept it with "
        "crm-pipeline quality accept.",
        "交付的行数应与以往相近。偏少可能缺失数据，偏多可能重复。请查看文件并询问供数方；如今后均如此，请用 "
        "crm-pipeline quality accept 接受。",
    ),
    "freshness": (
        ("days_since_delivery", "days_since_change"),
        "A delivery comes as often as it did, and its newest record is as fresh as it was. Else customers are shown as "
        "they were days ago. Ask the supplier why nothing came, or why the same came again.",
        "交付应按以往频率到达，且最新记录应与以往一样新。否则展示的是几天前的客户。"
        "请询问供数方为何没有交付，或为何重复交付旧数据。",
    ),
    "schema": (
        ("schema",),
        "A delivery has the columns of the one before it. A column that is gone is empty in new records. See which "
        "columns changed, in ops.loads or the import report, and correct the mapping or ask the supplier.",
        "交付的列应与上一次相同。消失的列在新记录中均为空。"
        "请在 ops.loads 或导入报告中查看变化的列，并修正映射或询问供数方。",
    ),
    "nulls": (
        ("null_share",),
        "A column is about as full as it was. Emptier at once, it was renamed, moved or cut off at the source: look "
        "at the delivered column, correct the mapping, or accept it.",
        "各列的填充程度应与以往相近。突然变空多因来源改名、移位或截断；请查看交付的列并修正映射，或接受变化。",
    ),
    "distinct": (
        ("distinct_share",),
        "A column has about as many different values as it had. Fewer, and a default may have taken their place; more, "
        "and a code may have become free text. Look at the delivered column, or accept it.",
        "各列的不同取值数量应与以往相近。偏少可能被默认值取代，偏多可能由编码变成自由文本。请查看交付的列，或接受变化。",
    ),
    "distribution": (
        ("median", "shares"),
        "Values lie where they used to: the median of numbers, ages and lengths, and the shares of the words of an "
        "enumeration. Else a unit, a currency or a code may mean something else now. Look at the source, or accept it.",
        "取值分布应与以往相近：数值、时距、长度的中位数，以及枚举值的占比。否则可能是单位、币种或编码的含义变了。请核对来源，或接受变化。",
    ),
}


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of watching.

    Attributes:
        anomalies: rows of `ops.anomalies`.
        checks: rows of `ops.check_results`, one for each extract and kind of figure.
    """

    anomalies: pl.DataFrame
    checks: pl.DataFrame


def kinds() -> dict[str, str]:
    """What is watched of every extract, to why and what to do."""
    return {kind: notes for kind, (_, notes, _) in _WATCHED.items()}


def claims_zh() -> dict[str, str]:
    """Each of these texts to the same in Chinese."""
    return {notes: zh for _, notes, zh in _WATCHED.values()}


def check_id(source: str, extract: str, kind: str) -> str:
    """The name of the check on one kind of figure of an extract."""
    return f"{source}.{extract}.{kind}"


def profiles_of(project: Project) -> ProfileStore:
    """The store of profiles."""
    return ProfileStore(project.state / "history" / "profiles")


def acceptances_of(project: Project) -> AcceptanceStore[AnomalyAcceptance]:
    """The store of anomalies that a person accepted."""
    return AcceptanceStore(project.state / "decisions" / "anomalies", AnomalyAcceptance)


def watch(run: Run) -> Watched:
    """The anomalies of the newest deliveries, recorded beside the checks; never a reason to stop."""
    for table in (LOADS, EXTRACTS, RULES, PROFILES, ANOMALIES):
        run.warehouse.ensure(table)
    run.warehouse.replace(EXTRACTS, _extracts(run.project))
    run.warehouse.replace(RULES, _rules(run.project))
    store = profiles_of(run.project)
    profiles = store.profiles()
    found = profile_deliveries(run, profiles)
    if found.height:
        kept = store.keep(found, run_id=run.run_id, now=run.started_at)
        profiles = latest(pl.concat([profiles, kept]))
    applied = run.warehouse.frame(f"SELECT DISTINCT source, extract, business_date, sequence FROM {LOADS.qualified}")
    profiles = profiles.join(applied, on=list(PROFILES.key[:-1]), how="semi")
    run.warehouse.replace(PROFILES, profiles)
    judged = judge_figures(_figures(run, profiles), _accepted(run.project))
    anomalies = judged.filter("is_anomaly").select(ANOMALIES.column_names)
    run.warehouse.replace(ANOMALIES, anomalies)
    return Watched(anomalies, record_watched(run, _verdicts(run.project, judged)))


def _extracts(project: Project) -> pl.DataFrame:
    """Rows of `ops.extracts`."""
    config = project.config
    rows = [
        (each.source, each.name, each.extract.entity, owner, each.extract.load)
        for each in config.applied_extracts
        for owner in [each.extract.owner or config.sources[each.source].owner]
    ]
    return pl.DataFrame(rows, schema=EXTRACTS.polars_schema, orient="row")


def _rules(project: Project) -> pl.DataFrame:
    """Rows of `ops.rules`: those of std, which judge what was delivered."""
    suites = [suite_of(project, std(entity, project.config.extras(entity))) for entity in ENTITIES]
    rows = [
        (suite.table, rule.rule_id, rule.column or None, rule.severity.value, quality.dimension_of(rule).value)
        for suite in suites
        for rule in suite.rules
    ]
    return pl.DataFrame(rows, schema=RULES.polars_schema, orient="row")


def _figures(run: Run, profiles: pl.DataFrame) -> pl.DataFrame:
    names = [f"{each.source}.{each.name}" for each in run.project.config.applied_extracts]
    sql = f"SELECT * FROM {LOADS.qualified} WHERE list_contains(?, source || '.' || extract)"
    loads = run.warehouse.frame(sql, [names])
    return figures_of(loads, profiles, _today(run, loads))


def _today(run: Run, loads: pl.DataFrame) -> date:
    """The day to which waiting counts: the run's, or the newest business date of any extract where that is long ago."""
    today = business_today(run.project, run.started_at.replace(tzinfo=UTC))
    newest = loads["business_date"].max()
    if not isinstance(newest, date):
        return today
    return today if newest <= today <= newest + _LIVE else newest


def _accepted(project: Project) -> pl.DataFrame:
    """The newest acceptance of each series."""
    schema = {**dict.fromkeys(SERIES, pl.String()), "business_date": pl.Date(), "sequence": pl.Int32()}
    rows = [{name: asdict(each)[name] for name in schema} for each in acceptances_of(project).acceptances()]
    shares = [row | {"metric": "distinct_count"} for row in rows if row["metric"] == "distinct_share"]
    return pl.DataFrame([*rows, *shares], schema=schema).unique(SERIES, keep="last", maintain_order=True)


def _verdicts(project: Project, judged: pl.DataFrame) -> Sequence[tuple[str, str, int, int, str]]:
    """Of each extract and kind: table, check, figures judged, figures out of their band, notes."""
    counted = {
        (source, extract, metric): (number, failed)
        for source, extract, metric, number, failed in judged.group_by("source", "extract", "metric")
        .agg(pl.len(), pl.col("is_anomaly").sum())
        .rows()
    }
    rows = []
    for each in project.config.applied_extracts:
        for kind, (metrics, notes, _) in _WATCHED.items():
            counts = [counted.get((each.source, each.name, metric), (0, 0)) for metric in metrics]
            number, failed = sum(one for one, _ in counts), sum(other for _, other in counts)
            rows.append((f"std.{each.extract.entity}", check_id(each.source, each.name, kind), number, failed, notes))
    return rows
