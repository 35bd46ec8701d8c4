"""Claims on corrections: what they are tied to, how long they count, and that every row is accounted for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_pipeline.errors import PipelineError
from crm_pipeline.publish.quarantine import Chosen
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.corrections import Decisions
from crm_pipeline.state.landing import Landing, corrections_of
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.tables import CORRECTION_USES, LOADS
from crm_pipeline_tests.steps.building import PRODUCTS, content, day, everything, land, project_of, running
from crm_pipeline_tests.steps.correcting import (
    Row,
    audited,
    brought_up,
    corrected,
    current,
    exported,
    open_lines,
    replayed,
    states,
)  # fmt: skip

COLUMNS = ("id", "code", "cost")
GOOD, BAD, KEYLESS, NULLED = ("1", "A", "1.5"), ("2", "", "3"), ("", "C", "2"), ("4", "D", "x")
FATES = ("delivered_count", "loaded_count", "unchanged_count", "quarantined_count", "duplicate_count")


def project(folder: Path, load: str = "full") -> Project:
    return project_of(folder, PRODUCTS.replace("LOAD", load))


def with_codes(**codes: str) -> Callable[[Row], Row]:
    """What gives the row of each key (`k2`) this product code."""

    def correct(row: Row) -> Row:
        return row | ({"code": codes[f"k{row['id']}"]} if f"k{row['id']}" in codes else {})

    return correct


def test_a_corrected_row_is_loaded_and_leaves_the_quarantine(tmp_path: Path) -> None:
    """Corrected rows are loaded with the delivery they came in, each row meets one fate, and the audit says who."""
    one = project(tmp_path)
    with running(one) as run:
        land(run, 1, COLUMNS, [GOOD, BAD, KEYLESS, NULLED])
        assert brought_up(run).select(FATES).rows() == [(4, 2, 0, 2, 0)]
    file = tmp_path / "q.csv"
    assert [row["[line]"] for row in exported(one, file)] == ["3", "4", "5"]

    def correct(row: Row) -> Row:
        return row | {"3": {"code": "B"}, "4": {"id": "3"}, "5": {"cost": "7"}}[row["[line]"]]

    done = replayed(one, corrected(file, correct))
    assert (dict(done.corrected), done.unchanged, done.refused.height) == ({"erp.products": 3}, 0, 0)
    with running(one) as run:
        loads = brought_up(run)
        assert loads.select(FATES).rows() == [(4, 4, 0, 0, 0)]
        assert current(run, "products", "product_code", "CAST(cost AS INTEGER)") == [
            ("1", "A", 2), ("2", "B", 3), ("3", "C", 2), ("4", "D", 7),
        ]  # fmt: skip
        assert states(run) == [("2", 1, "applied", 1), ("4", 1, "applied", 1), (None, 1, "applied", 1)]
        assert apply_entity(run, "products").loads.is_empty()
    assert open_lines(one) == []
    [told] = audited(one)
    assert (told["by"], told["file_name"], told["corrected"]) == ("tester", "q.csv", {"erp.products": 3})
    [landed] = Landing(one.state / "landing").deliveries("erp", corrections_of("products"))
    assert (landed.origin.format, landed.origin.file_sha256) == ("correction", told["file_sha256"])
    assert (landed.business_date, landed.row_count, landed.columns) == (day(1), 3, COLUMNS)


@pytest.mark.parametrize("load", ["full", "incremental"])
def test_a_correction_counts_while_the_row_is_delivered(tmp_path: Path, load: str) -> None:
    """The same row again is unchanged; another row of its key lapses the correction; the row again is corrected."""
    one, file = project(tmp_path, load), tmp_path / "q.csv"
    with running(one) as run:
        land(run, 1, COLUMNS, [GOOD, BAD])
        brought_up(run)
    exported(one, file)
    replayed(one, corrected(file, with_codes(k2="B")))
    with running(one) as run:
        land(run, 2, COLUMNS, [GOOD, BAD])
        loads = brought_up(run)
        assert loads.select(FATES).rows() == [(2, 2, 0, 0, 0), (2, 0, 2, 0, 0)]
        land(run, 3, COLUMNS, [GOOD, ("2", "", "4")])
        assert brought_up(run).select(FATES).rows() == [(2, 0, 1, 1, 0)]
        assert states(run) == [("2", 1, "lapsed", 0)]
        assert current(run, "products", "product_code") == [("1", "A"), ("2", "B")]
        land(run, 4, COLUMNS, [GOOD, BAD])
        brought_up(run)
        assert states(run) == [("2", 1, "applied", 1)]
        land(run, 5, COLUMNS, [GOOD])
        brought_up(run)
        assert states(run) == [("2", 1, "lapsed" if load == "full" else "applied", 0 if load == "full" else 1)]
        assert run.warehouse.count(CORRECTION_USES) == (5 if load == "full" else 4)


@pytest.mark.parametrize("load", ["full", "incremental"])
def test_rebuild_and_late_deliveries_keep_corrections(tmp_path: Path, load: str) -> None:
    """A warehouse made anew equals the one that grew, also when a delivery came late with the corrected row."""
    one, file = project(tmp_path, load), tmp_path / "q.csv"
    with running(one) as run:
        land(run, 2, COLUMNS, [GOOD, BAD])
        land(run, 3, COLUMNS, [GOOD, BAD, NULLED])
        brought_up(run)
    exported(one, file)
    replayed(one, corrected(file, with_codes(k2="B", k4="E")))
    with running(one) as run:
        land(run, 4, COLUMNS, [GOOD, BAD, NULLED])
        brought_up(run)
        land(run, 1, COLUMNS, [GOOD, BAD])
        brought_up(run)
        sql = "SELECT source_id, valid_from, product_code FROM std.products WHERE valid_to IS NULL ORDER BY 1"
        assert run.warehouse.execute(sql)[1] == ("2", day(1), "B")  # landed after it was corrected
        grown = everything(run, "products") | {"uses": content(run, CORRECTION_USES).rows()}
    one.warehouse_file.unlink()
    with running(one) as run:
        brought_up(run)
        assert everything(run, "products") | {"uses": content(run, CORRECTION_USES).rows()} == grown


def test_a_new_correction_applies_again_from_its_delivery_on(tmp_path: Path) -> None:
    """What was delivered before the corrected delivery is not applied again, and stays as it was."""
    one, file = project(tmp_path), tmp_path / "q.csv"
    with running(one) as run:
        for number in (1, 2, 3):
            land(run, number, COLUMNS, [GOOD, BAD, (str(number), "Z", "9")])
        brought_up(run)
    assert [row["[business_date]"] for row in exported(one, file) if row["code"] == ""] == ["2026-01-03"]
    replayed(one, corrected(file, with_codes(k2="B")))
    with running(one) as run:
        assert brought_up(run)["business_date"].to_list() == [day(3)]
        sql = "SELECT valid_from FROM std.products WHERE product_code = 'B'"
        assert run.warehouse.execute(sql) == [(day(3),)]


def test_still_broken_is_quarantined_with_new_reasons(tmp_path: Path) -> None:
    """A corrected row that breaks a rule stays, as delivered and as corrected, and can be corrected again."""
    one, file = project(tmp_path), tmp_path / "q.csv"
    with running(one) as run:
        land(run, 1, COLUMNS, [GOOD, BAD, KEYLESS])
        brought_up(run)
    exported(one, file)
    replayed(one, corrected(file, lambda row: row | {"id": "1", "code": "C"}))
    with running(one) as run:
        assert brought_up(run).select(FATES).rows() == [(3, 1, 0, 0, 2)]
        sql = """SELECT source_id, rule_id, row_delivered, row_corrected FROM ops.rejections ORDER BY line"""
        assert run.warehouse.execute(sql)[0] == (
            "1", "products.primary_key_unique", '{"id":"1","code":"A","cost":"1.5"}', None,
        )  # fmt: skip
        assert run.warehouse.execute(sql)[1][2:] == (
            '{"id":"2","code":"","cost":"3"}', '{"id":"1","code":"C","cost":"3"}',
        )  # fmt: skip
    again = exported(one, file)
    assert [(row["[correction]"], row["id"], row["[source_id]"]) for row in again] == [("", "1", "1"), ("1", "1", "2")]
    done = replayed(one, corrected(file, lambda row: row | ({"id": "2"} if row["[correction]"] else {})))
    assert (dict(done.corrected), done.unchanged) == ({"erp.products": 1}, 1)
    with running(one) as run:
        brought_up(run)
        assert ("2", 2, "applied", 1) in states(run)
        assert [key for (key,) in current(run)] == ["1", "2"]


def test_the_newest_correction_counts_and_may_go_back(tmp_path: Path) -> None:
    """A row that passes since it was corrected can be corrected again; as delivered it is held back again."""
    one, file = project(tmp_path), tmp_path / "q.csv"
    with running(one) as run:
        land(run, 1, COLUMNS, [GOOD, BAD])
        brought_up(run)
    exported(one, file)
    replayed(one, corrected(file, with_codes(k2="B")))
    for code, number in (("C", 2), ("", 3)):
        with running(one) as run:
            brought_up(run)
        [row] = exported(one, file, is_corrected=True)
        assert row["[correction]"] == str(number - 1)
        replayed(one, corrected(file, with_codes(k2=code)))
        with running(one) as run:
            brought_up(run)
            assert states(run) == [("2", number, "applied", 1)]
            assert current(run, "products", "product_code") == [("1", "A"), *([("2", code)] if code else [])]
    assert open_lines(one) == [("products", 1, 3)]


def test_a_run_knows_what_was_decided_when_it_looked(tmp_path: Path) -> None:
    """A correction decided while a run goes on is applied by the next run, also in what was landed meanwhile."""
    one, file = project(tmp_path, "incremental"), tmp_path / "q.csv"
    with running(one) as run:
        land(run, 1, COLUMNS, [GOOD, BAD])
        brought_up(run)
        exported(one, file)
        land(run, 2, COLUMNS, [BAD])
        apply_entity(run, "products")
        assert dict(replayed(one, corrected(file, with_codes(k2="B"))).corrected) == {"erp.products": 1}
    with running(one) as run:
        brought_up(run)
        assert current(run, "products", "product_code") == [("1", "A"), ("2", "B")]
        assert content(run, LOADS)["quarantined_count"].to_list() == [0, 0]


def test_record_and_contact_are_corrected_together(tmp_path: Path) -> None:
    """A row that gives a company and a contact is one line with the reasons of both, and both are corrected by it."""
    text = (
        "version: 1\nstart_date: 2026-01-01\ntimezone: UTC\nsources:\n  crm:\n    extracts:\n      customers:\n"
        '        read: {file: "x_{date}.csv"}\n        primary_key: id\n'
        "        columns: {name: company, kind: {constant: organisation}, birth_date: born}\n"
        "        contact: {name: {expression: \"person || ''\"}, emails: [mail]}\n"
    )
    one, file = project_of(tmp_path, text), tmp_path / "q.csv"
    columns = ("id", "company", "born", "person", "mail")
    with running(one) as run:
        land(run, 1, columns, [("1", "甲公司", "x", "张三", "y"), ("2", "乙公司", "", "", "")],
             source="crm", extract="customers")  # fmt: skip
        brought_up(run, "customers")
    [row] = exported(one, file)
    assert {"birth_date", "emails"} <= {part.split(":")[0] for part in row["[advice]"].split(" | ")}
    done = replayed(one, corrected(file, lambda row: row | {"born": "2000-01-02", "person": "", "mail": ""}))
    assert dict(done.corrected) == {"crm.customers": 1}
    with running(one) as run:
        brought_up(run, "customers")
        assert current(run, "customers", "name", "birth_date") == [
            ("1", "甲公司", day(2).replace(year=2000)), ("2", "乙公司", None),
        ]  # fmt: skip
        loads = content(run, LOADS).select("extract", "delivered_count", "loaded_count").rows()
        assert loads == [("customers", 2, 2), ("customers_contact", 0, 0)]
        assert states(run) == [("1", 1, "applied", 1)]
    assert open_lines(one) == []


@pytest.mark.parametrize("load", ["full", "incremental"])
def test_a_row_that_passes_after_a_rule_change_is_released(tmp_path: Path, load: str) -> None:
    """A row held back long ago is loaded as soon as its rule is switched off, and leaves the quarantine by itself."""
    one = project(tmp_path, load)
    rows = [[GOOD, BAD], [GOOD, *([BAD] if load == "full" else [])], [GOOD, *([BAD] if load == "full" else [])]]
    with running(one) as run:
        for number, delivered in enumerate(rows, start=1):
            land(run, number, COLUMNS, delivered)
        brought_up(run)
        assert current(run) == [("1",)]
    assert open_lines(one) == [("products", 3 if load == "full" else 1, 3)]
    suite = one.root / "expectations" / "std.products.json"
    suite.parent.mkdir()
    rule = '{"meta": {"rule_id": "products.product_code_present", "disabled": true}}'
    suite.write_text(f'{{"name": "std.products", "expectations": [{rule}]}}')
    with running(one) as run:
        loads = brought_up(run)
        assert loads["quarantined_count"].to_list() == [0, 0, 0]
        assert current(run) == [("1",), ("2",)]
    assert open_lines(one) == []


@pytest.mark.parametrize("load", ["full", "incremental"])
def test_open_rows_are_those_that_still_matter(tmp_path: Path, load: str) -> None:
    """A rejected row is open until its record comes anew or, in full deliveries, is delivered no more."""
    one = project(tmp_path, load)
    with running(one) as run:
        land(run, 1, COLUMNS, [GOOD, BAD, KEYLESS, NULLED, ("5", "", "1")])
        brought_up(run)
        assert open_lines(one) == [("products", 1, line) for line in (3, 4, 5, 6)]
        land(run, 2, COLUMNS, [BAD, KEYLESS, NULLED, ("1", "", "1"), ("5", "E", "1")])
        brought_up(run)
        # The nulled row is loaded since the first day; all others came again.
        assert open_lines(one) == [("products", 1, 5), ("products", 2, 2), ("products", 2, 3), ("products", 2, 5)]
        land(run, 3, COLUMNS, [("4", "D", "5"), GOOD])
        brought_up(run)
        # Of the first record the row of the first day came again; nothing tells that apart from its not coming.
        left = [("products", 2, 2), ("products", 2, 3), ("products", 2, 5)]
        assert open_lines(one) == ([] if load == "full" else left)


def test_identical_rows_are_corrected_together(tmp_path: Path) -> None:
    """Rows with equal cells are one line, and what is corrected in it is corrected in each of them."""
    one, file = project(tmp_path), tmp_path / "q.csv"
    with running(one) as run:
        land(run, 1, COLUMNS, [GOOD, KEYLESS, KEYLESS])
        brought_up(run)
    assert len(exported(one, file)) == 1
    replayed(one, corrected(file, lambda row: row | {"id": "3"}))
    with running(one) as run:
        assert brought_up(run).select(FATES).rows() == [(3, 2, 0, 0, 1)]
        assert states(run) == [(None, 1, "applied", 2)]


def test_a_crash_between_landing_and_deciding_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells landed without a decision change nothing; the same file again is decided, once."""
    one, file = project(tmp_path), tmp_path / "q.csv"
    with running(one) as run:
        land(run, 1, COLUMNS, [GOOD, BAD])
        brought_up(run)
    exported(one, file)
    corrected(file, with_codes(k2="B"))
    with monkeypatch.context() as patch:
        patch.setattr(Decisions, "append", _die)
        with pytest.raises(KeyboardInterrupt):
            replayed(one, file)
    with running(one) as run:
        assert brought_up(run).is_empty()
    assert replayed(one, file).replay is not None
    shutil.rmtree(one.state / "history" / "audit")  # as if it had died once more, behind the decision
    again = replayed(one, file)
    assert again.is_known
    assert [told["number"] for told in audited(one)] == [1]
    with running(one) as run:
        brought_up(run)
        assert states(run) == [("2", 1, "applied", 1)]


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_decisions_without_their_cells_stop_the_run(tmp_path: Path) -> None:
    """A decision whose landed cells are gone stops the run with advice, and loads nothing in their place."""
    one, file = project(tmp_path), tmp_path / "q.csv"
    with running(one) as run:
        land(run, 1, COLUMNS, [GOOD, BAD])
        brought_up(run)
    exported(one, file)
    replayed(one, corrected(file, with_codes(k2="B")))
    shutil.rmtree(one.state / "landing" / "erp" / "products" / "corrections")
    with running(one) as run, pytest.raises(PipelineError, match="cells of 1 corrections"):
        apply_entity(run, "products")


def test_without_corrections_nothing_is_applied_again(tmp_path: Path) -> None:
    """Deliveries of an extract that nobody corrected keep their recipe when another extract is corrected."""
    text = PRODUCTS.replace("LOAD", "full")
    one, file = project_of(tmp_path, text + text[text.index("  erp:") :].replace("erp:", "web:")), tmp_path / "q.csv"
    with running(one) as run:
        for source in ("erp", "web"):
            land(run, 1, COLUMNS, [GOOD, BAD], source=source)
        brought_up(run)
    assert [row["[source]"] for row in exported(one, file, Chosen(source="web"))] == ["web"]
    replayed(one, corrected(file, with_codes(k2="B")))
    with running(one) as run:
        assert brought_up(run)["source"].to_list() == ["web"]


def test_a_delivery_before_the_corrected_one_stays(tmp_path: Path) -> None:
    """What was landed before the decision and stands for an earlier day is not corrected; what comes later is."""
    one, file = project(tmp_path, "incremental"), tmp_path / "q.csv"
    with running(one) as run:
        land(run, 1, COLUMNS, [BAD])
        land(run, 3, COLUMNS, [BAD])
        brought_up(run)
    exported(one, file)
    replayed(one, corrected(file, with_codes(k2="B")))
    with running(one) as run:
        land(run, 2, COLUMNS, [BAD])
        brought_up(run)
        counts = content(run, LOADS).select("business_date", "quarantined_count").rows()
        assert counts == [(day(1), 1), (day(2), 0), (day(3), 0)]
