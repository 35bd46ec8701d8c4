"""Why records are one, or not: from published files, the matching index and the model."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from crm_pipeline.cli.app import app
from crm_pipeline.cli.explanation import print_reasons
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.linkage import cluster_records, pair_records
from crm_pipeline.linkage.clustering.disagreements import judge_decisions
from crm_pipeline.linkage.identity.ids import customer_ids
from crm_pipeline.publish import Publication, publish_duckdb, publish_matching_index
from crm_pipeline.settings import Project, load_project
from crm_pipeline.state.decisions.links import LinkDecisions, LinkKind, Said
from crm_pipeline.state.models import ModelStore
from crm_pipeline.steps.reviewing.asking import entered
from crm_pipeline.steps.reviewing.held import constraints_of, decisions_of
from crm_pipeline.steps.telling.above_links import Above
from crm_pipeline.steps.telling.evidence import held_together, worth
from crm_pipeline.steps.telling.explaining import reasons
from crm_pipeline.steps.telling.explaining_pairs import PairReasons, Standing, explain_pair
from crm_pipeline.steps.telling.told_decisions import Applied
from crm_pipeline.tables import CONFLICTS, CUSTOMER_IDS, CUSTOMER_RECORDS, LINK_DECISIONS, MEMBERS, PAIRS
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.linkage.conftest import fill_customers
from crm_pipeline_tests.linkage.test_explaining import random_records

CONFIGURATION = """
version: 1
start_date: 2026-01-01
sources: {s: {extracts: {e: {entity: customers, read: {file: a.csv}, primary_key: id}}}}
"""
LONELY = {"record_key": "s/e/lonely", "kind": "person", "city": "上海"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose random people and organisations are linked and published, with index and model."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.yaml").write_text(CONFIGURATION, encoding="utf-8")
    project = load_project(folder)
    with Warehouse.open(project.warehouse_file, temporary=project.var / "temporary") as warehouse:
        rows = random_records(3)
        twin = {**rows[0], "record_key": "s/e/twin", "external_ids": [{"namespace": "card", "value": "7"}]}
        rows[0]["external_ids"] = twin["external_ids"]
        fill_customers(warehouse, [*rows, twin, LONELY])
        models = ModelStore(project.state / "models")
        pair_records(warehouse, models, index_file=project.matching_index_file)
        cluster_records(warehouse)
        _publish(warehouse, project)
        publish_matching_index(warehouse, project.matching_index_file, project.matching_file, "one")
    return folder


def _publish(warehouse: Warehouse, project: Project) -> None:
    clusters = warehouse.frame("SELECT * FROM link.clusters ORDER BY cluster_key, record_key")
    numbers = clusters["cluster_key"].rank("dense").cast(pl.Int64)
    members = clusters.with_columns(customer_ids(numbers))
    warehouse.replace(MEMBERS, members)
    parts = pl.col("record_key").str.splitn("/", 3).struct.rename_fields(["source", "extract", "source_id"])
    warehouse.replace(CUSTOMER_RECORDS, members.with_columns(parts.alias("key")).unnest("key"))
    events = LinkDecisions(project.state / "decisions").events()
    judged = judge_decisions(warehouse, decisions_of(events), frozenset())
    decided = entered(events).join(judged, on="decision_id").select(LINK_DECISIONS.column_names)
    warehouse.replace(LINK_DECISIONS, decided)
    ids = members.select(pl.col("customer_id").alias("any_customer_id"), "customer_id").unique()
    warehouse.replace(CUSTOMER_IDS, ids.with_columns(pl.lit("current").alias("reason")))
    for file, tables in (
        (project.published_file, (CUSTOMER_RECORDS, CUSTOMER_IDS)),
        (project.steward_file, (PAIRS, CONFLICTS, LINK_DECISIONS)),
    ):
        file.parent.mkdir(exist_ok=True)
        publications = [Publication.of(table) for table in tables]
        publish_duckdb(warehouse, file, publications, run_id="r", now=datetime(2026, 1, 1), code_version="1")  # noqa: DTZ001 - UTC


@pytest.fixture(scope="module")
def project(made: Path) -> Project:
    return load_project(made)


def rows_of(project: Project, sql: str) -> list[dict[str, Any]]:
    with Warehouse.open(project.warehouse_file, temporary=project.var / "temporary") as warehouse:
        return warehouse.frame(sql).to_dicts()


def told(project: Project, link: dict[str, Any]) -> PairReasons:
    """Asked for with the larger key first."""
    return explain_pair(project, link["record_key_r"], link["record_key_l"])


def test_why_a_customer_is_one(project: Project) -> None:
    """Each record has its strongest link; the weakest link is one within, with the waterfall of its stored weight."""
    sql = (
        "SELECT list(record_key ORDER BY record_key) AS keys FROM link.members GROUP BY customer_id HAVING count(*) > 2"
    )
    links = {(x["record_key_l"], x["record_key_r"]): x for x in rows_of(project, "FROM link.pairs")}
    customers = [row["keys"] for row in rows_of(project, sql)]
    assert len(customers) > 5
    for keys in customers[:4]:
        found = reasons(project, keys)
        assert found.weakest is not None
        assert (found.missing, found.is_joined_otherwise) == ("", False)
        link = links[found.weakest["record_key_l"], found.weakest["record_key_r"]]
        assert found.weakest["left_count"] + found.weakest["right_count"] == len(keys)
        if link["matched_by"] == "model":
            assert found.waterfall is not None
            assert found.waterfall.match_weight == pytest.approx(link["match_weight"], abs=2e-6)
            assert sum(step.bits for step in found.waterfall.steps) == pytest.approx(link["match_weight"], abs=2e-6)
            assert found.waterfall.rules[0] == link["rule"]
        for row in found.attachments.to_dicts():
            own = [x for ends, x in links.items() if row["record_key"] in ends and x["verdict"] == "link"]
            assert row["match_probability"] == max(x["match_probability"] for x in own)
        json.dumps(found.as_dict())
    assert reasons(project, ["s/e/lonely"]).weakest is None


def test_standing_of_stored_pairs(project: Project) -> None:
    """A link, a pair that waits and an identifier are told as they are stored, in whichever order they are named."""
    for condition, standing in (
        ("matched_by = 'model' AND verdict = 'link'", Standing.LINK),
        ("matched_by = 'model' AND verdict = 'review'", Standing.REVIEW),
        ("matched_by = 'identifier'", Standing.LINK),
    ):
        [link] = rows_of(project, f"FROM link.pairs WHERE {condition} ORDER BY ALL LIMIT 1")
        found = told(project, link)
        assert (found.standing, found.link) == (standing, link)
        assert found.is_one == (standing is Standing.LINK)
        assert found.waterfall is not None
        if link["match_weight"] is not None:
            assert found.waterfall.match_weight == pytest.approx(link["match_weight"], abs=2e-6)
        json.dumps(found.as_dict())


def test_why_two_are_not_one(project: Project) -> None:
    """Not compared for want of a key, of anything to compare, or because of two kinds; else below the threshold."""
    people = "SELECT record_key FROM std.customers WHERE kind = 'person' AND name IS NOT NULL ORDER BY 1 LIMIT 40"
    first, *others = [row["record_key"] for row in rows_of(project, people)]
    standings = {other: explain_pair(project, first, other) for other in others}
    apart = [x for x in standings.values() if x.standing is Standing.NO_KEY]
    assert apart
    for found in apart:
        assert found.waterfall is not None
        assert found.waterfall.rules == ()
        assert (found.pair_count, found.found_count) == (1, 0)
    for found in standings.values():
        if found.standing is Standing.BELOW:
            assert found.waterfall is not None
            assert found.waterfall.rules
            assert found.waterfall.match_probability < 0.6
    company = "SELECT record_key FROM std.customers WHERE kind = 'organisation' ORDER BY 1 LIMIT 1"
    [other] = rows_of(project, company)
    assert explain_pair(project, first, other["record_key"]).standing is Standing.TWO_KINDS
    assert explain_pair(project, first, "s/e/lonely").standing is Standing.NOTHING


def test_two_customers(project: Project) -> None:
    """Of two customers the pair that waits for review between them is told before all others."""
    sql = """
        SELECT p.*, l.customer_id AS one, r.customer_id AS other FROM link.pairs p
        JOIN link.members l ON l.record_key = record_key_l JOIN link.members r ON r.record_key = record_key_r
        WHERE verdict = 'review' ORDER BY match_probability DESC, record_key_l, record_key_r LIMIT 1
    """
    [row] = rows_of(project, sql)
    found = explain_pair(project, row["one"], row["other"].lower())
    assert (found.record_key_l, found.record_key_r) == (row["record_key_l"], row["record_key_r"])
    assert found.standing is Standing.REVIEW
    assert not found.is_one
    assert found.pair_count == len(found.left.record_keys) * len(found.right.record_keys)


def test_without_the_index(made: Path, tmp_path: Path) -> None:
    """A publication without the index tells links and the weakest of them, and says what is missing for the rest."""
    shutil.copytree(made, tmp_path / "older")
    older = load_project(tmp_path / "older")
    older.matching_file.unlink()
    [link] = rows_of(older, "FROM link.pairs WHERE matched_by = 'model' AND verdict = 'link' ORDER BY ALL LIMIT 1")
    found = told(older, link)
    assert (found.standing, found.waterfall) == (Standing.LINK, None)
    assert "matching.duckdb" in found.missing
    assert explain_pair(older, "s/e/0001", "s/e/lonely").standing is Standing.UNKNOWN
    why = reasons(older, [link["record_key_l"], link["record_key_r"]])
    assert why.weakest is not None
    assert why.waterfall is None
    shutil.rmtree(older.state / "models")
    shutil.copy(load_project(made).matching_file, older.matching_file)
    assert "version 1 of the model" in told(older, link).missing


def test_unknown_is_refused(project: Project) -> None:
    """A key that is not there, an id never given, and one record twice are the caller's to correct."""
    for left, right in (("s/e/0001", "s/e/nobody"), ("C000000018", "s/e/0001"), ("s/e/0001", "s/e/0001")):
        if left.startswith("C") and rows_of(project, f"FROM link.members WHERE customer_id = '{left}'"):
            continue
        with pytest.raises(ConfigurationError):
            explain_pair(project, left, right)


def test_command(made: Path, project: Project, tmp_path: Path) -> None:
    """`explain --pair` prints the waterfall, gives JSON, and writes the page, which its owner alone can read."""
    [link] = rows_of(project, "FROM link.pairs WHERE matched_by = 'model' AND verdict = 'link' ORDER BY ALL LIMIT 1")
    pair = ["explain", "--pair", link["record_key_l"], link["record_key_r"], "--project", str(made)]
    chart = tmp_path / "why.html"
    result = CliRunner().invoke(app, [*pair, "--chart", str(chart)])
    assert result.exit_code == 0, result.output
    assert f"found by the rule {link['rule']}, weight {link['match_weight']:.1f}" in result.output
    assert "before anything is compared" in result.output
    assert chart.stat().st_mode & 0o777 == 0o600
    values = {
        step["value_l"] for step in json.loads(CliRunner().invoke(app, [*pair, "--json"]).output)["waterfall"]["steps"]
    }
    page = chart.read_text(encoding="utf-8")
    assert [value for value in values if value and len(value) > 6 and value in page] == []
    nowhere = tmp_path / "nowhere" / "why.html"
    refused = CliRunner().invoke(app, [*pair, "--chart", str(nowhere)])
    assert isinstance(refused.exception, ConfigurationError)
    assert not nowhere.parent.exists()
    wrong = CliRunner().invoke(app, [*pair, "C000000018"])
    assert isinstance(wrong.exception, ConfigurationError)


def test_figures_of_the_report(project: Project) -> None:
    """All customers of several records are counted once by what holds them; the model's levels have their worth."""
    with Warehouse.open(project.warehouse_file, temporary=project.var / "temporary") as warehouse:
        held = held_together(warehouse)
        sizes = dict(
            warehouse.execute("""
                SELECT size, count(*) FROM (SELECT count(*) AS size FROM link.members GROUP BY customer_id)
                WHERE size > 1 GROUP BY ALL
            """)
        )
    assert {each.records: sum(each.customers.values()) for each in held} == sizes
    told = worth(ModelStore(project.state / "models").latest())
    assert [each.population for each in told] == ["people", "organisations"]
    for each in told:
        for comparison in each.comparisons:
            assert comparison.levels[0].stranger > comparison.levels[-1].stranger
    assert worth(None) == ()


WHO, WHY, AT = "李雷", "同一人，电话核实", datetime(2026, 3, 4, 5, 6)  # noqa: DTZ001 - UTC


def decide(project: Project, *said: tuple[LinkKind, str, str]) -> None:
    store = LinkDecisions(project.state / "decisions")
    store.append([Said(kind, left, right, WHY) for kind, left, right in said], decided_by=WHO, now=AT)


def run_again(project: Project, *, without: str = "") -> None:
    """Clusters and publishes as a run does, decisions applied; a record may be deleted before."""
    with Warehouse.open(project.warehouse_file, temporary=project.var / "temporary") as warehouse:
        warehouse.execute("DELETE FROM std.customers WHERE record_key = ?", [without])
        cluster_records(warehouse, constraints=constraints_of(project))
        _publish(warehouse, project)


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Project:
    shutil.copytree(made, tmp_path / "own")
    return load_project(tmp_path / "own")


def waiting(project: Project) -> dict[str, Any]:
    """A pair that waits, between records that no link holds."""
    sql = """
        FROM link.pairs p WHERE verdict = 'review' AND NOT EXISTS (
            FROM link.pairs q WHERE verdict = 'link' AND (q.record_key_l IN (p.record_key_l, p.record_key_r)
                OR q.record_key_r IN (p.record_key_l, p.record_key_r))
        ) ORDER BY ALL LIMIT 1
    """
    [row] = rows_of(project, sql) or rows_of(project, "FROM link.pairs WHERE verdict = 'review' ORDER BY ALL LIMIT 1")
    return row


@pytest.mark.parametrize(("kind", "above"), [(LinkKind.SAME, Above.SAME), (LinkKind.DIFFERENT, Above.DIFFERENT)])
def test_a_decision_stands_above_a_waiting_pair(own: Project, kind: LinkKind, above: Above) -> None:
    """What a person decided is told first, with who, when and why, and before the run that it is not applied yet."""
    link = waiting(own)
    decide(own, (kind, link["record_key_l"], link["record_key_r"]))
    for applied in (Applied.NEXT_RUN, Applied.YES):
        found = told(own, link)
        [decision] = found.above.decisions
        assert (found.above.kind, found.standing) == (above, Standing.REVIEW)
        assert (decision.decision_id, decision.decided_by, decision.why, decision.decided_at) == (
            "D000001", WHO, WHY, AT,
        )  # fmt: skip
        assert decision.applied is applied
        assert found.is_one == (applied is Applied.YES and kind is LinkKind.SAME)
        run_again(own)
    pair = ["explain", "--pair", link["record_key_l"], link["record_key_r"], "--project", str(own.root)]
    shown = CliRunner().invoke(app, pair).output
    assert f"D000001, by {WHO} at 2026-03-04 05:06 UTC: {WHY}" in shown
    assert "They wait for review" not in shown
    assert "Without decisions they would wait for review" in shown
    given = json.loads(CliRunner().invoke(app, [*pair, "--json"]).output)
    assert given["above"] == above.value
    assert given["decisions"][0]["decided_by"] == WHO
    store = LinkDecisions(own.state / "decisions")
    store.append([Said(LinkKind.WITHDRAWN, *ends_of(link), "错了", "D000001")], decided_by=WHO, now=AT)
    assert told(own, link).above.decisions[0].applied is Applied.TAKEN_BACK


@pytest.mark.parametrize("kind", [LinkKind.SAME, LinkKind.DIFFERENT])
def test_a_decision_of_a_stopped_run_is_not_applied(own: Project, kind: LinkKind) -> None:
    """What only the stewards' file holds, because a run was stopped before it published, is told for the next run."""
    if kind is LinkKind.SAME:
        ends = ends_of(waiting(own))
    else:
        [link] = rows_of(own, "FROM link.pairs WHERE matched_by = 'identifier' ORDER BY ALL LIMIT 1")
        ends = ends_of(link)
    decide(own, (kind, *ends))
    before = own.published_file.read_bytes()
    run_again(own)
    assert [each.applied for each in explain_pair(own, *ends).above.decisions] == [Applied.YES]
    own.published_file.write_bytes(before)
    found = explain_pair(own, *ends)
    assert found.is_one == (kind is LinkKind.DIFFERENT)
    assert [each.applied for each in found.above.decisions] == [Applied.NEXT_RUN]
    if found.is_one:
        assert reasons(own, found.left.record_keys).decisions == []


def ends_of(link: dict[str, Any]) -> tuple[str, str]:
    return link["record_key_l"], link["record_key_r"]


def strangers(project: Project, count: int) -> list[str]:
    """Records that nothing joins to any other."""
    sql = """
        SELECT record_key FROM link.clusters WHERE matched_by = 'single' AND record_key NOT IN (
            SELECT record_key_l FROM link.pairs UNION SELECT record_key_r FROM link.pairs) ORDER BY 1
    """
    return [row["record_key"] for row in rows_of(project, sql)][:count]


def test_a_chain_of_decisions_is_named(own: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Two that decisions join over a deleted record are told by that way, in both commands."""
    one, gone, other = strangers(own, 3)
    decide(own, (LinkKind.SAME, one, gone), (LinkKind.SAME, gone, other))
    run_again(own)
    run_again(own, without=gone)
    found = explain_pair(own, one, other)
    assert (found.is_one, found.above.kind) == (True, Above.JOINED)
    assert [(joint.record_key_l, joint.record_key_r) for joint in found.above.way] == [(one, gone), (gone, other)]
    assert [joint.decision.decision_id for joint in found.above.way if joint.decision] == ["D000001", "D000002"]
    why = reasons(own, [one, other])
    assert why.attachments["matched_by"].to_list() == ["decision", "decision"]
    assert why.attachments["attached_to"].to_list() == [other, one]
    assert why.decision_ids(one, other) == ["D000001", "D000002"]
    assert not why.is_joined_otherwise
    print_reasons(why)
    shown = capsys.readouterr().out
    assert f"{gone} (deleted)" in shown
    assert "by the decisions D000001, D000002" in shown
    assert WHY in shown
    json.dumps(why.as_dict())


def test_others_join_or_divide_two(own: Project) -> None:
    """Two of one customer without a link of their own are told by the strongest way; a decision divides by others."""
    one, middle, other, apart = strangers(own, 4)
    decide(own, (LinkKind.SAME, one, middle), (LinkKind.SAME, middle, other), (LinkKind.DIFFERENT, one, apart))
    run_again(own)
    joined = explain_pair(own, one, other)
    assert joined.above.kind is Above.JOINED
    assert [joint.record_key_r for joint in joined.above.way] == [middle, other]
    divided = explain_pair(own, other, apart)
    assert (divided.is_one, divided.above.kind) == (False, Above.APART)
    ways = [(joint.record_key_l, joint.record_key_r) for joint in divided.above.way]
    expected = [(other, middle), (middle, one), (one, apart)]
    if divided.record_key_l != other:
        expected = [(right, left) for left, right in reversed(expected)]
    assert ways == expected
    shown = CliRunner().invoke(app, ["explain", "--pair", other, apart, "--project", str(own.root)]).output
    assert f"D000003, by {WHO}" in shown


def test_both_tables_name_one_reason(own: Project) -> None:
    """What `customer_records` says holds a record is what the strongest link of `explain ID` says, decisions too."""
    [link] = rows_of(own, "FROM link.pairs WHERE matched_by = 'model' AND verdict = 'link' ORDER BY ALL LIMIT 1")
    stranger = strangers(own, 1)[0]
    decide(own, (LinkKind.SAME, *ends_of(link)), (LinkKind.SAME, link["record_key_l"], stranger))
    run_again(own)
    sql = """
        SELECT customer_id, list(record_key ORDER BY record_key) AS keys, list(matched_by ORDER BY record_key) AS by
        FROM link.members GROUP BY ALL HAVING count(*) > 1 ORDER BY list_contains(keys, ?) DESC, 1 LIMIT 12
    """.replace("?", f"'{stranger}'")
    for row in rows_of(own, sql):
        assert reasons(own, row["keys"]).attachments["matched_by"].to_list() == row["by"]
        shown = CliRunner().invoke(app, ["explain", "--pair", row["keys"][0], row["keys"][-1], "--project",
                                         str(own.root)])  # fmt: skip
        assert shown.exit_code == 0
        assert "were not compared" not in shown.output


def test_an_index_of_another_form(own: Project) -> None:
    """Decisions and links are told beside an index that an earlier version published, and what is missing is said."""
    with Warehouse.open(own.matching_file, temporary=own.var / "temporary") as index:
        index.execute("DROP TABLE basis")
    link = waiting(own)
    found = told(own, link)
    assert (found.standing, found.waterfall) == (Standing.REVIEW, None)
    assert "earlier form" in found.missing
