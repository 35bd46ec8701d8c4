"""Support: an Excel workbook of tickets and of whoever had one; numbers typed as numbers, names in one cell.

Belongs here: what support knows and how it writes it. Does not belong here: what customers are (`world`). A workbook
has the tickets since the last one and the customers they belong to, so neither of its sheets is ever empty alone.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.generator.defects import Planting
from crm_pipeline.generator.plan import Draws, Plan
from crm_pipeline.generator.records import Records, day_of, happenings, make_records
from crm_pipeline.generator.systems import phones, values
from crm_pipeline.generator.systems.crm import happening_number, late_of, truth_of
from crm_pipeline.generator.systems.output import FROM_DAY, TO_DAY, Form, Output
from crm_pipeline.generator.systems.shop import numbers_in
from crm_pipeline.generator.vocabulary import words
from crm_pipeline.generator.world import World

CUSTOMERS = Form("extracts/support/{date}/support.xlsx", format="excel", sheet="客户", numbers=("联系电话",))
TICKETS = Form("extracts/support/{date}/support.xlsx", format="excel", sheet="工单")

_FURTHER, _DAILY = 0.25, 0.003  # tickets of a customer beside the first: before the first delivery, and on each day
_SHOP_KNOWN = 0.2  # customers who wrote from within the shop, which gave its number along
_CLOSED = 0.9  # tickets that are closed when they are old enough; the others are open
_LONGEST_DAYS = 3  # until a ticket is closed
_RATED = 0.4  # closed tickets with a rating of 1 to 5
_AGENTS = tuple(f"客服{n:03d}" for n in range(1, 61))


def records(world: World, plan: Plan, chunk: int) -> Records:
    """The records of support: nobody is removed."""
    return make_records(
        world, plan, Draws(plan, chunk, 3, 0), system="support", prefix="S", multiplier=39_373, is_deleting=False
    )


def outputs(world: World, known: Records, shop: Records, plan: Plan, chunk: int) -> list[Output]:
    """Customers and tickets of a chunk."""
    draws = Draws(plan, chunk, 3, 1)
    tickets = _happened(known, plan, draws)
    return [_customers(world, known, shop, tickets, draws), _tickets(tickets, draws)]


def _happened(known: Records, plan: Plan, draws: Draws) -> pl.DataFrame:
    """The tickets: the one that made support know the customer, the one that told of a change, and any others."""
    further = happenings(known.frame, plan, draws, before=_FURTHER, daily=_DAILY).drop("second")
    there = known.frame.with_row_index("record").with_columns(pl.col("record").cast(pl.Int64))
    base = ("record", "customer", "source_id")
    first = there.select(*base, pl.col("first_event").alias("event_day"), "from_day")
    change = there.filter(pl.col("change_day") < plan.days).select(
        *base, pl.col("change_event").alias("event_day"), pl.col("change_day").alias("from_day")
    )
    order = ("record", "event_day")
    both = pl.concat([first, change]).with_columns(pl.lit(value=True).alias("is_needed"))
    joined = pl.concat([both, further.with_columns(pl.lit(value=False).alias("is_needed"))]).sort(
        order, maintain_order=True
    )
    return joined.with_columns(pl.Series("second", draws.whole(len(joined), 8 * 3600, 22 * 3600)))


def _customers(world: World, known: Records, shop: Records, tickets: pl.DataFrame, draws: Draws) -> Output:
    rows = known.versions.with_columns(phones.written_phone().alias("phone_text"))
    planting = Planting(draws, rows, len(known.frame))
    phones.spoil_owner(planting, draws, "phone_text", world.before)
    phones.spoil_writing(planting, draws, "phone_text")
    values.spoil_names(planting, draws)
    values.spoil_mail(planting, draws)
    values.spoil_addresses(planting, world.before)
    count = len(known.frame)
    linked = pl.Series(draws.share(count, _SHOP_KNOWN))
    account = pl.select(pl.when(linked).then(numbers_in(shop, known.frame["customer"]))).to_series()
    written = planting.rows.with_columns(account.gather(planting.rows["record"]).alias("account"))
    touched = tickets.select("record", pl.col("from_day").alias("day")).unique(maintain_order=True)
    delivered = touched.join(written, on="record", how="inner", maintain_order="left").filter(
        (pl.col("from_day") <= pl.col("day")) & (pl.col("day") < pl.col("to_day"))
    )
    found = pl.concat([known.planted, planting.planted])
    return Output("customers", CUSTOMERS, _written(delivered), found, truth_of(known.versions))


def _written(rows: pl.DataFrame) -> pl.DataFrame:
    place = pl.concat_str(pl.col("province"), pl.col("city"), pl.col("district"), pl.col("street"), ignore_nulls=True)
    abroad = pl.concat_str(
        pl.col("street"), pl.col("city"), pl.col("province"), pl.col("postcode"), separator=", ", ignore_nulls=True
    )
    is_chinese = pl.col("country") == "CN"
    return rows.select(
        pl.col("source_id").alias("编号"),
        pl.when(pl.col("kind") == "person").then(pl.lit("个人")).otherwise(pl.lit("企业")).alias("类型"),
        pl.col("name").alias("姓名/单位"),
        pl.col("phone_text").alias("联系电话"),
        pl.col("email").alias("邮箱"),
        pl.col("country").alias("国家"),
        pl.col("city").alias("城市"),
        pl.when(is_chinese).then(place).otherwise(abroad).alias("地址"),
        pl.col("account").alias("商城账号"),
        day_of("first_event").dt.date().alias("首次来电"),
        (day_of("updated_event").cast(pl.Datetime("us")) + pl.duration(seconds="second")).alias("更新时间"),
        pl.col("day").alias(FROM_DAY),
        (pl.col("day") + 1).alias(TO_DAY),
    )


def _tickets(tickets: pl.DataFrame, draws: Draws) -> Output:
    count = len(tickets)
    number = happening_number("T", tickets)
    said = draws.rows(words("tickets"), count)
    is_closed = pl.Series(draws.share(count, _CLOSED)) & (tickets["event_day"] + _LONGEST_DAYS < tickets["from_day"])
    hours = pl.Series(draws.whole(count, 1, 24 * _LONGEST_DAYS))
    rows = tickets.with_columns(
        number.alias("number"),
        *said.get_columns(),
        hours.alias("hours"),
        is_closed.alias("is_closed"),
        pl.Series("rating", draws.whole(count, 1, 6)),
        pl.Series("is_rated", draws.share(count, _RATED)),
        (day_of_ticket() + pl.duration(seconds="second")).alias("opened"),
    )
    rows = rows.with_columns(
        pl.when("is_closed").then(pl.col("opened") + pl.duration(hours="hours")).alias("closed"),
        pl.when(pl.col("is_closed") & pl.col("is_rated")).then("rating").alias("rating"),
        pl.col("number").alias("source_id"),
        pl.col("source_id").alias("customer_number"),
        pl.int_range(pl.len()).alias("record"),
    )
    planting = Planting(draws, rows, count)
    planting.spoil("satisfaction_out_of_range", ("rating",), lambda found: found["rating"] * 100)
    written = planting.rows.select(
        pl.col("number").alias("工单号"),
        pl.col("customer_number").alias("客户编号"),
        pl.col("category").alias("类别"),
        pl.col("subject").alias("标题"),
        pl.col("detail").alias("描述"),
        draws.pick(pl.Series(["低", "中", "中", "高"]), count).alias("优先级"),
        draws.pick(pl.Series(["电话", "微信", "邮件", "网页"]), count).alias("渠道"),
        pl.when("is_closed").then(pl.lit("已关闭")).otherwise(pl.lit("处理中")).alias("状态"),
        pl.col("opened").alias("创建时间"),
        pl.col("closed").alias("关闭时间"),
        pl.col("rating").alias("满意度"),
        draws.pick(pl.Series(_AGENTS), count).alias("客服"),
        pl.col("from_day").alias(FROM_DAY),
        (pl.col("from_day") + 1).alias(TO_DAY),
    )
    return Output("tickets", TICKETS, written, pl.concat([planting.planted, late_of(rows, number)]))


def day_of_ticket() -> pl.Expr:
    """Midnight of the day on which a ticket was opened."""
    return day_of("event_day").cast(pl.Datetime("us"))
