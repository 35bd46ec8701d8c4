"""Claims on files of corrections: what goes out comes back, what spreadsheets do to it, and what is refused."""

from __future__ import annotations

import csv
import json
import shutil
import stat
from pathlib import Path

import hypothesis
import polars as pl
import pytest
from hypothesis import strategies as st

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish.quarantine import Chosen
from crm_pipeline.publish.spreadsheets import escaped, unescaped
from crm_pipeline.settings import Project, load_project
from crm_pipeline.state.delivery import LINE, Batch, Origin, Unreadable
from crm_pipeline.steps.applying.corrections import standing
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.correcting.correctable import open_rows
from crm_pipeline.steps.correcting.exporting import export_rows
from crm_pipeline.steps.correcting.matching import MEANWHILE, TWICE, UNKNOWN, match
from crm_pipeline.steps.correcting.reading import read_corrected
from crm_pipeline.steps.run import utc_now
from crm_pipeline_tests.steps.building import PRODUCTS, day, land, project_of, running
from crm_pipeline_tests.steps.correcting import (
    Row,
    brought_up,
    corrected,
    current,
    exported,
    lines_of,
    replayed,
    saved,
    sheets_of,
)  # fmt: skip

DATA = Path(__file__).parents[1] / "data"
COLUMNS = ("id", "code", "cost", "备注")
LONG = "123456789012345678"
# What spreadsheets take for something else, in a column that nobody maps.
HARD = (
    "=1+1", "'=1+1", "''x", "+86 138", "-", "@sum", "＝1", "00123", "1e5", "2026-01-05", "TRUE", LONG, " 前后 ", "a\nb",
    'q"u,o;te', "\t=x", "曾㼆𬭸", "#N/A", "_x000D_", "",
)  # fmt: skip


_MADE: dict[tuple[object, ...], Path] = {}


def project(folder: Path, *rows: tuple[str, ...], text: str = PRODUCTS, source: str = "erp") -> Project:
    """A project of which one delivery with these rows was applied and shown to stewards; a copy of the first such."""
    told = (text, source, *rows)
    if told in _MADE:
        shutil.copytree(_MADE[told], folder, dirs_exist_ok=True)
        return load_project(folder)
    one = project_of(folder, text.replace("LOAD", "full"))
    with running(one) as run:
        land(run, 1, COLUMNS, rows, source=source)
        brought_up(run)
    _MADE[told] = Path(shutil.copytree(folder, folder.with_name(f"{folder.name}-as-made")))
    return one


def hard(folder: Path) -> Project:
    return project(folder, *((str(number), "", "1", text) for number, text in enumerate(HARD, start=1)))


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_goes_out_comes_back(tmp_path: Path, suffix: str) -> None:
    """A file replayed as it was exported changes nothing, whatever its cells look like to a spreadsheet."""
    one, file = hard(tmp_path), tmp_path / f"q.{suffix}"
    export_rows(one, file, Chosen())
    done = replayed(one, file)
    assert (done.replay, done.unchanged, done.refused.height) == (None, len(HARD), 0)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_correction_leaves_the_other_cells_alone(tmp_path: Path, suffix: str) -> None:
    """A line of which one cell is corrected keeps all others exactly as they were delivered."""
    one, file = hard(tmp_path), tmp_path / f"q.{suffix}"
    export_rows(one, file, Chosen())
    if suffix == "csv":
        corrected(file, lambda row: row | {"code": f"N{row['id']}"})
    else:
        saved(
            file,
            {name: rows.with_columns(pl.format("N{}", "id").alias("code")) for name, rows in sheets_of(file).items()},
        )
    assert dict(replayed(one, file).corrected) == {"erp.products": len(HARD)}
    with running(one) as run:
        assert apply_entity(run, "products").loads["loaded_count"].to_list() == [len(HARD)]
        assert len(current(run)) == len(HARD)
    cells = [json.loads(text) for text in corrections_of(one)]
    assert {row["备注"] for row in cells} == set(HARD)
    assert all(row["code"] == f"N{row['id']}" for row in cells)


def corrections_of(one: Project) -> list[str]:
    return standing(one)["cells"].to_list()


def test_a_csv_file_is_for_excel(tmp_path: Path) -> None:
    """A CSV file begins with a byte order mark, is UTF-8, and holds no cell that a spreadsheet would compute."""
    one, file = hard(tmp_path), tmp_path / "q.csv"
    export_rows(one, file, Chosen())
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    cells = [row["备注"] for row in lines_of(file)]
    assert "曾㼆𬭸" in cells
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "@", "＝"))]
    assert "'=1+1" in cells
    assert "''=1+1" in cells


payloads = [json.loads(line) for line in (DATA / "csv_injection" / "payloads.jsonl").read_text("utf-8").splitlines()]
KNOWN = sorted({str(value) for told in payloads for value in (told.values() if isinstance(told, dict) else [told])})


@hypothesis.settings(max_examples=60)
@hypothesis.given(st.one_of(st.text(), st.sampled_from(KNOWN), st.text(alphabet="'=+-@\t ＝1")))
def test_hiding_is_undone_exactly(text: str) -> None:
    """Taking off what hides a formula gives back the very text, whatever it was."""
    frame = pl.DataFrame({"text": [text]})
    assert frame.select(unescaped(escaped(pl.col("text")))).item() == text


def test_advice_is_given_in_both_languages(tmp_path: Path) -> None:
    """Each line says which rules were broken and what to do, in English or in Chinese."""
    one, file = project(tmp_path, ("1", "", "x", "")), tmp_path / "q.csv"
    [row] = exported(one, file)
    assert row["[reasons]"] == "products.cost_readable (value) | products.product_code_present (row)"
    assert [part.split(": ")[0] for part in row["[advice]"].split(" | ")] == ["cost", "product_code"]
    assert row["[advice]"].split(" | ")[1].isascii()
    export_rows(one, file, Chosen(), is_chinese=True)
    [row] = lines_of(file)
    assert not row["[advice]"].split(" | ")[1].removeprefix("product_code: ").isascii()


TWO = PRODUCTS + PRODUCTS[PRODUCTS.index("  erp:") :].replace("erp:", "web:")


def test_each_extract_has_a_sheet(tmp_path: Path) -> None:
    """Rows of several extracts go into one workbook, not into one CSV file; chosen, each goes into either."""
    one = project(tmp_path, ("1", "", "1", "甲"), text=TWO)
    with running(one) as run:
        land(run, 1, ("id", "code", "cost", "note"), [("7", "", "1", "乙")], source="web")
        brought_up(run)
    file = tmp_path / "q.xlsx"
    assert dict(export_rows(one, file, Chosen()).rows) == {"erp.products": 1, "web.products": 1}
    sheets = sheets_of(file)
    assert {name: rows.columns[-1] for name, rows in sheets.items()} == {"erp.products": "备注", "web.products": "note"}
    with pytest.raises(ConfigurationError, match=r"--source and --extract"):
        export_rows(one, tmp_path / "q.csv", Chosen())
    assert not (tmp_path / "q.csv").exists()
    assert len(exported(one, tmp_path / "q.csv", Chosen(source="web"))) == 1
    more = {name: rows.with_columns(pl.lit("X").alias("code")) for name, rows in sheets.items()}
    done = replayed(one, saved(file, more | {"Sheet3": pl.DataFrame({"note": ["to do"]})}))
    assert dict(done.corrected) == {"erp.products": 1, "web.products": 1}
    assert done.passed_over == ("Sheet3",)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8"])
def test_a_spreadsheet_may_save_it_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    """A CSV file that a Chinese Excel saved in its own encoding is read as what it is."""
    texts = ("客户的备注写得很长", "另一个产品的说明", "请联系上海分公司")
    one, file = project(tmp_path, *((str(n), "", "1", text) for n, text in enumerate(texts))), tmp_path / "q.csv"
    exported(one, file)
    corrected(file, lambda row: row | ({"code": "新"} if row["id"] == "1" else {}), encoding=encoding)
    done = replayed(one, file)
    assert (dict(done.corrected), done.unchanged, done.refused.height) == ({"erp.products": 1}, 2, 0)
    assert '"另一个产品的说明"' in corrections_of(one)[0]


def test_lines_that_no_longer_match_are_refused(tmp_path: Path) -> None:
    """A row delivered anew since the export is refused with its line; the others are taken over, nothing is lost."""
    one, file = project(tmp_path, *((str(number), "", "1", "") for number in range(1, 4))), tmp_path / "q.csv"
    exported(one, file)
    with running(one) as run:
        land(run, 2, COLUMNS, [("1", "", "1", ""), ("2", "", "8", ""), ("3", "", "9", "")])
        brought_up(run)
    corrected(file, lambda row: row | ({"code": "N"} if row["id"] != "3" else {}))
    done = replayed(one, file)
    assert dict(done.corrected) == {"erp.products": 1}
    assert done.unchanged == 1  # as it was delivered: nobody wanted anything of it
    assert done.refused.rows() == [("", 3, "erp", "products", UNKNOWN)]


def test_a_line_of_a_row_corrected_meanwhile_is_refused(tmp_path: Path) -> None:
    """Of two files exported before either is replayed the second can't undo what the first corrected."""
    one, file, other = project(tmp_path, ("1", "", "1", ""), ("2", "", "1", "")), tmp_path / "q.csv", tmp_path / "r.csv"
    exported(one, file)
    exported(one, other)
    replayed(one, corrected(file, lambda row: row | ({"code": "A"} if row["id"] == "1" else {})))
    done = replayed(one, corrected(other, lambda row: row | {"code": f"B{row['id']}"}))
    assert dict(done.corrected) == {"erp.products": 1}
    assert done.refused["reason"].to_list() == [MEANWHILE]
    again = replayed(one, corrected(file, lambda row: row | ({"code": "B2"} if row["id"] == "2" else {})))
    assert (again.replay, again.unchanged) == (None, 2)


def test_an_old_file_goes_on_being_worked_on(tmp_path: Path) -> None:
    """Lines corrected and replayed before say nothing new; lines corrected since are taken over."""
    one, file = project(tmp_path, ("1", "", "1", ""), ("2", "", "1", "")), tmp_path / "q.csv"
    exported(one, file)
    replayed(one, corrected(file, lambda row: row | ({"code": "A"} if row["id"] == "1" else {})))
    with running(one) as run:
        brought_up(run)
    done = replayed(one, corrected(file, lambda row: row | {"code": {"1": "A", "2": "B"}[row["id"]]}))
    assert (dict(done.corrected), done.unchanged, done.refused.height) == ({"erp.products": 1}, 1, 0)


def test_two_ways_to_correct_a_row_are_refused(tmp_path: Path) -> None:
    """A line copied and corrected otherwise refuses both; copied alike it counts once."""
    one, file = project(tmp_path, ("1", "", "1", ""), ("2", "", "1", "")), tmp_path / "q.csv"
    exported(one, file)
    [first, second] = lines_of(file)
    rows = [first | {"code": "A"}, first | {"code": "B"}, second | {"code": "C"}, second | {"code": "C"}]
    written(file, rows)
    done = replayed(one, file)
    assert dict(done.corrected) == {"erp.products": 1}
    assert done.refused.select("file_line", "reason").rows() == [(2, TWICE), (3, TWICE)]
    assert done.unchanged == 1


def written(file: Path, rows: list[Row]) -> None:
    with file.open("w", newline="", encoding="utf-8-sig") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_lines_that_could_not_be_read_are_shown(tmp_path: Path) -> None:
    """A workbook shows lines without cells in a sheet of their own, which a replay passes over; they are counted."""
    one, file = project_of(tmp_path, PRODUCTS.replace("LOAD", "full")), tmp_path / "q.xlsx"
    rows = pl.DataFrame({"id": ["1"], "code": [""], "cost": ["1"], LINE: [2]})
    with running(one) as run, run.landing.drafting("erp", "products", day(1)) as draft:
        draft.add(Batch(rows, unreadable=(Unreadable(3, "2,甲,=1,too,many".encode(), "5 cells"),)))
        run.landing.commit(
            draft, Origin("产品.csv", "0" * 64, 1, "utf-8"), source="erp", extract="products", business_date=day(1),
            run_id="test", now=utc_now(),
        )  # fmt: skip
        brought_up(run)
    assert export_rows(one, file, Chosen()).unreadable == 1
    [shown] = sheets_of(file)["unreadable lines"].to_dicts()
    assert (shown["file_name"], shown["file_line"], shown["line"]) == ("产品.csv", "3", "2,甲,=1,too,many")
    assert shown["reason"].endswith("found 5 cells")
    done = replayed(one, file)
    assert (done.unchanged, done.passed_over, done.refused.height) == (1, (), 0)


# What was delivered, what the file has in its place, and whether that is taken over.
SPREADSHEET = {
    "a number shown with an exponent": ("13800138010", "1.38001E+10", "refused"),
    "a long number typed where there was none": ("", "1.23457E+17", "refused"),
    "digits beyond the fifteenth": ("", "110105194912310000", "refused"),
    "leading zeros": ("00123", "123", "refused"),
    "the + of a telephone number": ("+85221234567", "85221234567", "refused"),
    "an error of a formula": ("x", "#NAME?", "refused"),
    "a column too narrow for its date": ("2026-01-05", "########", "refused"),
    "a date whose day may be its month": ("2026-01-05", "1/5/2026", "refused"),
    "the same date, year first": ("2026-01-05", "2026/1/5", "unchanged"),
    "the same date, year last": ("2026-01-25", "1/25/2026", "unchanged"),
    "another date": ("2026-01-05", "2026/1/6", "corrected"),
    "a month that is none, corrected": ("2026-13-05", "5/13/2026", "corrected"),
    "another number": ("00123", "00124", "corrected"),
    "a short number with an exponent": ("", "1e5", "corrected"),
}


@pytest.mark.parametrize("case", SPREADSHEET)
def test_damage_of_spreadsheets_is_no_correction(tmp_path: Path, case: str) -> None:
    """What a spreadsheet did to a cell of a CSV file is refused, or known for the same; no message has the value."""
    before, after, fate = SPREADSHEET[case]
    one, file = project(tmp_path, ("1", "", "1", before), ("2", "", "1", "")), tmp_path / "q.csv"
    exported(one, file)
    done = replayed(one, corrected(file, lambda row: row | ({"备注": after} if row["id"] == "1" else {"code": "A"})))
    fates = {"corrected": sum(done.corrected.values()) - 1, "unchanged": done.unchanged, "refused": done.refused.height}
    assert fates == {"corrected": 0, "unchanged": 0, "refused": 0} | {fate: 1}
    for reason in done.refused["reason"]:
        assert "备注" in reason
        assert after not in reason


def test_numbers_of_a_workbook_are_told_from_texts(tmp_path: Path) -> None:
    """In a workbook a long number is refused, and the text of the same digits taken over; zeros may be taken away."""
    one, file = project(tmp_path, ("1", "", "1", ""), ("2", "", "1", "007")), tmp_path / "q.xlsx"
    export_rows(one, file, Chosen())
    [(name, rows)] = sheets_of(file).items()
    numbers = rows.with_columns(pl.lit(110105194912310000).alias("备注"))
    numbers.write_excel(tmp_path / "numbers.xlsx", worksheet=name)
    assert counts(one, tmp_path / "numbers.xlsx") == (0, 2)
    texts = rows.with_columns(pl.Series("备注", ["110105194912310000", "7"]))
    assert counts(one, saved(tmp_path / "texts.xlsx", {name: texts})) == (2, 0)


def counts(one: Project, file: Path) -> tuple[int, int]:
    """Lines that would be accepted and refused."""
    matched = match(read_corrected(file, file.parent).sheets, open_rows(one, Chosen(), {})[0])
    return matched.accepted.height, matched.refused.height


def test_columns_may_go_and_come(tmp_path: Path) -> None:
    """A column taken out of the file keeps its cells; one put in is ignored and said."""
    one, file = project(tmp_path, ("1", "", "1", "甲")), tmp_path / "q.csv"
    exported(one, file)
    corrected(file, lambda row: {k: v for k, v in row.items() if k != "备注"} | {"code": "A", "状态": "done"})
    done = replayed(one, file)
    assert done.ignored_columns == ("状态",)
    assert [json.loads(text)["备注"] for text in corrections_of(one)] == ["甲"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("none.csv", None, "a file"),
        ("q.csv", "a,b\n1,2\n", r"\[source\]"),
        ("q.xlsx", "no workbook", "a workbook"),
        ("q.csv", "", "a header and rows"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: str | None, expected: str) -> None:
    """What is no export is refused as a wrong call, and nothing is decided."""
    one, file = project(tmp_path, ("1", "", "1", ""), ("2", "", "1", "")), tmp_path / name
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=expected):
        replayed(one, file)
    assert not (one.state / "decisions").exists()


def test_nothing_to_export_is_said(tmp_path: Path) -> None:
    """An export without rows writes no file."""
    one = project(tmp_path, ("1", "A", "1", ""))
    with pytest.raises(ConfigurationError, match="rows to correct"):
        export_rows(one, tmp_path / "q.xlsx", Chosen())
    with pytest.raises(ConfigurationError, match=r"\.csv or \.xlsx"):
        export_rows(one, tmp_path / "q.ods", Chosen())
    assert not (tmp_path / "q.xlsx").exists()
