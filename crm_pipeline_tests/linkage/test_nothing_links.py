"""What says that nothing is known links nobody: from delivered cells to customers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from crm_pipeline.linkage import cluster_records, pair_records
from crm_pipeline.standardise.text.placeholders import EXACT_WORDS, WORDS
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline_tests.steps.building import land, project_of, running

COUNT = 240
TEXT = """\
version: 1
default_country: CN
timezone: Asia/Shanghai
start_date: 2026-01-01
sources:
  crm:
    extracts:
      customers:
        read: {file: "in/c_{date}.csv"}
        primary_key: id
        columns:
          kind: {constant: KIND}
          name: name
          phones: [phone, phone_2]
          emails: [email]
          birth_date: born
          national_id: national_id
          organisation_id: organisation_id
          tax_id: tax_id
          external_ids: {erp: erp}
          address: address
          city: city
          postcode: postcode
          organisation: organisation
          website: website
          gender: gender
"""
_UNUSED = TEXT[TEXT.index("          address:") :]
NOTHING = ("", " ", "\t", "\u3000", "\u3000 \u00a0", *WORDS, *EXACT_WORDS, "Ｎ／Ａ", "（无）", "[null]", "未知。")
PHONES = ("13800000000", "138 0013 8000", "+86 13800138000", "00000000000", "0000000", "111111111", "12345678",
          "无电话", "暂无手机号", "no phone", "１３８００００００００")  # fmt: skip
EMAILS = ("test@test.com", "TEST@TEST.COM", "noreply@example.com", "no@no.com", "none@none.com", "a@a.com", "无邮箱",
          "123456@qq.com", "unknown@163.com", "xxx@xxx.com")  # fmt: skip
IDS = ("0", "0000000000", "000000000000000000", "111111111111111111", "123456789", "999999999999999999", "XXXXXXXXXX",
       "*****", "test", "１２３４５６７８９")  # fmt: skip
DATES = ("0000-00-00", "1900-01-00", "1899-12-30", "0001-01-01", "9999-12-31", "1753-01-01 00:00:00")
NAMES = ("测试", "测试公司", "客户", "先生", "test", "anonymous", "xxx", "??", "某某", "匿名用户")
OWN = {"name": NAMES, "phone": PHONES, "phone_2": PHONES, "email": EMAILS, "born": DATES, "national_id": IDS,
       "organisation_id": IDS, "tax_id": IDS, "erp": IDS}  # fmt: skip
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英辉玲"
SYLLABLES = "恒瑞鼎盛泰达宏远嘉诚博众卓越天启和信润泽锦程云帆"


def _person(random: Random, number: int) -> dict[str, str]:
    """Somebody all of whose values are his own."""
    return {
        "name": random.choice(SURNAMES) + random.choice(GIVEN) + random.choice(GIVEN),
        "phone": f"139{number * 7919 % 10**8:08d}",
        "phone_2": f"136{number * 104729 % 10**8:08d}",
        "email": f"{''.join(random.choices('abcdefghijklmnop', k=9))}@mail.example.cn",
        "born": f"{1945 + number % 60}-{1 + number % 12:02d}-{1 + number % 27:02d}",
        "erp": f"E{number * 7907:07d}",
        "address": f"上海市浦东新区{''.join(random.choices(GIVEN, k=2))}路{number + 1}号{100 + number}室",
        "postcode": f"2{number:05d}",
        "gender": random.choice(["男", "女"]),
    }


def _company(random: Random, number: int) -> dict[str, str]:
    """A company all of whose values are its own."""
    brand = "".join(random.choices(SYLLABLES, k=4))
    made = _person(random, number)
    return {
        **{name: made[name] for name in ("phone", "phone_2", "email", "erp", "address", "postcode")},
        "name": f"{brand}{random.choice(['科技', '贸易', '机械'])}有限公司",
        "website": f"www.{''.join(random.choices('abcdefghijklmnop', k=10))}.example.cn",
    }


def _delivered(random: Random, make: Callable[[Random, int], dict[str, str]], used: list[str]) -> list[dict[str, str]]:
    """Records that have, cell by cell, either their own value or one of few that say that nothing is known."""
    few = {name: random.choices([*NOTHING, *OWN.get(name, ()), *OWN.get(name, ())], k=3) for name in used}
    rows = []
    for number in range(COUNT):
        own = make(random, number)
        share = random.choice([0.2, 0.5, 0.9])
        rows.append({name: random.choice(few[name]) if random.random() < share else own.get(name, "") for name in used})
    return rows


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("kind", "make"), [("person", _person), ("organisation", _company)])
def test_placeholders_link_nobody(
    tmp_path: Path, kind: str, make: Callable[[Random, int], dict[str, str]], seed: int
) -> None:
    """Records that share blanks and placeholders, in any field and in all at once, are as many customers as records."""
    random = Random(f"{kind} {seed}")
    used = ["name", "phone", "phone_2", "email", "born", "national_id", "organisation_id", "tax_id", "erp", "address",
            "city", "postcode", "organisation", "website", "gender"]  # fmt: skip
    rows = _delivered(random, make, used)
    with running(project_of(tmp_path, TEXT.replace("KIND", kind))) as run:
        table = [[str(number), *(row[name] for name in used)] for number, row in enumerate(rows)]
        land(run, 1, ("id", *used), table, source="crm", extract="customers")
        apply_entity(run, "customers")
        assert run.warehouse.value("SELECT count(*) FROM std.customers") == COUNT
        assert run.warehouse.value("SELECT count(*) FROM std.customers WHERE len(phones) > 0") > 0
        pairs = pair_records(run.warehouse, run.models)
        assert (pairs.identifier_count, pairs.model_link_count) == (0, 0)
        assert cluster_records(run.warehouse).cluster_count == COUNT


@pytest.mark.parametrize(("kind", "make"), [("person", _person), ("organisation", _company)])
def test_each_placeholder_links_nobody(
    tmp_path: Path, kind: str, make: Callable[[Random, int], dict[str, str]]
) -> None:
    """Two records without any value, in each field the same placeholder of that field, are two, for all there are."""
    values = {name: (*NOTHING, *own) for name, own in OWN.items()}
    count = max(map(len, values.values()))
    nothing = [[of_field[n % len(of_field)] for of_field in values.values()] for n in range(count) for _ in "ab"]
    # Beside them those who can be compared, so that there is a model.
    others = [[row[name] for name in OWN] for row in _delivered(Random(1), make, list(OWN))]
    table = [[str(n), *row] for n, row in enumerate([*nothing, *others])]
    with running(project_of(tmp_path, TEXT.replace("KIND", kind).replace(_UNUSED, ""))) as run:
        land(run, 1, ("id", *OWN), table, source="crm", extract="customers")
        apply_entity(run, "customers")
        assert run.warehouse.value("SELECT count(*) FROM std.customers") == len(table)
        pairs = pair_records(run.warehouse, run.models)
        assert (pairs.identifier_count, pairs.model_link_count) == (0, 0)
        assert cluster_records(run.warehouse).cluster_count == len(table)
