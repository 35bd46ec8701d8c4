"""Finance: business partners and invoices of an ERP, semicolons, upper-case column names, mostly organisations.

Belongs here: what finance knows and how it writes it. Does not belong here: what customers are (`world`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.generator.defects import Planting
from crm_pipeline.generator.plan import Draws, Plan
from crm_pipeline.generator.records import Records, day_of, make_records
from crm_pipeline.generator.systems import phones, values
from crm_pipeline.generator.systems.crm import late_of, truth_of
from crm_pipeline.generator.systems.output import FROM_DAY, TO_DAY, Form, Output
from crm_pipeline.generator.systems.shop import numbers_in, order_lines, shipped_on, spoil_lines
from crm_pipeline.generator.world import World
from crm_pipeline.generator.writing import moment

CUSTOMERS = Form("extracts/finance/{date}/partners.csv", delimiter=";", byte_order_mark=True, is_full=True)
ORDERS = Form("extracts/finance/{date}/billing.csv", delimiter=";", byte_order_mark=True)

_FORM = "%Y%m%d"
_CRM_KNOWN = 0.45  # partners that were made from a request out of the CRM, which gave its number along
_LATIN = 0.03  # Chinese companies under their English name, from the papers of an export
_DUE_DAYS = 30


def records(world: World, plan: Plan, chunk: int) -> Records:
    """The records of finance; some partners are there twice, and some are removed on each day."""
    return make_records(
        world, plan, Draws(plan, chunk, 4, 0), system="finance", prefix="B", multiplier=16_807, is_deleting=True
    )


def outputs(world: World, known: Records, crm: Records, plan: Plan, chunk: int) -> list[Output]:
    """Partners and invoice lines of a chunk."""
    draws = Draws(plan, chunk, 4, 1)
    return [_partners(world, known, crm, draws), _billing(known, plan, draws)]


def _partners(world: World, known: Records, crm: Records, draws: Draws) -> Output:
    count = len(known.frame)
    record = known.versions["record"]
    is_latin = pl.Series(draws.share(count, _LATIN)).gather(record) & (known.versions["kind"] == "organisation")
    rows = known.versions.with_columns(
        phones.written_phone().alias("tel"),
        pl.when(is_latin).then("name_latin").otherwise("name").alias("name"),
        pl.coalesce("organisation_id", "tax_id").alias("tax_number"),
    )
    planting = Planting(draws, rows, count)
    phones.spoil_owner(planting, draws, "tel", world.before)
    phones.spoil_office(planting, draws, "tel")
    phones.spoil_writing(planting, draws, "tel")
    values.spoil_names(planting, draws)
    values.spoil_mail(planting, draws)
    values.spoil_addresses(planting, world.before)
    values.spoil_identifiers(planting, ("tax_number",))
    requested = pl.Series(draws.share(count, _CRM_KNOWN))
    crm_number = pl.select(pl.when(requested).then(numbers_in(crm, known.frame["customer"]))).to_series()
    written = planting.rows.with_columns(crm_number.gather(record).alias("crm_number"))
    found = pl.concat([known.planted, planting.planted])
    return Output("customers", CUSTOMERS, _written(written), found, truth_of(known.versions))


def _written(rows: pl.DataFrame) -> pl.DataFrame:
    is_person = pl.col("kind") == "person"
    long = pl.col("name").str.len_chars() > 35  # NAME1 holds 35 characters, the rest runs on into NAME2
    return rows.select(
        pl.col("source_id").alias("BP_NO"),
        pl.when(is_person).then(pl.lit("1")).otherwise(pl.lit("2")).alias("BP_TYPE"),
        pl.when(long).then(pl.col("name").str.slice(0, 35)).otherwise("name").alias("NAME1"),
        pl.when(long).then(pl.col("name").str.slice(35)).alias("NAME2"),
        pl.col("tax_number").alias("TAX_NO"),
        pl.col("tel").alias("TEL"),
        pl.col("email").alias("MAIL"),
        pl.col("street").alias("STREET"),
        pl.col("district").alias("DISTRICT"),
        pl.col("city").alias("CITY"),
        pl.col("province").alias("REGION"),
        pl.col("postcode").alias("ZIP"),
        pl.col("country").alias("LAND"),
        pl.col("industry").alias("BRANCH"),
        pl.col("crm_number").alias("CRM_NO"),
        moment(day_of("first_event"), pl.col("second"), _FORM).alias("CREATED_ON"),
        moment(day_of("updated_event"), pl.col("second"), _FORM).alias("CHANGED_ON"),
        pl.col("from_day").alias(FROM_DAY),
        pl.col("to_day").alias(TO_DAY),
    )


def _billing(known: Records, plan: Plan, draws: Draws) -> Output:
    lines = order_lines(known, plan, draws, before=0.9, daily=0.006, lines=4)
    lines = lines.with_columns((pl.col("line") * 10).alias("line"), (pl.col("quantity") * 20).alias("quantity"))
    lines = lines.with_columns((pl.col("quantity") * pl.col("price")).alias("amount"))
    planting = spoil_lines(lines, draws, key=pl.concat_str("9" + pl.col("number"), "line", separator="|"))
    rows = planting.rows.with_columns((pl.col("event_day") + _DUE_DAYS).alias("due_day"))
    written = rows.select(
        ("9" + pl.col("number")).alias("INVOICE_NO"),
        pl.col("line").alias("ITEM"),
        pl.col("customer_number").alias("BP_NO"),
        pl.col("code").alias("MATERIAL"),
        pl.col("quantity").alias("QTY"),
        (pl.col("price").cast(pl.String) + ".00").alias("NET_PRICE"),
        (pl.col("amount").cast(pl.String) + ".00").alias("NET_VALUE"),
        pl.lit("CNY").alias("CURR"),
        day_of("event_day").dt.to_string(_FORM).alias("BILL_DATE"),
        shipped_on(_FORM).alias("SHIP_DATE"),
        day_of("due_day").dt.to_string(_FORM).alias("DUE_DATE"),
        pl.col("from_day").alias(FROM_DAY),
        (pl.col("from_day") + 1).alias(TO_DAY),
    )
    return Output("orders", ORDERS, written, pl.concat([planting.planted, late_of(rows, rows["source_id"])]))
