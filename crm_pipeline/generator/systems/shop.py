"""The shop: users who registered themselves, JSON Lines, e-mail addresses strong; its orders and products.

Belongs here: what the shop knows and how it writes it. Does not belong here: what customers are (`world`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from crm_pipeline.generator.defects import PLANTED_SCHEMA, Planting
from crm_pipeline.generator.plan import Draws, Plan
from crm_pipeline.generator.records import Records, day_of, happenings, make_records
from crm_pipeline.generator.systems import phones, values
from crm_pipeline.generator.systems.crm import happening_number, late_of, truth_of
from crm_pipeline.generator.systems.output import FROM_DAY, TO_DAY, Form, Output
from crm_pipeline.generator.vocabulary import words
from crm_pipeline.generator.world import World
from crm_pipeline.generator.writing import moment

CUSTOMERS = Form("extracts/shop/{date}/users.jsonl", format="json_lines")
ORDERS = Form("extracts/shop/{date}/orders.jsonl", format="json_lines")
PRODUCTS = Form("extracts/shop/{date}/products.jsonl", format="json_lines", is_full=True)

_FORM = "%Y-%m-%dT%H:%M:%S+08:00"
_CARD_LINKED = 0.25  # users who linked the member card that the CRM gave them
_LEVELS = ("普通", "银卡", "金卡", "钻石")
_STATUS = ("completed", "completed", "completed", "shipped", "returned")
_PRICES = {"E": 399, "D": 199, "H": 129, "A": 159, "F": 59, "O": 299}  # of the cheapest product of a letter, in yuan


def records(world: World, plan: Plan, chunk: int) -> Records:
    """The records of the shop; people register twice, and nobody is ever removed."""
    return make_records(
        world, plan, Draws(plan, chunk, 2, 0), system="shop", prefix="U", multiplier=69_621, is_deleting=False
    )


def outputs(world: World, known: Records, crm: Records, plan: Plan, chunk: int) -> list[Output]:
    """Users and orders of a chunk; products with the first."""
    draws = Draws(plan, chunk, 2, 1)
    found = [_users(world, known, crm, draws), _orders(known, plan, draws)]
    return found if chunk else [*found, _products(plan)]


def numbers_in(other: Records, customers: pl.Series) -> pl.Series:
    """The key in another system of each customer, its first record's; null where that system has none at the start."""
    first = other.frame.filter((pl.col("copy") == 0) & (pl.col("from_day") == 0)).select("customer", other="source_id")
    return customers.to_frame("customer").join(first, on="customer", how="left", maintain_order="left")["other"]


def _users(world: World, known: Records, crm: Records, draws: Draws) -> Output:
    is_person = pl.col("kind") == "person"
    is_latin = is_person & ((pl.col("country") != "CN") | pl.col("is_abroad"))
    rows = known.versions.with_columns(
        phones.written_phone().alias("mobile"),
        pl.col("birth_date").dt.to_string("%Y-%m-%d").alias("birth_text"),
        pl.when(is_latin).then("name_latin").otherwise("name").alias("name"),
    )
    planting = Planting(draws, rows, len(known.frame))
    phones.spoil_owner(planting, draws, "mobile", world.before)
    phones.spoil_office(planting, draws, "mobile")
    phones.spoil_writing(planting, draws, "mobile")
    values.spoil_names(planting, draws)
    values.spoil_mail(planting, draws)
    values.spoil_addresses(planting, world.before)
    values.spoil_birth_dates(planting)
    count = len(known.frame)
    linked = pl.Series(draws.share(count, _CARD_LINKED))
    card = pl.select(pl.when(linked).then(numbers_in(crm, known.frame["customer"]))).to_series()
    level = draws.pick(pl.Series(_LEVELS), count)
    record = planting.rows["record"]
    written = planting.rows.with_columns(card.gather(record).alias("card"), level.gather(record).alias("level"))
    found = pl.concat([known.planted, planting.planted])
    return Output("customers", CUSTOMERS, _written(written), found, truth_of(known.versions))


def _written(rows: pl.DataFrame) -> pl.DataFrame:
    is_person = pl.col("kind") == "person"
    parts = pl.col("name").str.splitn(" ", 2)
    is_parted = is_person & pl.col("name").str.contains(r"^[^\p{Han}]+ [^\p{Han}]+$")
    return rows.select(
        pl.col("source_id").alias("userId"),
        pl.when(is_person).then(pl.lit("personal")).otherwise(pl.lit("business")).alias("accountType"),
        pl.when(~is_parted).then("name").alias("realName"),
        pl.when(is_parted).then(parts.struct.field("field_0")).alias("firstName"),
        pl.when(is_parted).then(parts.struct.field("field_1")).alias("lastName"),
        "mobile",
        "email",
        pl.col("gender").alias("gender"),
        pl.when(is_person).then("birth_text").alias("birthday"),
        pl.struct("country", "province", "city", "district", "street", "postcode").alias("address"),
        pl.col("level").alias("memberLevel"),
        pl.col("card").alias("memberCard"),
        moment(day_of("first_event"), pl.col("second"), _FORM).alias("registeredAt"),
        moment(day_of("updated_event"), pl.col("second"), _FORM).alias("updatedAt"),
        pl.col("from_day").alias(FROM_DAY),
        pl.col("to_day").alias(TO_DAY),
    )


def products() -> pl.DataFrame:
    """code, name, category, line and price in whole yuan of everything on sale, the same in all worlds."""
    listed = words("products").with_columns(pl.int_range(1, pl.len() + 1).over("letter").alias("n"))
    return listed.select(
        (pl.col("letter") + "-" + pl.col("n").cast(pl.String).str.zfill(3)).alias("code"),
        "name",
        "category",
        pl.col("letter").alias("line"),
        (pl.col("letter").replace_strict(_PRICES, return_dtype=pl.Int64) * (2 + pl.col("n")) // 3).alias("price"),
    )


def order_lines(known: Records, plan: Plan, draws: Draws, *, before: float, daily: float, lines: int) -> pl.DataFrame:
    """One row per order line: the columns of `happenings`, number, line, code, quantity, price, amount in whole yuan.

    Args:
        known: records of the system.
        plan: size and days.
        draws: chance.
        before: orders of a record before the first delivery, on average.
        daily: orders of a record on a day, on average.
        lines: the most lines of an order.
    """
    orders = happenings(known.frame, plan, draws, before=before, daily=daily)
    orders = orders.with_columns(happening_number("", orders).alias("number"))
    count = draws.whole(len(orders), 1, lines + 1)
    rows = orders[np.repeat(np.arange(len(orders)), count)]
    sold = draws.rows(products(), len(rows))
    rows = rows.with_columns(
        pl.int_range(1, pl.len() + 1).over("number").alias("line"),
        sold["code"],
        sold["price"],
        pl.Series("quantity", draws.whole(len(rows), 1, 6)),
    )
    return rows.with_columns((pl.col("quantity") * pl.col("price")).alias("amount"))


def shipped_on(form: str) -> pl.Expr:
    """Text of the date of shipment; null while it has not come."""
    return pl.when(pl.col("shipped_day") <= pl.col("from_day")).then(day_of("shipped_day").dt.to_string(form))


def spoil_lines(rows: pl.DataFrame, draws: Draws, *, key: pl.Expr) -> Planting:
    """The lines with wrong amounts, wrong dates and guests; `customer_number` and `shipped_day` are added."""
    lines = rows.with_columns(
        key.alias("line_key"),
        pl.col("source_id").alias("customer_number"),
        pl.Series("shipped_day", rows["event_day"].to_numpy() + draws.whole(len(rows), 0, 5)),
    )
    lines = lines.with_columns(pl.col("line_key").alias("source_id"), pl.int_range(pl.len()).alias("record"))
    planting = Planting(draws, lines, len(lines))
    planting.spoil("amount_wrong", ("amount",), lambda found: found["amount"] - 5, pl.col("amount") > 10)
    planting.spoil("date_wrong", ("shipped_day",), lambda found: found["event_day"] - 20)
    planting.blank("order_without_customer", ("customer_number",), pl.col("customer") > 0)
    return planting


def _orders(known: Records, plan: Plan, draws: Draws) -> Output:
    lines = order_lines(known, plan, draws, before=0.8, daily=0.004, lines=2)
    planting = spoil_lines(lines, draws, key=pl.concat_str("O" + pl.col("number"), "line", separator="|"))
    rows = planting.rows
    written = rows.select(
        ("O" + pl.col("number")).alias("orderId"),
        pl.col("line").alias("lineNo"),
        pl.col("customer_number").alias("userId"),
        pl.col("code").alias("sku"),
        "quantity",
        pl.col("price").alias("unitPrice"),
        "amount",
        pl.lit("CNY").alias("currency"),
        moment(day_of("event_day"), pl.col("second"), _FORM).alias("orderedAt"),
        shipped_on("%Y-%m-%d").alias("shippedOn"),
        draws.pick(pl.Series(_STATUS), len(rows)).alias("status"),
        pl.col("from_day").alias(FROM_DAY),
        (pl.col("from_day") + 1).alias(TO_DAY),
    )
    late = late_of(rows, rows["source_id"])
    return Output("orders", ORDERS, written, pl.concat([planting.planted, late]))


def _products(plan: Plan) -> Output:
    rows = products().select(
        pl.col("code").alias("sku"),
        pl.col("name").alias("title"),
        "category",
        pl.col("line").alias("productLine"),
        (pl.col("price") * 0.6).round(2).alias("cost"),
        pl.lit("CNY").alias("currency"),
        pl.lit("2020-01-01").alias("onSaleFrom"),
        pl.lit(0, dtype=pl.Int64).alias(FROM_DAY),
        pl.lit(plan.days, dtype=pl.Int64).alias(TO_DAY),
    )
    return Output("products", PRODUCTS, rows, pl.DataFrame(schema=PLANTED_SCHEMA))
