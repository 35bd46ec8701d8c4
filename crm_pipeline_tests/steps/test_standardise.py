"""Claims on applying deliveries: recipes, extracts that come and go, held-back rows, keys, duplicates, counts."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline import quality
from crm_pipeline.errors import QualityError, ReconciliationError
from crm_pipeline.quality.reconcile import FATES
from crm_pipeline.steps.applying import versions as steps_versions
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import LOADS, REJECTIONS, Table, std
from crm_pipeline_tests.steps.building import PRODUCTS, content, day, everything, land, project_of, running

FULL = PRODUCTS.replace("LOAD", "full")
COLUMNS = ("id", "code", "cost")
DELIVERED = [("1", "A", "1.5"), ("2", "B", "x"), ("3", "", "2"), ("", "C", "2"), ("1", "D", "-7")]

CUSTOMERS = """\
version: 1
start_date: 2026-01-01
sources:
  crm:
    extracts:
      customers:
        read: {file: "in/c_{date}.csv"}
        primary_key: [system, id]
        updated_at: changed
        columns:
          name: 姓名
          phones: [手机]
          external_ids: {erp: source_id}
        extra_columns: {vip_level: level}
"""
CUSTOMER_COLUMNS = ("system", "id", "changed", "姓名", "手机", "source_id", "row_hash", "level")


def versions(run: Run, entity: str, *names: str, extra: tuple[str, ...] = ()) -> list[tuple[object, ...]]:
    return content(run, std(entity, extra)).select("source_id", "valid_from", "valid_to", *names).rows()


def test_changed_recipe_replays(tmp_path: Path) -> None:
    """A changed mapping, suite or country counts every row as changed and gives what a new project would have."""
    with running(project_of(tmp_path / "a", FULL)) as run:
        land(run, 1, COLUMNS, DELIVERED)
        land(run, 2, COLUMNS, [("2", "B", "3")])
        apply_entity(run, "products")
    changed = FULL.replace("product_code: code", 'product_code: {expression: "lower(code)"}\n          name: code')
    with running(project_of(tmp_path / "a", changed)) as run:
        assert apply_entity(run, "products").loads.height == 2
        replayed = everything(run, "products")
    assert versions_of(replayed, "product_code") == ["b", "b", "d"]
    with running(project_of(tmp_path / "b", changed)) as run:
        land(run, 1, COLUMNS, DELIVERED)
        land(run, 2, COLUMNS, [("2", "B", "3")])
        apply_entity(run, "products")
        assert everything(run, "products") == replayed
    suite = tmp_path / "b" / "expectations" / "std.products.json"
    suite.parent.mkdir()
    off = {"meta": {"rule_id": "products.cost_not_negative", "disabled": True}}
    suite.write_text(json.dumps({"name": "std.products", "expectations": [off]}))
    with running(project_of(tmp_path / "b", changed)) as run:
        assert apply_entity(run, "products").loads.height == 2
        assert "products.cost_not_negative" not in content(run, REJECTIONS)["rule_id"]
    with running(project_of(tmp_path / "b", changed.replace("version: 1", "version: 1\ndefault_country: US"))) as run:
        assert apply_entity(run, "products").loads.height == 2


def versions_of(tables: dict[str, list[tuple[object, ...]]], name: str) -> list[object]:
    place = std("products").stable_columns.index(name)
    return sorted(map(str, (row[place] for row in tables["products"])))


def test_where_a_file_lies_is_no_recipe(tmp_path: Path) -> None:
    """Another path under `read:` changes nothing that was landed, so nothing is applied again."""
    with running(project_of(tmp_path, FULL)) as run:
        land(run, 1, COLUMNS, DELIVERED)
        apply_entity(run, "products")
    with running(project_of(tmp_path, FULL.replace("in/products", "elsewhere/p"))) as run:
        assert apply_entity(run, "products").loads.is_empty()


TWO = FULL + FULL[FULL.index("  erp:") :].replace("erp:", "web:")


def test_removed_extract_disappears(tmp_path: Path) -> None:
    """An extract that the configuration no longer has leaves std, loads and rejections, and comes back from landing."""
    with running(project_of(tmp_path, TWO)) as run:
        for source in ("erp", "web"):
            land(run, 1, COLUMNS, DELIVERED, source=source)
        apply_entity(run, "products")
        both = everything(run, "products")
    with running(project_of(tmp_path, FULL)) as run:
        assert apply_entity(run, "products").current_count == 2
        for rows in everything(run, "products").values():
            assert rows
            assert not any("web" in row for row in rows)
    with running(project_of(tmp_path, TWO)) as run:
        apply_entity(run, "products")
        assert everything(run, "products") == both


@pytest.mark.parametrize("order", [["customers", "products"], ["products", "customers"]])
def test_extract_of_another_entity(tmp_path: Path, order: list[str]) -> None:
    """An extract whose entity was corrected leaves its old table, whichever table is brought up to date first."""
    with running(project_of(tmp_path, FULL)) as run:
        land(run, 1, COLUMNS, DELIVERED)
        apply_entity(run, "products")
    other = FULL.replace("load: full", "entity: customers").replace("product_code: code", "name: code")
    with running(project_of(tmp_path, other.replace("          cost: cost\n", ""))) as run:
        for entity in order:
            apply_entity(run, entity)
        assert run.warehouse.count(std("products")) == 0
        assert content(run, LOADS)["entity"].to_list() == ["customers"]
        assert set(content(run, REJECTIONS)["entity"]) == {"customers"}
        assert run.warehouse.count(std("customers")) > 0


def test_held_back_row_keeps_last_accepted_version(tmp_path: Path) -> None:
    """A row that is held back leaves the record's last accepted version current, and is reported each day."""
    with running(project_of(tmp_path, FULL)) as run:
        land(run, 1, COLUMNS, [("1", "A", "1")])
        land(run, 2, COLUMNS, [("1", "", "2")])
        land(run, 3, COLUMNS, [("1", "", "2")])
        loads = apply_entity(run, "products").loads
        assert loads["quarantined_count"].to_list() == [0, 1, 1]
        assert loads["deleted_count"].to_list() == [0, 0, 0]
        assert versions(run, "products", "product_code") == [("1", day(1), None, "A")]
        assert content(run, REJECTIONS)["business_date"].to_list() == [day(2), day(3)]


def test_counts_reconcile_and_reasons(tmp_path: Path) -> None:
    """Every delivered row meets one fate, and every reason names its row, cell and advice."""
    with running(project_of(tmp_path, FULL)) as run:
        land(run, 1, COLUMNS, DELIVERED)
        load = apply_entity(run, "products").loads.row(0, named=True)
        assert load["delivered_count"] == sum(load[fate] for fate in FATES) == 5
        assert [load[fate] for fate in FATES] == [2, 0, 2, 1, 0]
        assert (load["nulled_count"], load["flagged_count"]) == (2, 0)
        rows = (
            content(run, REJECTIONS).select("line", "source_id", "rule_id", "severity", "column_name", "value").rows()
        )
        assert rows == [
            (2, "1", "products.primary_key_unique", "duplicate", "source_id", "1"),
            (3, "2", "products.cost_readable", "value", "cost", "x"),
            (4, "3", "products.product_code_present", "row", "product_code", None),
            (5, None, "products.source_id_present", "row", "source_id", None),
            (6, "1", "products.cost_not_negative", "value", "cost", "-7"),
        ]
        assert content(run, REJECTIONS)["reason"].str.len_chars().min() > 20
        assert json.loads(content(run, REJECTIONS)["row_delivered"][1]) == {"id": "2", "code": "B", "cost": "x"}


def test_lost_row_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a row is lost between two counts, the delivery is not applied at all."""
    with running(project_of(tmp_path, FULL)) as run:
        land(run, 1, COLUMNS, [("1", "A", "1")])
        monkeypatch.setattr(steps_versions, "changed_rows", lambda *_: iter(()))  # one row less than there is
        with pytest.raises(ReconciliationError, match=r"erp\.products of 2026-01-01"):
            apply_entity(run, "products")
        assert (
            run.warehouse.count(LOADS) == run.warehouse.count(std("products")) == run.warehouse.count(REJECTIONS) == 0
        )


def test_failure_in_the_middle_leaves_whole_deliveries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that fails at the second delivery has applied the first whole, the second not at all; the next one ends."""
    original = quality.judge
    calls: list[int] = []

    def fail_once(frame: pl.DataFrame, suite: quality.Suite) -> quality.Judgement:
        calls.append(1)
        if len(calls) == 3:  # the contract check counts too
            raise QualityError(where="test", expected="a", found="b", cure="c")
        return original(frame, suite)

    with running(project_of(tmp_path, FULL)) as run:
        land(run, 1, COLUMNS, DELIVERED)
        land(run, 2, COLUMNS, [("1", "Z", "1")])
        with monkeypatch.context() as patch:
            patch.setattr(quality, "judge", fail_once)
            with pytest.raises(QualityError):
                apply_entity(run, "products")
        assert content(run, LOADS)["business_date"].to_list() == [day(1)]
        apply_entity(run, "products")
        resumed = everything(run, "products")
    with running(project_of(tmp_path / "b", FULL)) as run:
        land(run, 1, COLUMNS, DELIVERED)
        land(run, 2, COLUMNS, [("1", "Z", "1")])
        apply_entity(run, "products")
        assert everything(run, "products") == resumed


@pytest.mark.parametrize("table", [LOADS, REJECTIONS, std("products")], ids=lambda table: table.name)
def test_lost_table_is_derived_again(tmp_path: Path, table: Table) -> None:
    """Whichever of std, loads and rejections was lost, all three are again what a new project would have."""
    with running(project_of(tmp_path, FULL)) as run:
        land(run, 1, COLUMNS, DELIVERED)
        land(run, 2, COLUMNS, [("2", "B", "3")])
        apply_entity(run, "products")
        before = everything(run, "products")
        run.warehouse.execute(f"DROP TABLE {table.qualified}")
        apply_entity(run, "products")
        assert everything(run, "products") == before


def test_any_column_name(tmp_path: Path) -> None:
    """A delivered column may be called as one of ours is: the key in several parts, and each column keeps its cells."""
    rows = [
        ("s", "1", "2026-01-01", "王小明", "13800138010", "E1", "h", "gold"),
        ("s", "2", "", "x", "1", "E2", "h", ""),
    ]
    with running(project_of(tmp_path, CUSTOMERS)) as run:
        land(run, 1, CUSTOMER_COLUMNS, rows, source="crm", extract="customers")
        apply_entity(run, "customers")
        frame = content(run, std("customers", ("vip_level",)))
        assert frame["source_id"].to_list() == ["s|1", "s|2"]
        assert frame["external_ids"].to_list() == [[{"namespace": "erp", "value": f"E{i}"}] for i in (1, 2)]
        assert frame["vip_level"].to_list() == ["gold", None]
        assert frame["record_key"].to_list() == ["crm/customers/s|1", "crm/customers/s|2"]
        delivered = json.loads(content(run, REJECTIONS)["row_delivered"][0])
        assert delivered == dict(zip(CUSTOMER_COLUMNS, rows[1], strict=True))


def test_newest_row_of_a_key_wins(tmp_path: Path) -> None:
    """Of several rows with one key the newest by `updated_at` wins, then the last; one without a time loses."""

    def row(key: str, changed: str, name: str) -> tuple[str, ...]:
        return ("s", key, changed, name, "", "", "", "")

    rows = [
        row("1", "2026-01-03", "newest"), row("1", "2026-01-02", "older"), row("1", "", "none"),
        row("2", "", "first"), row("2", "soon", "last"), row("3", "2026-01-01T00:00:00Z", "utc"),
        row("3", "2026-01-01 07:00", "an hour earlier"),
    ]  # fmt: skip
    with running(project_of(tmp_path, CUSTOMERS)) as run:
        land(run, 4, CUSTOMER_COLUMNS, rows, source="crm", extract="customers")
        load = apply_entity(run, "customers").loads
        assert load["duplicate_count"].to_list() == [4]
        found = versions(run, "customers", "name", extra=("vip_level",))
        assert [name for _, _, _, name in found] == ["newest", "last", "utc"]


def test_same_cells_under_other_names_are_a_change(tmp_path: Path) -> None:
    """A corrected header changes the rows below it; another order of the same columns does not."""
    with running(project_of(tmp_path, FULL)) as run:
        land(run, 1, ("id", "code", "cost"), [("1", "7", "5")])
        land(run, 2, ("id", "cost", "code"), [("1", "7", "5")])
        land(run, 3, ("cost", "code", "id"), [("7", "5", "1")])
        land(run, 4, ("code", "cost", "id", "note"), [("5", "7", "1", "x")])
        land(run, 5, ("code", "cost", "id", "remark"), [("5", "7", "1", "x")])
        loads = apply_entity(run, "products").loads
        assert loads["loaded_count"].to_list() == [1, 1, 0, 1, 1]
        assert [code for _, _, _, code in versions(run, "products", "product_code")] == ["7", "5", "5", "5"]


def test_new_own_column_makes_std_anew(tmp_path: Path) -> None:
    """An own column added to the mapping is filled for every delivery that was landed."""
    columns, rows = ("id", "code", "cost", "level"), [("1", "A", "1", " x "), ("2", "B", "1", "无")]
    with running(project_of(tmp_path, FULL)) as run:
        land(run, 1, columns, rows)
        apply_entity(run, "products")
    with running(project_of(tmp_path, FULL + "        extra_columns: {level: level}\n")) as run:
        apply_entity(run, "products")
        assert [row[3] for row in versions(run, "products", "level", extra=("level",))] == ["x", "无"]


def test_nothing_landed(tmp_path: Path) -> None:
    """With nothing landed std is an empty table and every rule is listed with nothing judged."""
    with running(project_of(tmp_path, FULL)) as run:
        applied = apply_entity(run, "products")
        assert (applied.loads.height, applied.current_count) == (0, 0)
        assert run.warehouse.count(std("products")) == 0
        assert applied.checks["judged_count"].sum() == 0
        assert "products.product_code_present" in applied.checks["rule_id"]
