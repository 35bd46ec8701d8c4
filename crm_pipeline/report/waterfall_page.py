"""The waterfall of one pair as a page that needs no network.

Belongs here: its template's figures. Does not belong here: the steps (`linkage`), words, what pages share (`render`).
"""

from __future__ import annotations

from crm_pipeline.report import charts
from crm_pipeline.report.figures import Fall
from crm_pipeline.report.render import environment, named
from crm_pipeline.report.words import Words


def render_waterfall(fall: Fall) -> str:
    """The whole page: one file, both languages, nothing asked of the network, record keys and no values."""
    silent = [named("comparison", name) for name in fall.silent]
    return (
        environment()
        .get_template("waterfall.html.j2")
        .render(
            f=fall,
            chart=charts.stairs(fall),
            silent=Words(", ".join(words.en for words in silent), "、".join(words.zh for words in silent)),
        )
        .lstrip()
    )
