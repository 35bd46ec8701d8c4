"""Claims on reading a project folder: one line per refusal, `${NAME}`, `.env`, Chinese text, paths."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import load_project
from crm_pipeline_tests.settings.conftest import SOUND, Load

# what is replaced in SOUND, by what, line, part of what was expected, part of what was found, part of the cure
REFUSALS = {
    "unknown key at the top": ("version: 1", "version: 1\ntimezon: UTC", 2, "known key", "timezon", "timezone?"),
    "unknown key of a source": ("trust: 90", "trsut: 90", 5, "known key", "sources.crm.trsut", "mean trust?"),
    "unknown key of an extract": (
        "primary_key: id",
        "primary_keys: id",
        9,
        "known key",
        "primary_keys",
        "primary_key?",
    ),
    "unknown key of read": ('read: {file: "', 'read: {fil: "', 8, "known key", "read.fil,", "mean file?"),
    "unknown key of linkage": (
        "sources:",
        "linkage: {match: 1}\nsources:",
        3,
        "known key",
        "linkage.match",
        "match_thr",
    ),
    "unknown key of a form": (
        "name: 客户名称",
        "name: {colum: x}",
        11,
        "known key",
        "columns.name.colum",
        "Did you mean",
    ),
    "unknown entity": ("customers:", "custmers:", 7, "an entity", "'custmers'", "customers"),
    "unknown entity by its key": (
        "primary_key: id",
        "primary_key: id\n        entity: custmers",
        10,
        "an entity",
        "'custmers'",
        "customers?",
    ),
    "unknown standard column": ("name: 客户", "nmae: 客户", 11, "column of customers", "'nmae'", "mean name?"),
    "unknown survivorship column": (
        "sources:",
        "survivorship: {phon: [trust]}\nsources:",
        3,
        "column of customers",
        "'phon'",
        "mean phone?",
    ),
    "own column with a standard name": ("vip_level:", "city:", 14, "name of your own", "city", "Map it under columns"),
    "own column with the name of a key": ("vip_level:", "source_id:", 14, "name of your own", "source_id", "Rename it"),
    "own column with a golden name": ("vip_level:", "customer_id:", 14, "name of your own", "customer_id", "Rename it"),
    "form with two origins": (
        "name: 客户名称",
        "name: {column: a, constant: b}",
        11,
        "exactly one of column",
        "{column: a, constant: b}",
        "Correct",
    ),
    "form without origin": (
        "name: 客户名称",
        "name: {values: {a: b}}",
        11,
        "exactly one of column",
        "values",
        "Correct",
    ),
    "values without column": (
        "name: 客户名称",
        "name: {constant: x, values: {a: b}}",
        11,
        "values goes with column",
        "constant",
        "Correct",
    ),
    "form of a wrong type": ("name: 客户名称", "name: 5", 11, "dictionary", "5", "Correct"),
    "form without columns": ("[手机, 电话]", "[]", 12, "at least 1", "[]", "Correct"),
    "namespaced column without namespaces": (
        "{erp_number: ERP编号}",
        "ERP编号",
        13,
        "one column per namespace",
        "'ERP编号'",
        "{namespace: column}",
    ),
    "wrong type": ("trust: 90", "trust: high", 5, "valid integer", "'high'", "Correct"),
    "number out of range": ("trust: 90", "trust: 101", 5, "100", "101", "Correct"),
    "wrong choice": (
        "primary_key: id",
        "primary_key: id\n        load: ful",
        10,
        "'full' or 'incremental'",
        "'ful'",
        "C",
    ),
    "wrong version": ("version: 1", "version: 2", 1, "1 for version", "2", "Correct"),
    "wrong date": ("2026-01-01", "2026-02-30", 2, "date", "2026-02-30", "Correct"),
    "primary key without columns": ("primary_key: id", "primary_key: []", 9, "at least 1", "[]", "Correct"),
    "missing key": ("        primary_key: id\n", "", 7, "primary_key", "nothing", "Add primary_key"),
    "name with capitals": ("  crm:", "  CRM:", 4, "a name of small letters", "CRM", "Rename"),
    "duplicate key": ("trust: 90", "trust: 90\n    trust: 80", 6, "each key once", "first on line 5", "Keep one"),
    "duplicate key in braces": (
        "{erp_number: ERP编号}",
        "{a: x, a: y}",
        13,
        "each key once",
        "a again (first on line 13)",
        "Keep one",
    ),
    "bad YAML": ("trust: 90", "trust: [90", 6, "valid YAML", "expected ',' or ']'", "Check indentation"),
    "tab": ("    trust: 90", "\ttrust: 90", 5, "valid YAML", "cannot start any token", "Check indentation"),
    "braces without quotes": (
        '{file: "customers_{date}.csv"}',
        "{file: {{date}}}",
        8,
        "text as a key",
        "braces",
        "Quote",
    ),
    "unset variable": (
        "trust: 90",
        "trust: ${CRM_TEST_VALUE}",
        5,
        "CRM_TEST_VALUE",
        "not set",
        "Export CRM_TEST_VALUE",
    ),
    "review above match": (
        "sources:",
        "linkage: {match_threshold: 0.5, review_threshold: 0.9}\nsources:",
        3,
        "at most match",
        "0.9",
        "Corr",
    ),
    "unknown time zone": ("sources:", "timezone: Asia/Peking\nsources:", 3, "IANA time zone", "Asia/Peking", "Correct"),
    "unknown encoding": ('.csv"}', '.csv", encoding: utf-99}', 8, "encoding that Python knows", "utf-99", "Correct"),
    "long delimiter": ('.csv"}', '.csv", delimiter: "||"}', 8, "pattern", "||", "Correct"),
    "wide delimiter": ('.csv"}', '.csv", delimiter: "，"}', 8, "pattern", "，", "Correct"),
    "unknown format": (
        '.csv"}',
        '.csv", format: xml}',
        8,
        "'csv', 'json', 'json_lines', 'parquet' or 'excel'",
        "xml",
        "Correct",
    ),
    "sheet of a csv": ('.csv"}', '.csv", sheet: 客户}', 8, "sheet with excel only; this is csv", "客户", "Correct"),
    "delimiter of JSON Lines": (
        '.csv"}',
        '.jsonl", delimiter: ";"}',
        8,
        "delimiter with csv only; this is json_lines",
        ";",
        "Correct",
    ),
    "encoding of a workbook": (
        '.csv"}',
        '.xlsx", encoding: gb18030}',
        8,
        "encoding with csv, json or json_lines only",
        "gb18030",
        "Correct",
    ),
    "names of JSON": (
        '.csv"}',
        '.jsonl", header: {1: a}}',
        8,
        "header with csv or excel only; this is json_lines",
        "a",
        "Correct",
    ),
    "kept objects of CSV": (
        '.csv"}',
        '.csv", as_json: [a]}',
        8,
        "as_json with json or json_lines only",
        "a",
        "Correct",
    ),
    "name of no number": ('.csv"}', '.csv", header: {x: a}}', 8, "a valid integer", "x", "Correct"),
    "name of a column before the first": ('.csv"}', '.csv", header: {0: a}}', 8, "or equal to 1", "0", "Correct"),
    "no header and no names": (
        '.csv"}',
        '.csv", header_row: 0}',
        8,
        "header, with a name for each column",
        "0",
        "Correct",
    ),
    "records of CSV": ('.csv"}', '.csv", records: a.b}', 8, "records with json only; this is csv", "a.b", "Correct"),
    "endpoint of a folder": (
        '.csv"}',
        '.csv", endpoint_url: "http://x"}',
        8,
        "endpoint_url with s3:// only",
        "http://x",
        "Correct",
    ),
    "quote that is the delimiter": (
        '.csv"}',
        '.csv", delimiter: "\'", quote: "\'"}',
        8,
        "another character for delimiter than for quote",
        "'",
        "Correct",
    ),
    "limit without a unit": ('.csv"}', '.csv", unpacked_limit: "20"}', 8, "a size such as 500MB", "20", "Correct"),
    "format against its keys": (
        '.csv"}',
        '.xlsx", format: csv, sheet: a}',
        8,
        "sheet with excel only; this is csv",
        "a",
        "Correct",
    ),
    "other placeholder": ("{date}.csv", "{day}.csv", 8, "{date:%Y%m%d}", "{day}", "Correct"),
    "attribute of a placeholder": ("{date}.csv", "{date.year}.csv", 8, "{date:%Y%m%d}", "{date.year}", "Correct"),
    "unbalanced placeholder": ("{date}.csv", "{date.csv", 8, "{date:%Y%m%d}", "{date.csv", "Correct"),
}


@pytest.mark.parametrize(("old", "new", "line", "expected", "found", "cure"), REFUSALS.values(), ids=[*REFUSALS])
def test_refusal_in_one_line(load: Load, old: str, new: str, line: int, expected: str, found: str, cure: str) -> None:
    """Every refusal is one line that says where, what was expected, what was found and what to do."""
    assert SOUND.count(old) >= 1
    with pytest.raises(ConfigurationError) as caught:
        load(SOUND.replace(old, new, 1))
    error = caught.value
    assert error.where == f"pipeline.yaml:{line}", str(error)
    assert expected in error.expected, str(error)
    assert found in error.found, str(error)
    assert cure in error.cure, str(error)
    assert "\n" not in str(error)
    assert error.exit_code == 2


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just text\n"])
def test_no_mapping(load: Load, text: str) -> None:
    """A file without keys is refused as such."""
    with pytest.raises(ConfigurationError, match=r"pipeline.yaml:1: expected keys such as version"):
        load(text)


def test_missing_file(tmp_path: Path) -> None:
    """A folder without pipeline.yaml is refused with the three ways to name or make one."""
    with pytest.raises(ConfigurationError) as caught:
        load_project(tmp_path)
    assert caught.value.where == str(tmp_path)
    for way in ("--project", "CRM_PIPELINE_PROJECT", "init"):
        assert way in caught.value.cure


def test_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is refused, not misread."""
    (tmp_path / "pipeline.yaml").write_bytes(SOUND.encode("gb18030"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_project(tmp_path)


def test_sound_configuration(load: Load, tmp_path: Path) -> None:
    """A sound file gives its values, Chinese names included, with the defaults of the design."""
    project = load(SOUND)
    extract = project.config.sources["crm"].extracts["customers"]
    assert extract.entity == "customers"
    assert extract.load == "full"
    assert extract.primary_key == ("id",)
    assert extract.form("name").delivered_columns == ("客户名称",)
    assert extract.form("phones").delivered_columns == ("手机", "电话")
    assert extract.namespaces("external_ids")["erp_number"].column == "ERP编号"
    assert [column.name for column in project.config.extras("customers")] == ["vip_level"]
    assert (project.config.default_country, project.config.timezone) == ("CN", "Asia/Shanghai")
    linkage = project.config.linkage
    assert (linkage.match_threshold, linkage.review_threshold, linkage.largest_cluster) == (0.95, 0.6, 100)
    assert project.root == tmp_path
    assert project.configuration_sha256 == hashlib.sha256(SOUND.encode()).hexdigest()


def test_project_paths(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything of a project lies in its folder; only DAGSTER_HOME leads elsewhere."""
    project = load(SOUND)
    assert project.warehouse_file == tmp_path / "var" / "warehouse.duckdb"
    assert project.state == tmp_path / "state"
    assert project.published_file == tmp_path / "published" / "crm.duckdb"
    assert project.dagster_home == tmp_path / "var" / "dagster"
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "elsewhere"))
    assert project.dagster_home == tmp_path / "elsewhere"


def test_folder_from_environment(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder CRM_PIPELINE_PROJECT says where the project is; without that, it is the current folder."""
    load(SOUND)
    monkeypatch.setenv("CRM_PIPELINE_PROJECT", str(tmp_path))
    assert load_project().root == tmp_path
    monkeypatch.delenv("CRM_PIPELINE_PROJECT")
    monkeypatch.chdir(tmp_path)
    assert load_project().root == tmp_path


WITH_NAME = SOUND.replace("trust: 90", 'trust: "${CRM_TEST_VALUE}"')


def test_dot_env_below_environment(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` of the project answers for a name, and the environment wins over it."""
    (tmp_path / ".env").write_text("# a comment\n\nexport CRM_TEST_VALUE = '41'\nOTHER=1\n", encoding="utf-8")
    assert load(WITH_NAME).config.trust == {"crm": 41}
    monkeypatch.setenv("CRM_TEST_VALUE", "42")
    assert load(WITH_NAME).config.trust == {"crm": 42}


def test_empty_variable_is_not_set(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is as good as none: it is refused, not put in."""
    monkeypatch.setenv("CRM_TEST_VALUE", "")
    with pytest.raises(ConfigurationError, match="CRM_TEST_VALUE"):
        load(WITH_NAME)


def test_names_inside_text(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """`${NAME}` is replaced inside a text and in lists, and the hash of the configuration stays that of the file."""
    monkeypatch.setenv("CRM_TEST_VALUE", "in")
    text = SOUND.replace("customers_{date}", "${CRM_TEST_VALUE}/a_{date}").replace("[手机,", "['${CRM_TEST_VALUE}',")
    project = load(text)
    extract = project.config.sources["crm"].extracts["customers"]
    assert extract.read.file == "in/a_{date}.csv"
    assert extract.form("phones").columns == ("in", "电话")
    assert project.configuration_sha256 == hashlib.sha256(text.encode()).hexdigest()
