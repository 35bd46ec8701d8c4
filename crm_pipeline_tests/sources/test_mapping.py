"""Claims on the forms of `columns:`, keys of rows, and what an expression may reach."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import ConfigurationError, DeliveryError
from crm_pipeline.settings import Extract
from crm_pipeline.sources.mapping import check_columns, check_expressions, map_rows, named_columns, source_ids
from crm_pipeline.state.landing import LINE

DELIVERED = pl.DataFrame(
    {
        "id": ["1", "2"],
        "类型": [" 个人 ", "x"],
        "姓": ["王", " "],
        "名": [" 小明", "Anna"],
        "手机": ["138", ""],
        "电话": ["021", "010"],
        'o\'clock "x"': ["1", "2"],
        LINE: [2, 3],
    }
)


def extract_of(columns: dict[str, Any], **more: Any) -> Extract:
    return Extract.model_validate(
        {"entity": "customers", "read": {"file": "x"}, "primary_key": "id", "columns": columns, **more}
    )


def mapped(columns: dict[str, Any], frame: pl.DataFrame = DELIVERED, **more: Any) -> pl.DataFrame:
    return map_rows(frame, extract_of(columns, **more), source="crm")


def _pairs(**values: str) -> list[dict[str, str]]:
    return [{"namespace": namespace, "value": value} for namespace, value in values.items()]


FORMS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "column": ({"name": "名"}, [" 小明", "Anna"]),
    "column as a form": ({"name": {"column": "名"}}, [" 小明", "Anna"]),
    "columns": ({"name": ["姓", "名"]}, ["王 小明", "Anna"]),
    "values": ({"kind": {"column": "类型", "values": {"个人": "person"}}}, ["person", "x"]),
    "constant": ({"country": {"constant": "CN"}}, ["CN", "CN"]),
    "expression": ({"name": {"expression": "upper(名) || id"}}, [" 小明1", "ANNA2"]),
    "expression over odd names": ({"name": {"expression": "\"o'clock \"\"x\"\"\" || '!'"}}, ["1!", "2!"]),
    "expression that is null": ({"name": {"expression": "nullif(id, '1')"}}, [None, "2"]),
    "list of one": ({"phones": "手机"}, [["138"], [""]]),
    "list": ({"phones": ["手机", "电话"]}, [["138", "021"], ["", "010"]]),
    "list from an expression": ({"phones": {"expression": "id || 手机"}}, [["1138"], ["2"]]),
    "namespaces": (
        {"external_ids": {"erp": "手机", "web": {"expression": "'w' || id"}, "all": {"constant": "x"}}},
        [_pairs(erp="138", web="w1", all="x"), _pairs(erp="", web="w2", all="x")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("columns", "values"), FORMS.values(), ids=[*FORMS])
def test_form(columns: dict[str, Any], values: list[Any]) -> None:
    """Each form gives its value row for row, text as delivered."""
    frame = mapped(columns)
    assert frame.columns == [LINE, *columns]
    assert frame[next(iter(columns))].to_list() == values
    assert frame[LINE].to_list() == [2, 3]


@pytest.mark.parametrize(("columns", "values"), FORMS.values(), ids=[*FORMS])
def test_form_without_rows(columns: dict[str, Any], values: list[Any]) -> None:
    """Each form maps no rows to no rows of the same types."""
    none = mapped(columns, DELIVERED.clear())
    assert none.height == 0
    assert none.schema == mapped(columns).schema


def test_customer_reference() -> None:
    """A reference becomes the record key it stands for, in this source's customers or the extract named, or null."""
    frame = DELIVERED.with_columns(pl.Series("kunde", [" 7 ", " "]))
    own = map_rows(frame, extract_of({"customer": "kunde"}, entity="orders"), source="crm")
    assert own["customer_record_key"].to_list() == ["crm/customers/7", None]
    form = {"column": "kunde", "extract": "erp.accounts"}
    other = map_rows(frame, extract_of({"customer": form}, entity="orders"), source="crm")
    assert other["customer_record_key"].to_list() == ["erp/accounts/7", None]


def test_extra_columns() -> None:
    """Own columns come through under the user's names."""
    frame = mapped({"name": "名"}, extra_columns={"level": "类型"})
    assert frame["level"].to_list() == [" 个人 ", "x"]


def test_named_columns() -> None:
    """The columns a mapping names are key, mapped, updated and own ones, once each, without those in expressions."""
    extract = extract_of(
        {
            "name": ["姓", "名"],
            "phones": ["手机", "姓"],
            "city": {"expression": "nobody"},
            "external_ids": {"erp": "电话"},
        },
        updated_at="类型",
        extra_columns={"level": "id"},
    )
    assert named_columns(extract) == ["id", "姓", "名", "手机", "电话", "类型"]


def test_missing_column_with_nearest() -> None:
    """A column that was not delivered is refused with the nearest one that was, and no other cell of the first row."""
    with pytest.raises(DeliveryError) as caught:
        check_columns(["id", "mobile_phone", LINE], extract_of({"phones": "mobile_fone"}), where="crm.customers")
    assert caught.value.expected == "the column mobile_fone"
    assert "Did you mean mobile_phone?" in caught.value.cure
    with pytest.raises(DeliveryError, match=r"found none of that name among 2\. ") as caught:
        check_columns(["王小明", "13800138010", LINE], extract_of({"name": "客户名称"}), where="crm.customers")
    assert "Does it start with a header?" in caught.value.cure
    for cell in ("王小明", "13800138010"):
        assert cell not in str(caught.value)
    with pytest.raises(DeliveryError, match="the column _line"):
        check_columns(["id", LINE], extract_of({"name": "_line"}), where="crm.customers")
    check_columns(["id", "手机", LINE], extract_of({"phones": "手机"}), where="crm.customers")


PARTS = st.text(st.sampled_from("ab|\\ 王"), max_size=4)


@given(st.lists(st.tuples(PARTS, PARTS, PARTS), min_size=2, max_size=20))
@settings(max_examples=150, deadline=None)
def test_source_ids_are_injective(keys: list[tuple[str, str, str]]) -> None:
    """Keys that differ after trimming have different ids, equal ones the same; a blank part makes it null."""
    frame = pl.DataFrame(keys, schema=["a", "b", "c"], orient="row")
    ids = source_ids(frame, ("a", "b", "c")).to_list()
    trimmed = [tuple(part.strip() for part in key) for key in keys]
    assert [value is None for value in ids] == [not all(key) for key in trimmed]
    pairs = {(key, value) for key, value in zip(trimmed, ids, strict=True) if value is not None}
    assert len(pairs) == len({key for key, _ in pairs}) == len({value for _, value in pairs})


def test_source_ids_by_hand() -> None:
    """One column is its trimmed value as it is; several are joined by |, one within a part escaped."""
    frame = pl.DataFrame({"a": [" 1 ", "a|b", "\u3000", None, "a\\"], "b": ["x", "c", "y", "z", "b"]})
    assert source_ids(frame, ("a",)).to_list() == ["1", "a|b", None, None, "a\\"]
    assert source_ids(frame, ("a", "b")).to_list() == ["1|x", "a\\|b|c", None, None, "a\\\\|b"]


@pytest.mark.parametrize(
    "expression",
    [
        "(SELECT content FROM read_text('{file}'))",
        "(SELECT max(x) FROM read_csv('{file}') AS t(x))",
        "(SELECT count(*) FROM glob('{folder}/*'))",
        "(SELECT max(x) FROM read_parquet('https://example.com/x.parquet') AS t(x))",
        "(SELECT 1 FROM '{file}')",
        "getenv('HOME')",
        '1) AS VARCHAR) FROM "=delivered"; SET enable_external_access = true; SELECT CAST((1',
        "1) AS VARCHAR) FROM \"=delivered\"; ATTACH '{folder}/x.duckdb' AS x; SELECT CAST((1",
        '1) AS VARCHAR) FROM "=delivered"; COPY "=delivered" TO \'{folder}/x.csv\'; SELECT CAST((1',
        '1) AS VARCHAR) FROM "=delivered"; INSTALL httpfs; SELECT CAST((1',
        "no_such_column",
        "CAST(名 AS INTEGER)",
        "count(*)",
        "unnest([1, 2])",
        "(",
        '(SELECT max(名) FROM "=delivered")',
        "id IN (SELECT table_name FROM information_schema.tables)",
        "row_number() OVER (ORDER BY id)",
        "max(id)",
        "COLUMNS(*)",
        "read_csv('{file}')",
        "PRAGMA database_list",
        'random()) AS VARCHAR) FROM "=delivered" --',
        "random()",
        "uuid()",
        "now()",
        "current_date",
        "CURRENT_TIMESTAMP",
        "localtime",
        "today()",
        "ago(INTERVAL 1 DAY)",
        "age(DATE '2000-01-01')",
        "date_diff('year', try_cast(名 AS DATE), today())",
        "current_setting('temp_directory')",
        "nextval('x')",
        "id || $1",
        '"=position"',
        '"=DELIVERED"',
        "delivered",
        "md5(delivered::VARCHAR)",
        "current_localtimestamp()",
        "version()",
    ],
)
def test_expression_reaches_nothing(tmp_path: Path, expression: str) -> None:
    """An expression sees the cells of its row: no file, network, setting, clock, chance, other row or table."""
    (tmp_path / "secret.txt").write_text("the secret")
    sql = expression.format(file=tmp_path / "secret.txt", folder=tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        mapped({"name": {"expression": sql}})
    assert caught.value.where == "crm, columns.name"
    for content in ("the secret", "小明", "Anna"):
        assert content not in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["secret.txt"]


def test_a_column_may_be_called_like_a_function() -> None:
    """A delivered column named `today` or `now` is a column and no clock."""
    frame = DELIVERED.with_columns(pl.lit("x").alias("now"), pl.lit("y").alias("Current_Date"))
    assert mapped({"name": {"expression": "now || current_date"}}, frame)["name"].to_list() == ["xy", "xy"]


def test_steady_functions_are_steady() -> None:
    """Every function without arguments that an expression may call gives the same value a moment later."""
    listed = """
        SELECT DISTINCT function_name FROM duckdb_functions()
        WHERE function_type IN ('scalar', 'macro') AND (len(parameters) = 0 OR varargs IS NOT NULL)
    """
    calls = [f"{name}()" for (name,) in duckdb.connect().execute(listed).fetchall() if str(name).isidentifier()]
    allowed = {}
    for call in calls:
        with contextlib.suppress(ConfigurationError):
            allowed[call] = mapped({"name": {"expression": call}})["name"].to_list()
    time.sleep(0.01)
    assert len(allowed) > 1
    assert {call: mapped({"name": {"expression": call}})["name"].to_list() for call in allowed} == allowed


def test_expressions_are_checked_without_rows() -> None:
    """An expression that can't be computed, or differs when computed again, is refused before any row is read."""
    for sql in ("random()", "count(*)", "(SELECT 1)", "row_number() OVER ()"):
        with pytest.raises(ConfigurationError, match=r"columns\.name"):
            check_expressions(["id", LINE], extract_of({"name": {"expression": sql}}), where="crm.customers")
    extract = extract_of({"name": {"expression": "upper(客户)"}, "external_ids": {"erp": {"expression": "id"}}})
    with pytest.raises(ConfigurationError, match=r"columns\.name"):
        check_expressions(["id", LINE], extract, where="crm.customers")
    check_expressions(["id", "客户", LINE], extract, where="crm.customers")
