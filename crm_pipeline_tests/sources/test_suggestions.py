"""Claims on suggestions: names in many writings, content that decides, entities and keys."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from crm_pipeline.settings.model import mappable_columns
from crm_pipeline.sources.column_names import readings, without_shared_prefix, words_of
from crm_pipeline.sources.entity_suggestions import EntitySuggestion, suggest_entity
from crm_pipeline.sources.suggestion_words import CONTACT_WORDS, FILE_WORDS, WORDS
from crm_pipeline.sources.suggestions import candidates, choose, free_meanings
from crm_pipeline.standardise import recognise, recognise_each
from crm_pipeline.tables import CONTACTS, ENTITIES

NOTHING = recognise(pl.Series(["", ""]), "CN")


def frame_of(**columns: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame({name: list(values) for name, values in columns.items()})


def suggest(name: str, frame: pl.DataFrame, country: str = "CN") -> EntitySuggestion:
    shares = dict(zip(frame.columns, recognise_each(frame.get_columns(), country), strict=True))
    return suggest_entity(name, shares, lambda names: frame.select(pl.struct(names).n_unique()).item() / frame.height)


def test_every_standard_column_has_names() -> None:
    """The table names every column that one may map, of every entity, and no other; every entity has file names."""
    for entity in ENTITIES:
        known = set(mappable_columns(entity)) - ({"customer"} if entity == "customers" else set())
        assert known == WORDS[entity].keys()
    assert WORDS.keys() == FILE_WORDS.keys() == {*ENTITIES, CONTACTS}


def test_names_are_in_their_plain_form() -> None:
    """Each name of the table is what a delivered column of that name is turned into, so that it can be found."""
    for table in (*WORDS.values(), CONTACT_WORDS):
        for words in table.values():
            for word in words.split():
                assert "".join(words_of(word)) == word, word


# Names as systems write them: English with and without separators, prefixes, Chinese of both scripts, pinyin.
NAMED = {
    "name": ["custName", "CUST_NAME", "customer-name", "Full Name", "客戶姓名", "客户名称", "公司名稱", "xingming",
             "cust_nm", "kehu_mingcheng", "用户姓名"],
    "given_name": ["firstName", "FIRST_NAME", "cst_firstname"],
    "family_name": ["Last Name", "surname", "姓氏"],
    "phones": ["mobile", "custPhoneNo", "Mobile Phone", "phone_number_1", "手机", "手機號碼", "客户手机", "聯絡電話",
               "联系电话", "shouji", "TEL", "mob_no", "电话号码2"],
    "emails": ["Email", "e-mail", "EMAIL_ADDRESS", "E-Mail Address", "电子邮箱", "電子郵件", "邮箱地址", "youxiang"],
    "birth_date": ["Date of Birth", "DOB", "birthday", "BDATE", "出生日期", "生日"],
    "gender": ["sex", "cst_gndr", "GEN", "性別", "性别"],
    "national_id": ["身份证号", "身份證號碼", "id_card_no", "sfzh"],
    "organisation_id": ["统一社会信用代码", "統一社會信用代碼", "USCC", "creditCode"],
    "country": ["Country", "CNTRY", "country_code", "国家", "國家", "address.country"],
    "province": ["State/Province", "province", "省份", "所在省"],
    "city": ["Billing City", "city", "城市", "address.city"],
    "postcode": ["PostalCode", "ZIP", "zip_code", "邮编", "郵編"],
    "address": ["address", "联系地址", "地址", "dizhi"],
    "created_at": ["createdAt", "CREATED_ON", "create_time", "创建时间", "建檔時間", "注册日期"],
    "updated_at": ["updatedAt", "last_modified", "LastModifiedDate", "更新时间", "修改時間"],
    "owner": ["Owner", "account_manager", "客户经理", "負責人"],
    "website": ["Website", "homepage", "网址"],
    "industry": ["Industry", "所属行业"],
    "contact.name": ["联系人", "聯繫人", "Contact Person"],
    "contact.phones": ["联系人手机", "contact_phone"],
}  # fmt: skip


@pytest.mark.parametrize(("standard", "name"), [(s, name) for s, names in NAMED.items() for name in names])
def test_names(standard: str, name: str) -> None:
    """An empty column is told by its name, in whatever way it is written."""
    best = candidates("customers", {name: NOTHING})
    assert best[0].standard == standard, best[:3]
    assert best[0].reason


@pytest.mark.parametrize("name", ["memberLevel", "备注", "x1", "会员等级", "loyalty_points", "MAINTENANCE", "信用额度"])
def test_other_names(name: str) -> None:
    """A name that is none of ours is not taken for one."""
    assert candidates("customers", {name: NOTHING}) == []


CONTENTS = {
    "emails": ["a@example.com", "b.c@example.org"],
    "phones": ["13800138010", "+86 139-0013-9000"],
    "national_id": ["11010519491231002X"],
    "organisation_id": ["91350100M000100Y43"],
    "gender": ["男", "女"],
    "kind": ["个人", "企业"],
    "country": ["CN", "Germany"],
    "website": ["https://example.com/x", "www.example.org"],
    "name": ["上海华远科技有限公司", "张伟", "李娜"],
    "birth_date": ["1985-03-02", "1990/12/31"],
    "province": ["广东省", "上海市", "内蒙古自治区"],
}


@pytest.mark.parametrize("standard", CONTENTS)
def test_content_without_a_name(standard: str) -> None:
    """A column with a meaningless name is told by what it holds."""
    best = candidates("customers", {"f17": recognise(pl.Series(CONTENTS[standard]), "CN")})
    assert best[0].standard == standard, best[:3]
    assert "%" in best[0].reason


def test_content_decides_between_names() -> None:
    """Of two columns called alike, the one that holds such values is chosen; a name that its content denies is not."""
    shares = {
        "phone": recognise(pl.Series(["yes", "no"]), "CN"),
        "contact no": recognise(pl.Series(["13800138010", "13900139000"]), "CN"),
        "created": recognise(pl.Series(["somebody", "nobody"]), "CN"),
        "name": recognise(pl.Series(["a@example.com"]), "CN"),
    }
    chosen = {each.standard: each.delivered for each in choose(candidates("customers", shares))}
    assert chosen == {"phones": "contact no", "emails": "name"}


def test_each_column_once() -> None:
    """One delivered column for each standard one, several for lists; none twice."""
    shares = dict.fromkeys(("手机", "电话", "姓名", "客户名称", "邮箱", "email"), NOTHING)
    chosen = choose(candidates("customers", shares))
    assert [each.delivered for each in chosen if each.standard == "phones"] == ["手机", "电话"]
    assert [each.delivered for each in chosen if each.standard == "emails"] == ["邮箱", "email"]
    assert len([each for each in chosen if each.standard == "name"]) == 1
    assert len({each.delivered for each in chosen}) == len(chosen)


def test_free_meanings() -> None:
    """Columns that are left over are suggested for what is not mapped yet, and for lists."""
    found = free_meanings({"备用电话": NOTHING, "姓名": NOTHING, "城市": NOTHING}, "customers", ["name", "phones"])
    assert {each.standard: each.delivered for each in found} == {"phones": "备用电话", "city": "城市"}


def test_words_of_names() -> None:
    """Case, separators, camel case, abbreviations and traditional characters make no difference."""
    for name in ("custPhoneNo", "CUST_PHONE_NO", "cust-phone-no", "Cust Phone No", "ＣＵＳＴ＿ＰＨＯＮＥ＿ＮＯ"):
        assert words_of(name) == ["customer", "phone", "number"]
    assert words_of("客戶 手機號碼") == ["客户", "手机号码"]
    assert words_of("address.city") == ["address", "city"]
    assert words_of("") == words_of("--") == readings([])[1:] == []
    assert without_shared_prefix(["xyz_id", "xyz_name", "xyz_city"]) == [["id"], ["name"], ["city"]]


IDS = [f"C{n:05}" for n in range(40)]
DAYS = [f"2026-01-{1 + n % 28:02}" for n in range(40)]
FEW = [str(n % 3) for n in range(40)]
NUMBERS = [f"{n}.50" for n in range(40)]
ENTITY_FILES = {
    "customers": ({"id": IDS, "姓名": ["张伟"] * 40, "手机": ["13800138010"] * 40}, ("id",)),
    "orders": ({"order_no": IDS, "customer_id": IDS[:20] * 2, "sku": FEW, "qty": FEW, "unit_price": NUMBERS,
                "order_date": DAYS}, ("order_no",)),
    "products": ({"code": IDS, "product name": ["Chair"] * 40, "category": FEW, "cost": NUMBERS}, ("code",)),
    "tickets": ({"工单号": IDS, "客户编号": FEW, "问题描述": ["x y"] * 40, "优先级": FEW, "满意度": FEW}, ("工单号",)),
    "campaigns": ({"活动代码": IDS, "活动名称": IDS, "开始日期": DAYS, "结束日期": DAYS,
                   "预算": NUMBERS}, ("活动代码",)),
    "interactions": ({"id": IDS, "客户编号": FEW, "跟进方式": FEW, "跟进时间": DAYS, "跟进结果": FEW}, ("id",)),
    "opportunities": ({"opportunityId": IDS, "accountId": FEW, "stage": FEW, "amount": NUMBERS, "probability": FEW,
                       "expectedCloseDate": DAYS}, ("opportunityId",)),
    "payments": ({"流水号": IDS, "客户编号": FEW, "支付方式": FEW, "支付金额": NUMBERS, "支付时间": DAYS}, ("流水号",)),
}  # fmt: skip


@pytest.mark.parametrize("entity", ENTITY_FILES)
def test_entity_and_key(entity: str) -> None:
    """A file's entity is told by its columns, whatever it is called, and its key by distinct values and its name."""
    columns, key = ENTITY_FILES[entity]
    found = suggest("export", frame_of(**columns))
    assert (found.entity, found.primary_key) == (entity, key)
    assert found.load == ("incremental" if entity in {"orders", "tickets", "interactions", "payments"} else "full")


def test_contacts_are_told_by_the_file() -> None:
    """What customers have is customers, unless the file is called after contacts."""
    frame = frame_of(id=IDS, name=["Jon Yang"] * 40, email=["a@example.com"] * 40, account_id=FEW)
    assert suggest("export", frame).entity == "customers"
    named = suggest("crm_contacts", frame)
    assert named.entity == "contacts"
    assert named.delivered("customer") == ["account_id"]


def test_key_of_two_columns() -> None:
    """Where no column is distinct, order and line are the key; where none helps there is none."""
    frame = frame_of(订单号=IDS[:20] * 2, 行号=["1"] * 20 + ["2"] * 20, 数量=FEW, 金额=NUMBERS[:20] * 2)
    assert suggest("订单", frame).primary_key == ("订单号", "行号")
    assert suggest("订单", frame_of(数量=FEW, 状态=FEW)).primary_key == ()
