"""The CRM: maintained by hand, GB18030, Chinese headers, companies with their contact in one row; campaigns too.

Belongs here: what the CRM knows and how it writes it. Does not belong here: what customers are (`world`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.generator.defects import PLANTED_SCHEMA, Planting
from crm_pipeline.generator.plan import Draws, Plan
from crm_pipeline.generator.records import Records, day_of, happenings, make_records
from crm_pipeline.generator.systems import phones, values
from crm_pipeline.generator.systems.output import FROM_DAY, TO_DAY, Form, Output
from crm_pipeline.generator.world import World
from crm_pipeline.generator.writing import moment

CUSTOMERS = Form("extracts/crm/{date}/customers.csv", encoding="gb18030", line_end="\r\n", is_full=True)
CAMPAIGNS = Form("extracts/crm/{date}/campaigns.csv", encoding="gb18030", line_end="\r\n", is_full=True)
INTERACTIONS = Form("extracts/crm/{date}/interactions.csv", encoding="gb18030", line_end="\r\n")

CAMPAIGN_COUNT = 24
_LANDLINE = 0.2  # people who give a landline besides
_FORM = "%Y-%m-%d %H:%M:%S"
_KINDS = ("电话", "拜访", "邮件", "微信", "短信", "会议")
_OUTCOMES = ("已联系", "无人接听", "有意向", "已成交", "拒绝", "待跟进")
_SUBJECTS = ("产品介绍", "报价跟进", "合同续签", "售后回访", "活动邀请", "节日问候")
_OCCASIONS = ("新春", "夏季", "金秋", "年终", "会员日", "开学季")
_MANAGERS = tuple(f"客户经理{n:02d}" for n in range(1, 41))


def records(world: World, plan: Plan, chunk: int) -> Records:
    """The records of the CRM; it has a record of a few customers twice, and drops some on each day."""
    draws = Draws(plan, chunk, 1, 0)
    return make_records(world, plan, draws, system="crm", prefix="C", multiplier=48_271, is_deleting=True)


def outputs(world: World, known: Records, plan: Plan, chunk: int) -> list[Output]:
    """Customers and interactions of a chunk; campaigns with the first."""
    draws = Draws(plan, chunk, 1, 1)
    found = [_customers(world, known, draws), _interactions(known, plan, draws)]
    return found if chunk else [*found, _campaigns(plan)]


def _customers(world: World, known: Records, draws: Draws) -> Output:
    is_person = pl.col("kind") == "person"
    rows = known.versions.with_columns(
        pl.when(is_person).then(phones.written_phone()).alias("mobile"),
        pl.when(is_person).then("landline").otherwise(phones.written_phone()).alias("office"),
        pl.when(pl.col("country") == "CN")
        .then("contact_phone_local")
        .otherwise("contact_phone")
        .alias("contact_written"),
        pl.col("birth_date").dt.to_string("%Y-%m-%d").alias("birth_text"),
    ).drop("landline")
    planting = Planting(draws, rows, len(known.frame))
    phones.spoil_owner(planting, draws, "mobile", world.before)
    phones.spoil_office(planting, draws, "office")
    for column in ("mobile", "office"):
        phones.spoil_writing(planting, draws, column)
    values.spoil_names(planting, draws)
    values.spoil_mail(planting, draws)
    values.spoil_addresses(planting, world.before)
    values.spoil_identifiers(planting, ("national_id", "organisation_id"))
    values.spoil_birth_dates(planting)
    rare = pl.Series(draws.share(len(known.frame), _LANDLINE)).gather(planting.rows["record"])
    manager = draws.pick(pl.Series(_MANAGERS), len(known.frame)).gather(planting.rows["record"])
    written = planting.rows.with_columns(manager.alias("manager"), rare.alias("has_landline"))
    found = pl.concat([known.planted, planting.planted])
    return Output("customers", CUSTOMERS, _written(written), found, truth_of(known.versions), contacts_of(known))


def contacts_of(known: Records) -> pl.DataFrame:
    """source_id, customer and kind of each contact person; an organisation that is there twice names the same one."""
    named = known.versions.filter(pl.col("contact_name").is_not_null())
    return truth_of(named).with_columns(pl.lit("person").alias("kind"))


def truth_of(versions: pl.DataFrame) -> pl.DataFrame:
    """source_id, customer and kind of each record, once."""
    return versions.unique("record", keep="first", maintain_order=True).select("source_id", "customer", "kind")


def _written(rows: pl.DataFrame) -> pl.DataFrame:
    is_person = pl.col("kind") == "person"
    chinese_country = pl.col("country") == "CN"
    return rows.select(
        pl.col("source_id").alias("客户编号"),
        pl.when(is_person).then(pl.lit("个人")).otherwise(pl.lit("企业")).alias("客户类型"),
        pl.col("name").alias("客户名称"),
        pl.col("mobile").alias("手机"),
        pl.when(~is_person | pl.col("has_landline")).then("office").alias("电话"),
        pl.col("email").alias("邮箱"),
        pl.col("contact_name").alias("联系人"),
        pl.col("contact_written").alias("联系人手机"),
        pl.col("country").alias("国家"),
        pl.col("province").alias("省份"),
        pl.col("city").alias("城市"),
        pl.col("district").alias("区县"),
        pl.col("street").alias("详细地址"),
        pl.col("postcode").alias("邮编"),
        pl.col("organisation_id").alias("统一社会信用代码"),
        pl.when(chinese_country & (pl.col("record") % 3 == 0)).then("national_id").alias("身份证号"),
        pl.when(is_person).then("birth_text").alias("出生日期"),
        pl.col("gender").replace_strict({"male": "男", "female": "女"}, default=None).alias("性别"),
        pl.col("industry").alias("行业"),
        pl.col("manager").alias("客户经理"),
        pl.lit("有效").alias("状态"),
        moment(day_of("first_event"), pl.col("second"), _FORM).alias("建档时间"),
        moment(day_of("updated_event"), pl.col("second"), _FORM).alias("更新时间"),
        pl.col("from_day").alias(FROM_DAY),
        pl.col("to_day").alias(TO_DAY),
    )


def _interactions(known: Records, plan: Plan, draws: Draws) -> Output:
    rows = happenings(known.frame, plan, draws, before=0.5, daily=0.004)
    count = len(rows)
    campaign = pl.Series(draws.whole(count, 1, CAMPAIGN_COUNT + 1)).cast(pl.String).str.zfill(3)
    is_campaign = pl.Series(draws.share(count, 0.4))
    number = happening_number("H", rows)
    written = rows.select(
        number.alias("互动编号"),
        pl.col("source_id").alias("客户编号"),
        pl.when(is_campaign).then("CP" + campaign).alias("活动代码"),
        draws.pick(pl.Series(_KINDS[:3]), count).alias("类型"),
        draws.pick(pl.Series(_KINDS), count).alias("渠道"),
        draws.pick(pl.Series(["呼出", "呼入"]), count).alias("方向"),
        moment(day_of("event_day"), pl.col("second"), _FORM).alias("时间"),
        draws.pick(pl.Series(_OUTCOMES), count).alias("结果"),
        draws.pick(pl.Series(_SUBJECTS), count).alias("主题"),
        draws.pick(pl.Series(_MANAGERS), count).alias("负责人"),
        pl.col("from_day").alias(FROM_DAY),
        (pl.col("from_day") + 1).alias(TO_DAY),
    )
    return Output("interactions", INTERACTIONS, written, late_of(rows, number))


def happening_number(prefix: str, rows: pl.DataFrame) -> pl.Series:
    """Keys of what happened: the record's own number, and which it is of the record's."""
    place = rows.select(pl.int_range(pl.len()).over("source_id")).to_series()
    return prefix + rows["source_id"].str.slice(1) + place.cast(pl.String).str.zfill(3)


def late_of(rows: pl.DataFrame, number: pl.Series) -> pl.DataFrame:
    """What was delivered after the day on which it happened, as planted defects."""
    is_late = (pl.col("event_day") >= 0) & (pl.col("from_day") > pl.col("event_day"))
    late = rows.with_columns(number.alias("number")).filter(is_late)
    named = late.select(pl.col("number").alias("source_id"), pl.col("from_day").alias("day"))
    return pl.concat(
        [pl.DataFrame(schema=PLANTED_SCHEMA), named.with_columns(pl.lit("delivered_late").alias("defect"))]
    )


def _campaigns(plan: Plan) -> Output:
    """Two dozen campaigns, planned ones among them."""
    draws = Draws(plan, 1 << 30, 1)
    number = pl.int_range(1, CAMPAIGN_COUNT + 1, eager=True).cast(pl.String).str.zfill(3)
    begin = draws.whole(CAMPAIGN_COUNT, -600, -5)
    frame = pl.DataFrame({"n": number, "begin": begin, "end": begin + draws.whole(CAMPAIGN_COUNT, 7, 90)})
    frame = frame.with_columns(cost=draws.whole(CAMPAIGN_COUNT, 20, 900) * 500)
    rows = frame.select(
        (pl.lit("CP") + pl.col("n")).alias("活动代码"),
        (
            draws.pick(pl.Series(["新春", "夏季", "金秋", "年终", "会员日", "开学季"]), CAMPAIGN_COUNT)
            + "推广"
            + number
        ).alias("活动名称"),
        draws.pick(pl.Series(["微信", "短信", "邮件", "线下活动", "电话"]), CAMPAIGN_COUNT).alias("渠道"),
        day_of("begin").dt.to_string("%Y-%m-%d").alias("开始日期"),
        day_of("end").dt.to_string("%Y-%m-%d").alias("结束日期"),
        pl.col("cost").cast(pl.String).alias("费用"),
        pl.lit("CNY").alias("币种"),
        pl.when(pl.col("end") < 0).then(pl.lit("已结束")).otherwise(pl.lit("进行中")).alias("状态"),
        pl.lit(0, dtype=pl.Int64).alias(FROM_DAY),
        pl.lit(plan.days, dtype=pl.Int64).alias(TO_DAY),
    )
    return Output("campaigns", CAMPAIGNS, rows, pl.DataFrame(schema=PLANTED_SCHEMA))
