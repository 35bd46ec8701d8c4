"""Claims on the first mapping that files suggest: near to what people wrote, fit for `check`, and it runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError, DeliveryError
from crm_pipeline.generator import Plan
from crm_pipeline.settings import Extract, load_project
from crm_pipeline.sources.mapping import all_forms
from crm_pipeline.steps.days import business_today
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline.steps.looking.check import check_project, default_day
from crm_pipeline.steps.starting.first_configuration import first_configuration
from crm_pipeline.steps.starting.given_files import extracts_of, first_run
from crm_pipeline.steps.starting.project import create_from, create_generated, create_project
from crm_pipeline.warehouse.expression_columns import expression_columns
from crm_pipeline_tests import projects
from crm_pipeline_tests.steps.building import running

TODAY = date(2026, 3, 9)
LEAST = 0.9  # of the columns that people mapped; 97 % when this was written

Meaning = tuple[str, str]


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def suggested(folder: Path, *files: Path) -> Path:
    """A new project out of files."""
    text, _ = first_configuration(files, folder, TODAY)
    create_from(folder, text)
    return folder


def meanings(extract: Extract) -> set[Meaning]:
    """Standard and delivered column of everything that is mapped; shared identifiers are the key's or others."""
    found = set()
    for name, form in all_forms(extract):
        standard = name if name.startswith("contact.") else name.split(".")[0]
        named = form.delivered_columns or expression_columns(form.expression or "")
        # One column holds both numbers: what is one of them for Chinese organisations is the other for the rest.
        found |= {("tax_id" if standard == "organisation_id" else standard, column) for column in named}
    return found


def agreement(folder: Path, theirs: Path) -> tuple[int, int]:
    """Of the columns that people mapped in `folder`, how many are mapped so in `theirs`, and how many there are."""
    proposed: dict[tuple[str, str | None], Extract] = {}
    for _, _, extract in load_project(theirs).config.extracts:
        proposed[Path(extract.read.file).name, getattr(extract.read, "sheet", None)] = extract  # type: ignore[union-attr]  # files
    hits, total = 0, 0
    for _, _, extract in load_project(folder).config.extracts:
        wanted = meanings(extract)
        other = proposed[Path(extract.read.file).name, extract.read.sheet]  # type: ignore[union-attr]  # files
        keys = {("external_ids", column) for column in other.primary_key}
        hits += len(wanted & (meanings(other) | keys)) if other.entity == extract.entity else 0
        total += len(wanted)
    return hits, total


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Extracts of four systems for two days, with the mapping that people wrote."""
    folder = tmp_path_factory.mktemp("generated")
    create_generated(folder, Plan(600, 2, 1))
    return folder


def test_suggestions_agree_with_people(generated: Path, tmp_path: Path) -> None:
    """Of all columns that the shipped examples map, at least nine in ten are suggested so; `check` finds it all fit."""
    create_project(tmp_path / "demo", "demo")
    hits, total = 0, 0
    for theirs, day in ((generated, date(2026, 3, 2)), (tmp_path / "demo", date(2026, 1, 28))):
        made = suggested(tmp_path / f"from_{theirs.name}", *sorted((theirs / "extracts").glob("*/*/*.*")))
        found, mapped = agreement(theirs, made)
        hits, total = hits + found, total + mapped
        checked = check_project(load_project(made), day)
        assert [item for item in checked if item.error] == []
    assert hits / total >= LEAST, f"{hits} of {total}"


def test_what_several_files_share(generated: Path, tmp_path: Path) -> None:
    """Keys of one system that another one holds are shared identifiers, references name the extract they point at."""
    files = sorted((generated / "extracts").glob("*/*/*.*"))
    config = load_project(suggested(tmp_path / "made", *files)).config
    crm, users = config.sources["customers"].extracts["customers"], config.sources["users"].extracts["customers"]
    partners = config.sources["partners"].extracts["customers"]
    assert crm.columns["external_ids"] == {"customers_number": "客户编号"}
    assert users.columns["external_ids"]["customers_number"] == "memberCard"
    assert partners.columns["external_ids"] == {"customers_number": "CRM_NO"}
    assert config.sources["billing"].extracts["orders"].form("customer").extract == "partners.customers"
    assert config.sources["support"].extracts["tickets"].columns["customer"] == "客户编号"
    assert crm.contact == {"name": "联系人", "phones": ["联系人手机"]}
    assert users.form("kind").values == {"personal": "person", "business": "organisation"}
    assert partners.form("kind").values == {"1": "person", "2": "organisation"}
    assert (crm.load, users.load) == ("full", "incremental")  # two days were compared
    assert (crm.updated_at, crm.primary_key) == ("更新时间", ("客户编号",))


@pytest.mark.slow
def test_a_suggested_project_runs(generated: Path, tmp_path: Path) -> None:
    """`init --from` with the files of four systems makes a project that runs to its end."""
    folder, files = tmp_path / "made", sorted(map(str, (generated / "extracts").glob("*/2026-03-02/*.*")))
    made = projects.crm_pipeline("init", str(folder), "--from", *files)
    assert made.returncode == 0, made.stderr
    run = projects.crm_pipeline("run", "--project", str(folder), "--date", "2026-03-02")
    assert run.returncode in {0, 1}, run.stderr
    assert (folder / "published/crm.duckdb").exists()


def test_small_numbers_are_no_shared_identifiers(tmp_path: Path) -> None:
    """Keys that are plain small numbers are in every system and mean somebody else in each: nothing is shared."""
    names = "".join(f"{n},张{'伟娜芳敏'[n % 4]}明\n" for n in range(1, 60))
    crm = write(tmp_path / "crm.csv", f"客户编号,姓名\n{names}")
    web = write(tmp_path / "web.csv", f"用户id,姓名\n{names}")
    for source in load_project(suggested(tmp_path / "made", crm, web)).config.sources.values():
        for extract in source.extracts.values():
            assert "external_ids" not in extract.columns


DATED = {
    "in/customers_20260105.csv": ("in/customers_{date:%Y%m%d}.csv", date(2026, 1, 5), "customers"),
    "in/2026-01-05/users.csv": ("in/{date}/users.csv", date(2026, 1, 5), "users"),
    "in/2026/01/05/kunden.csv": ("in/{date:%Y/%m/%d}/kunden.csv", date(2026, 1, 5), "kunden"),
    "in/客户_2026_01_05.csv": ("in/客户_{date:%Y_%m_%d}.csv", date(2026, 1, 5), "customers"),
    "in/a{b}.csv": ("in/a{{b}}.csv", None, "a_b"),
    "in/20261399.csv": ("in/20261399.csv", None, "source"),
    "in/order-2026-01-05.csv": ("in/order-{date}.csv", date(2026, 1, 5), "order"),
}


@pytest.mark.parametrize("name", DATED)
def test_dates_in_names(tmp_path: Path, name: str) -> None:
    """A date in a path becomes a placeholder, the rest names the source; what is no date stays."""
    file = write(tmp_path / name, "id,姓名\n1,张伟\n")
    [given] = extracts_of([file], tmp_path)
    pattern, day, source = DATED[name]
    assert (given.pattern, given.source, given.files) == (pattern, source, ((day, file),))


def test_files_of_one_name_are_one_extract(tmp_path: Path) -> None:
    """Days of one extract are put together, equal names in other folders are other sources; paths outside are whole."""
    names = ["a/c_20260105.csv", "a/c_20260106.csv", "b/c.csv"]
    files = [write(tmp_path / "outside" / name, "id\n1\n") for name in names]
    given = extracts_of([*files, files[0]], tmp_path / "project")
    assert [(each.source, [day for day, _ in each.files]) for each in given] == [
        ("c", [date(2026, 1, 5), date(2026, 1, 6)]),
        ("b_c", [None]),
    ]
    assert given[0].pattern == str(tmp_path / "outside/a/c_{date:%Y%m%d}.csv")


def test_one_dated_file_beside_others(tmp_path: Path) -> None:
    """A single dated file beside files without dates is read as it is, so that one run loads all; a comment says so."""
    crm = write(tmp_path / "客户_20260105.csv", "客户编号,姓名\nK1,张伟\nK2,李娜\n")
    orders = write(tmp_path / "订单.csv", "订单号,客户编号,下单日期\nO1,K1,2026-01-02\nO2,K2,2026-01-03\n")
    given = extracts_of([crm, orders], tmp_path)
    assert [(each.pattern, each.files[0][0]) for each in given] == [("客户_20260105.csv", None), ("订单.csv", None)]
    assert first_run(given) == ""
    folder = suggested(tmp_path / "made", crm, orders)
    project = load_project(folder)
    text = (folder / "pipeline.yaml").read_text(encoding="utf-8")
    assert f"for a file a day: {tmp_path / '客户_{date:%Y%m%d}.csv'}" in text
    assert [item for item in check_project(project, default_day(project)) if item.error] == []
    today = [business_today(project)]
    with running(project) as run:
        for source, name, _ in project.config.extracts:
            assert [item.is_new for item in land_extract(run, source, name, today)] == [True]


def test_which_run_loads_the_files(tmp_path: Path) -> None:
    """One day, a range of days, or a range that ends today where a file without a date is among them."""
    days = [write(tmp_path / f"c_2026-01-0{number}.csv", "id\n1\n") for number in (6, 5)]
    plain = write(tmp_path / "orders.csv", "id\n1\n")
    assert first_run(extracts_of(days[:1], tmp_path)) == "--date 2026-01-06"
    assert first_run(extracts_of(days, tmp_path)) == "--from 2026-01-05 --to 2026-01-06"
    assert first_run(extracts_of([*days, plain], tmp_path)) == "--from 2026-01-05"
    assert first_run(extracts_of([plain], tmp_path)) == ""


def test_check_counts_columns_as_init_does(generated: Path, tmp_path: Path) -> None:
    """`init` and `check` say the same of how many delivered columns are used, keys and times among them."""
    files = sorted((generated / "extracts").glob("*/2026-03-02/*.*"))
    text, extracts = first_configuration(files, tmp_path, TODAY)
    create_from(tmp_path, text)
    told = {item.subject: item.detail for item in check_project(load_project(tmp_path), date(2026, 3, 2))}
    for each in extracts:
        counted = f"{len(each.delivered)} columns, {each.mapped_count} mapped"
        assert told[f"{each.given.source}.{each.name}"].endswith(counted), counted
    assert any(each.unmapped for each in extracts)


def test_odd_names_are_written_so_that_they_are_read_again(tmp_path: Path) -> None:
    """Column names that YAML or SQL could take for something else come through."""
    header = 'id,"name: x",yes,"a ""quoted"" NAME1","a ""quoted"" NAME2",# email,123'
    rows = "".join(f"{n},x,y,Very Long Company Name {n},Ltd,u{n}@example.com,1\n" for n in range(9))
    config = load_project(suggested(tmp_path / "made", write(tmp_path / "odd.csv", f"{header}\n{rows}"))).config
    extract = config.sources["odd"].extracts["customers"]
    assert extract.form("emails").columns == ("# email",)
    assert extract.primary_key == ("id",)


def test_a_project_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """A folder with a project is refused, and nothing in it is touched; one that holds the files themselves is not."""
    file = write(tmp_path / "extracts/customers.csv", "id,姓名\n1,张伟\n")
    suggested(tmp_path, file)
    assert (
        load_project(tmp_path).config.sources["customers"].extracts["customers"].read.file == "extracts/customers.csv"
    )  # type: ignore[union-attr]  # a file
    before = (tmp_path / "pipeline.yaml").read_bytes()
    with pytest.raises(ConfigurationError, match="a folder without"):
        suggested(tmp_path, file)
    assert (tmp_path / "pipeline.yaml").read_bytes() == before


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """A missing file, and files without any rows, are refused in one line."""
    with pytest.raises(DeliveryError, match="expected a file"):
        suggested(tmp_path / "made", tmp_path / "none.csv")
    with pytest.raises(DeliveryError, match="rows"):
        suggested(tmp_path / "made", write(tmp_path / "empty.csv", "id,name\n"))
    assert not (tmp_path / "made").exists()
