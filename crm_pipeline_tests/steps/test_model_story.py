"""Claims on what the report is told of models and guards: read from the stores, and nothing of any record in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.acceptances import MODEL, LinkAcceptance
from crm_pipeline.state.models import ModelStore
from crm_pipeline.steps.publishing.link_figures import judge
from crm_pipeline.steps.publishing.link_guards import acceptances_of, figures_of
from crm_pipeline.steps.telling.model_story import model_story, usual
from crm_pipeline_tests.steps.building import project_of
from crm_pipeline_tests.steps.test_link_guards import CONFIG, NONE, START, USUAL, of_run

SECRET = "crm/customers/王小明"
VERDICTS = ("link", "review", "none")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_of(tmp_path, CONFIG)


def beside(version: int, changed: int) -> dict[str, Any]:
    """What a model card says of the version before: `changed` verdicts of 100, and keys of records."""
    told = {
        "pairs": 500,
        "kept": 100,
        "changed": changed,
        "changed_share": changed / 100,
        "verdicts": {a: {b: changed if (a, b) == ("link", "none") else 0 for b in VERDICTS} for a in VERDICTS},
        "weight_difference": {"p25": -0.5, "p75": 0.25},
        "largest_changes": [{"record_key_l": SECRET, "record_key_r": SECRET, "old": 1.0, "new": 2.0}],
        "levels": [
            {"comparison": "phones", "level": "a mobile in common", "weight_old": 15.0, "weight_new": 14.5},
            {"comparison": "gender", "level": "equal", "weight_old": None, "weight_new": 1.0},
            {"comparison": "phones", "level": "none in common", "weight_old": -1.0, "weight_new": None},
        ],
    }  # fmt: skip
    return {"beside": {"version": version, "populations": {"people": told}}}


def append(store: ModelStore, month: int, **more: Any) -> None:
    """A version trained in that month."""
    card = {
        "created_at": f"2026-{month:02}-01T03:00:00",
        "reason": "retraining was asked for" if month > 1 else "there was none",
        "populations": {"people": {"columns": ["family_name", "phones"], "record_count": 900 + month}},
    }
    store.append({"populations": {}}, card | more, term_frequencies={}, left_out=pl.DataFrame({"key": []}))


def test_versions_and_what_they_change(project: Project) -> None:
    """Each version with when and why; the newest with verdicts and weights old and new; no key of a record."""
    assert model_story(project) is None
    models = ModelStore(project.state / "models")
    append(models, 1)
    first = model_story(project)
    assert first is not None
    assert (first.used.number, first.used.reason, first.used.changed, first.changes) == (1, "there was none", None, ())
    append(models, 2, **beside(1, 3))
    story = model_story(project)
    assert story is not None
    assert [(each.number, each.standing, each.trained_at.month, each.changed) for each in story.versions] == [
        (2, "in_use", 2, 3), (1, "earlier", 1, None),
    ]  # fmt: skip
    assert story.learnt_from == (("people", 902, 2),)
    [change] = story.changes
    assert (change.kept, change.changed, change.verdicts["link"]["none"], change.typical) == (100, 3, 3, (-0.5, 0.25))
    shifts = {name: [(level.label, level.old, level.new) for level in levels] for name, levels in change.comparisons}
    assert shifts == {
        "phones": [("a mobile in common", 15.0, 14.5), ("none in common", -1.0, None)],
        "gender": [("equal", None, 1.0)],
    }
    assert SECRET not in repr(story)


def test_one_that_waits_is_accepted_and_is_forgotten(project: Project) -> None:
    """It waits, then it is accepted; compared with a version that is no longer in use, it is told of no more."""
    models = ModelStore(project.state / "models")
    append(models, 1)
    append(models.refused, 2, refused_because="changed", **beside(1, 40))
    waits = model_story(project)
    assert waits is not None
    assert waits.pending is not None
    assert (waits.pending.number, waits.pending.standing, waits.used.number) == (2, "waiting", 1)
    assert waits.changes[0].changed == 40
    acceptances_of(project).append(LinkAcceptance(MODEL, "", 1, "李雷", START, "生日已更正"))
    accepted = model_story(project)
    assert accepted is not None
    assert accepted.changing.standing == "accepted"
    append(models, 3, **beside(1, 40))
    later = model_story(project)
    assert later is not None
    assert (later.pending, later.used.number) == (None, 2)


def test_one_that_can_not_be_right(project: Project) -> None:
    """A refused model is told with the comparisons that can't be true; nobody is asked to accept it."""
    models = ModelStore(project.state / "models")
    append(models, 1)
    append(models.refused, 2, refused_because="impossible", comparisons=["people.gender"], **beside(1, 1))
    story = model_story(project)
    assert story is not None
    assert story.pending is not None
    assert (story.pending.standing, story.impossible) == ("refused", ("people.gender",))


def test_figures_beside_those_before(project: Project) -> None:
    """Each figure stands beside those of the published runs that it was judged against, and says what stopped it."""
    store = figures_of(project)
    assert usual(project, "run9") == ()
    dead = replace(of_run(7, rate=0.9), is_published=False)
    odd = replace(of_run(9, rate=0.6), is_published=False)
    now = replace(odd, judged=tuple(judge(odd, [*USUAL, dead], NONE, project.config.linkage)))
    for run in (*USUAL, dead, now):
        store.keep(run)
    assert usual(project, "run0") == ()
    told = {each.figure: each for each in usual(project, "run9")}
    assert "match_rate.organisations" not in told  # there is none
    rate = told["match_rate"]
    assert (rate.found, rate.before, rate.median) == (0.6, (0.39, 0.4, 0.41, 0.4), 0.4)
    assert (rate.low, rate.high) == (pytest.approx(0.35), pytest.approx(0.45))
    assert {(each.figure, each.guard) for each in told.values() if each.is_broken} == {
        ("match_rate", "match_rate"), ("match_rate.people", "match_rate"),
    }  # fmt: skip
    assert told["stability_index"].before == ()
