"""Claims on schema contracts: columns that disappear, appear or change type, and what `on_change` makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract
from crm_pipeline.settings.changes import OnChange
from crm_pipeline.sources.mapped_columns import absent_columns, mapped_columns
from crm_pipeline.state.delivery import Delivery, Origin
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.landing.contracts import Contract, schema_changes
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline.tables import LOADS
from crm_pipeline_tests.steps.building import content, day, deliver, project_of, running

TEXT = """\
version: 1
start_date: 2026-01-01
timezone: UTC
sources:
  crm:
    extracts:
      customers:
        read: {file: "in/c_{date}.csv"}
        primary_key: id
        on_change: ON_CHANGE
        columns: {name: 姓名, phones: [手机], city: {expression: "upper(Ort)"}}
"""
DEFAULT = "{}"


def extract_of(**keys: object) -> Extract:
    """An extract that maps 姓名, 手机 and, in an expression, Ort."""
    columns = {"name": "姓名", "phones": ["手机"], "city": {"expression": 'upper("Ort")'}}
    return Extract.model_validate(
        {"entity": "customers", "read": {"file": "x.csv"}, "primary_key": "id", "columns": columns, **keys}
    )


def delivery(number: int, columns: Sequence[str], types: dict[str, str] | None = None) -> Delivery:
    """A delivery of that day with these columns."""
    origin = Origin("x.csv", str(number), 1, types=types or {})
    now = datetime.now(UTC).replace(tzinfo=None)
    return Delivery(
        "crm", "customers", day(number), 1, 1, tuple(columns), origin, now, "r", None, None, Path("x.parquet")
    )


BEFORE = ("id", "姓名", "手机", "ort", "备注")


def test_what_differs() -> None:
    """Each changed column is told once, in one line with names and types only; a rename shows a likely new name."""
    before = delivery(1, BEFORE, {"id": "INTEGER", "备注": "VARCHAR"})
    now = ("手机号", "id", "姓名", "ort", "vip")
    changes = schema_changes(before, now, {"id": "VARCHAR", "vip": "BOOLEAN"}, extract_of())
    assert [str(change) for change in changes] == [
        "removed 手机, did you mean 手机号?",
        "removed 备注",
        "added 手机号",
        "added vip",
        "type of id: VARCHAR, was INTEGER",
    ]
    assert [change.handling for change in changes] == ["stop", "keep", "keep", "keep", "warn"]
    assert schema_changes(before, BEFORE[::-1], {}, extract_of()) == ()


@pytest.mark.parametrize(
    ("on_change", "expected"),
    [
        ("stop", ["stop"] * 5),
        ("warn", ["warn"] * 5),
        ({"removed": "keep"}, ["keep", "keep", "keep", "keep", "warn"]),
        ({"added": "stop", "type": "keep"}, ["stop", "keep", "stop", "stop", "keep"]),
    ],
)
def test_handling(on_change: object, expected: list[str]) -> None:
    """One word holds for all kinds of change, a word for one kind for that kind; the others keep their defaults."""
    before = delivery(1, BEFORE, {"id": "INTEGER"})
    extract = extract_of(on_change=on_change)
    changes = schema_changes(before, ("id", "姓名", "ort", "手机号", "vip"), {"id": "VARCHAR"}, extract)
    assert [change.handling for change in changes] == expected


def test_default_of_on_change() -> None:
    """A mapped column that disappears stops; others and new ones are kept; another type is warned of."""
    default = OnChange()
    handlings = (default.of_removed(is_mapped=True), default.of_removed(is_mapped=False), default.added, default.type)
    assert handlings == ("stop", "keep", "keep", "warn")


@pytest.mark.parametrize("missing", ["手机", "ort"])
def test_mapped_column_that_disappears_stops(missing: str) -> None:
    """A missing mapped column, in an expression too, is refused with the day that last had it and how to go on."""
    earlier = [delivery(1, BEFORE), delivery(2, BEFORE)]
    columns = [name for name in BEFORE if name != missing]
    with pytest.raises(DeliveryError, match=f"the column {missing}, which the delivery of 2026-01-02 had") as refused:
        Contract(extract_of(), earlier, "crm.customers").accepted(columns, {})
    assert "on_change: {removed: keep}" in str(refused.value)
    kept = Contract(extract_of(on_change={"removed": "keep"}), earlier, "crm.customers")
    assert [str(change) for change in kept.accepted(columns, {})] == [f"removed {missing}"]
    again = Contract(kept.extract, [*earlier, delivery(3, columns)], "crm.customers")
    assert again.accepted(columns, {}) == ()


def test_key_that_disappears_always_stops() -> None:
    """Without its key no row can be found again: `on_change` can't allow it."""
    contract = Contract(extract_of(on_change="keep"), [delivery(1, BEFORE)], "crm.customers")
    with pytest.raises(DeliveryError, match="key column id") as refused:
        contract.accepted(BEFORE[1:], {})
    assert "on_change" not in str(refused.value)


def test_column_that_never_came() -> None:
    """A mapped column that no delivery ever had is a mistake in the mapping, whatever `on_change` says."""
    contract = Contract(extract_of(on_change="keep"), [delivery(1, ("id", "姓名", "ort"))], "crm.customers")
    with pytest.raises(DeliveryError, match="the column 手机; found none"):
        contract.accepted(("id", "姓名", "ort"), {})


def test_columns_of_expressions() -> None:
    """Columns in expressions count as mapped, without regard to case; a lambda's parameter is none that is absent."""
    columns = {"name": {"expression": "list_transform([Vor, nach], x -> trim(x))[1]"}}
    extract = Extract.model_validate(
        {"entity": "customers", "read": {"file": "x.csv"}, "primary_key": "id", "columns": columns}
    )
    assert set(mapped_columns(extract)) >= {"id", "Vor", "nach"}
    assert absent_columns(("id",), extract, {"id", "VOR", "nach"}) == ("VOR", "nach")
    assert absent_columns(("id", "vor"), extract, {"id", "nach"}) == ("nach",)


def land_and_apply(folder: Path, on_change: str, files: dict[int, str]) -> dict[str, pl.DataFrame]:
    """The current customers and the loads after the files were landed day by day and applied."""
    project = project_of(folder, TEXT.replace("ON_CHANGE", on_change))
    for number, text in files.items():
        deliver(project, f"c_2026-01-{number:02}.csv", text)
    with running(project) as run:
        for number in files:
            land_extract(run, "crm", "customers", [day(number)])
        apply_entity(run, "customers")
        names = "source_id, name, phones, city"
        current = run.warehouse.frame(f"SELECT {names} FROM std.customers WHERE valid_to IS NULL ORDER BY 1")
        return {"customers": current, "loads": content(run, LOADS)}


FIRST = "id,姓名,手机,ort\n1,Anna,13800138010,Bern\n2,Otto,,Chur\n"


@pytest.mark.parametrize("on_change", ["{removed: keep}", "warn"])
def test_kept_column_is_null_from_then_on(tmp_path: Path, on_change: str) -> None:
    """With keep or warn the delivery is landed, what it lacks is null from its date on, and the change is told."""
    found = land_and_apply(tmp_path, on_change, {1: FIRST, 2: "id,姓名,telefon\n1,Anna,13800138010\n2,Otto,\n"})
    assert found["customers"].rows() == [("1", "Anna", None, None), ("2", "Otto", None, None)]
    assert found["loads"]["schema_changes"].to_list() == [[], ["removed 手机", "removed ort", "added telefon"]]


def test_new_mapping_reads_old_deliveries(tmp_path: Path) -> None:
    """A mapping of a column that only newer deliveries have is null for the older ones, which are applied again."""
    text = TEXT.replace("ON_CHANGE", DEFAULT)
    project = project_of(tmp_path, text)
    deliver(project, "c_2026-01-01.csv", FIRST)
    deliver(project, "c_2026-01-02.csv", "id,姓名,手机,ort,vip\n1,Anna,,Bern,gold\n")
    with running(project) as run:
        for number in (1, 2):
            land_extract(run, "crm", "customers", [day(number)])
        apply_entity(run, "customers")
    extended = project_of(tmp_path, text + "        extra_columns: {vip_level: vip}\n")
    with running(extended) as run:
        apply_entity(run, "customers")
        rows = run.warehouse.execute("SELECT source_id, valid_from, vip_level FROM std.customers ORDER BY 1, 2")
    assert rows == [("1", day(1), None), ("1", day(2), "gold"), ("2", day(1), None)]


def test_stopped_delivery_is_not_landed(tmp_path: Path) -> None:
    """A delivery that `on_change` stops leaves nothing behind, and the next good one is compared with the last good."""
    project = project_of(tmp_path, TEXT.replace("ON_CHANGE", "stop"))
    deliver(project, "c_2026-01-01.csv", FIRST)
    deliver(project, "c_2026-01-02.csv", "id,姓名,手机,ort,vip\n1,Anna,,Bern,gold\n")
    deliver(project, "c_2026-01-03.csv", FIRST.replace("Anna", "Anne"))
    with running(project) as run:
        land_extract(run, "crm", "customers", [day(1)])
        with pytest.raises(DeliveryError, match="added vip"):
            land_extract(run, "crm", "customers", [day(2)])
        land_extract(run, "crm", "customers", [day(3)])
        landed = run.landing.deliveries("crm", "customers")
    assert [(d.business_date, d.schema_changes) for d in landed] == [(day(1), ()), (day(3), ())]


def test_warnings_are_remembered(tmp_path: Path) -> None:
    """What `warn` is about is in the delivery's entry, apart from what is merely recorded."""
    project = project_of(tmp_path, TEXT.replace("ON_CHANGE", "{added: warn}"))
    deliver(
        project, "c_2026-01-01.csv", FIRST.replace("ort", "ort,x").replace("Bern", "Bern,").replace("Chur", "Chur,")
    )
    deliver(
        project, "c_2026-01-02.csv", FIRST.replace("ort", "ort,y").replace("Bern", "Bern,").replace("Chur", "Chur,")
    )
    with running(project) as run:
        for number in (1, 2):
            land_extract(run, "crm", "customers", [day(number)])
        second = run.landing.deliveries("crm", "customers")[1]
    assert second.schema_changes == ("removed x", "added y")
    assert second.schema_warnings == ("added y",)
