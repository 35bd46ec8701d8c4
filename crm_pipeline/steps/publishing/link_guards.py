"""Guards on linking: a run whose clusters or weights are not like those of the last runs is not published.

Belongs here: their claims in both languages, their verdicts recorded, and what people are told. Does not belong here:
the figures and their bands (`link_figures`), or their acceptance (`link_accepting`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.acceptances import AcceptanceStore, LinkAcceptance
from crm_pipeline.state.link_figures import Judged, LinkFigures, LinkFigureStore
from crm_pipeline.steps.checks import STOPS, record_guard
from crm_pipeline.steps.publishing.link_figures import (
    EDGES,
    GROWTH,
    GUARDS,
    MATCH_RATE,
    POPULATION_OF,
    WEIGHTS,
    judge,
    measure,
)
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import CLUSTERS

_log = logging.getLogger(__name__)
_READ = 200  # runs that are looked through for the last ones on the same basis
_ACCEPT = "crm-pipeline linkage accept {guard} --why TEXT"
_CLAIMS = {
    MATCH_RATE: (
        "About as many records as usual share their customer with another, and there are about as many customers per "
        "record. Else a column may have changed its meaning, or a shared value fuses customers. See crm-pipeline "
        "linkage list; what is right is accepted with crm-pipeline linkage accept.",
        "与其他记录同属一位客户的记录占比、每条记录对应的客户数应与以往相近。否则可能是某列的含义变了，或共用取值造成误并。"
        "请查看 crm-pipeline linkage list；若属正常，请用 crm-pipeline linkage accept 接受。",
    ),
    EDGES: (
        "There are about as many links per record as usual. Many more come from a value that many records share; many "
        "fewer from a column that is empty or in another form. See crm-pipeline linkage list.",
        "每条记录的关联数应与以往相近。突增多因许多记录共用同一取值，骤减多因某列变空或换了写法。"
        "请查看 crm-pipeline linkage list。",
    ),
    GROWTH: (
        "The largest customer has not grown at once to many times its size. Else a shared value has begun to fuse "
        "customers. See crm-pipeline linkage list, and the records of that customer.",
        "最大客户的记录数不应突然成倍增长，否则可能是共用取值开始造成误并。"
        "请查看 crm-pipeline linkage list 及该客户的记录。",
    ),
    WEIGHTS: (
        "The weights that one model gives lie where they used to. Else values are written otherwise than when it was "
        "trained, and its thresholds mean something else. See crm-pipeline linkage list.",
        "同一模型给出的匹配权重分布应与以往相近。否则取值的写法可能与训练时不同，阈值的含义也随之改变。"
        "请查看 crm-pipeline linkage list。",
    ),
}


def claims() -> dict[str, str]:
    """Each guard to what it claims."""
    return {guard: claim for guard, (claim, _) in _CLAIMS.items()}


def claims_zh() -> dict[str, str]:
    """Each claim to the same in Chinese."""
    return dict(_CLAIMS.values())


def figures_of(project: Project) -> LinkFigureStore:
    """The store of figures."""
    return LinkFigureStore(project.state / "history" / "linkage")


def acceptances_of(project: Project) -> AcceptanceStore[LinkAcceptance]:
    """The store of what people accepted."""
    return AcceptanceStore(project.state / "decisions" / "linkage", LinkAcceptance)


def guard_linking(run: Run) -> LinkFigures:
    """The figures of this run, judged against the last ones, recorded beside the checks and kept for later runs."""
    store = figures_of(run.project)
    earlier = store.newest(_READ)
    accepted = {(each.guard, each.run_id) for each in acceptances_of(run.project).acceptances()}
    measured = measure(run)
    judged = judge(measured, earlier, accepted, run.project.config.linkage)
    others = [each for each in earlier if each.is_published and each.basis == measured.basis]
    before = others[-1].model_version if others else measured.model_version
    figures = replace(measured, judged=tuple(judged), model_before=before)
    store.keep(figures)
    for guard in GUARDS:
        own = [each for each in judged if each.guard == guard]
        failed = [each for each in own if each.is_broken]
        record_guard(
            run, CLUSTERS.qualified, guard, STOPS, judged=len(own), failed=len(failed), notes=claims()[guard]
        )  # fmt: skip
        if failed:
            _log.warning("link.clusters %s: %s", guard, told(failed, figures))
    return figures


def told(failed: Sequence[Judged], now: LinkFigures) -> str:
    """What was expected and found, what else is new, and what to do, in a line."""
    [guard] = {each.guard for each in failed}
    numbers = "; ".join(f"{each.figure} {number(each.found)}, expected {band(each)}" for each in failed)
    gone = [
        of.removeprefix("records.") for each in failed if (of := POPULATION_OF.get(each.figure)) and now.counts[of] == 0
    ]
    lost = f" No records of {' and '.join(gone)} are left; has their kind got another meaning?" if gone else ""
    before = now.model_before
    is_other = before is not None and before != now.model_version
    model = f" The model is version {now.model_version}, {before} before." if is_other else ""
    return f"{numbers}.{lost}{model} Nothing was published. If it is right: {_ACCEPT.format(guard=guard)}"


def band(judged: Judged) -> str:
    """The band of a figure, in words."""
    if judged.guard == WEIGHTS:
        return f"at most {number(judged.high)} against the weights of {judged.runs} runs"
    low = "at most " if judged.low is None else f"{number(judged.low)} to "
    return f"{low}{number(judged.high)} by the median {number(judged.median)} of {judged.runs} runs"


def number(value: float) -> str:
    """A figure as people read it."""
    return f"{value:,.0f}" if value >= 10 and value == int(value) else f"{value:.4g}"
