"""Contracts of schema std: the versions of records, entity by entity."""

from __future__ import annotations

from collections.abc import Iterable

from crm_pipeline.tables.contract import EXTERNAL_IDS_TYPE, Column, Personal, Table

PHONE_DETAILS_TYPE = "STRUCT(phone VARCHAR, kind VARCHAR, extension VARCHAR)[]"
EMAIL_DETAILS_TYPE = "STRUCT(email VARCHAR, email_key VARCHAR, is_role BOOLEAN, is_example BOOLEAN)[]"
_NOT_DELIVERED = "not delivered, or rejected"
_DIRECT, _INDIRECT = Personal.DIRECT, Personal.INDIRECT


def _standard(name: str, kind: str, description: str, personal: Personal = Personal.NONE) -> Column:
    return Column(name, kind, description, personal, _NOT_DELIVERED)


def _told(name: str, description: str, personal: Personal = Personal.NONE, kind: str = "VARCHAR") -> Column:
    return Column(name, kind, description, personal, "the row does not tell")


# One record in one system. The record key is `source/extract/source_id`.
RECORD_COLUMNS: tuple[Column, ...] = (
    Column("record_key", "VARCHAR", "source, extract and source_id, joined by a slash", _INDIRECT),
    Column("source", "VARCHAR", "name of the system in pipeline.yaml"),
    Column("extract", "VARCHAR", "name of the extract in pipeline.yaml"),
    Column("source_id", "VARCHAR", "primary key in the source; several columns are joined by |", _INDIRECT),
)

VERSION_COLUMNS: tuple[Column, ...] = (
    *RECORD_COLUMNS,
    Column("valid_from", "DATE", "business date of the delivery that brought this version"),
    Column("valid_to", "DATE", "business date on which it was replaced or deleted", null="it is the current version"),
    Column("sequence", "INTEGER", "which delivery of that business date, from 1"),
    Column("line", "BIGINT", "line of the record's start in the delivery; the header is line 1"),
    Column("row_hash", "VARCHAR", "MD5 of the row as delivered, for change detection", _INDIRECT),
)

CUSTOMER_COLUMNS: tuple[Column, ...] = (
    _standard("kind", "VARCHAR", "person or organisation"),
    _standard("name", "VARCHAR", "full name as it is written", _DIRECT),
    _standard("family_name", "VARCHAR", "family name of a person", _DIRECT),
    _standard("given_name", "VARCHAR", "given name of a person", _DIRECT),
    _standard("organisation", "VARCHAR", "whom a person works for", _INDIRECT),
    _standard("phones", "VARCHAR[]", "telephone numbers, E.164, in the order delivered", _DIRECT),
    _standard("emails", "VARCHAR[]", "e-mail addresses, lower case, in the order delivered", _DIRECT),
    _standard("external_ids", EXTERNAL_IDS_TYPE, "identifiers that several systems share", _INDIRECT),
    _standard("national_id", "VARCHAR", "resident identity number, GB 11643", _DIRECT),
    _standard("organisation_id", "VARCHAR", "unified social credit code, or the licence of 15 digits"),
    _standard("tax_id", "VARCHAR", "tax number", _INDIRECT),
    _standard("birth_date", "DATE", "date of birth", _DIRECT),
    _standard("gender", "VARCHAR", "male, female or other, as delivered, never guessed", _INDIRECT),
    _standard("country", "VARCHAR", "ISO 3166-1 alpha-2"),
    _standard("province", "VARCHAR", "first division of the country", _INDIRECT),
    _standard("city", "VARCHAR", "city", _INDIRECT),
    _standard("district", "VARCHAR", "district or county", _INDIRECT),
    _standard("street", "VARCHAR", "street and number", _DIRECT),
    _standard("postcode", "VARCHAR", "postal code", _INDIRECT),
    _standard("address", "VARCHAR", "address in one text", _DIRECT),
    _standard("industry", "VARCHAR", "line of business"),
    _standard("website", "VARCHAR", "home page", _INDIRECT),
    _standard("status", "VARCHAR", "status in the source"),
    _standard("owner", "VARCHAR", "who looks after the customer", _INDIRECT),
    _standard("consent", "VARCHAR", "consent to be contacted, as delivered"),
    _standard("created_at", "TIMESTAMP", "when the source created the record"),
    _standard("updated_at", "TIMESTAMP", "when the source last changed the record"),
)

ORDER_COLUMNS: tuple[Column, ...] = (
    _standard("order_number", "VARCHAR", "number of the order; its lines share it"),
    _standard("line_number", "VARCHAR", "line within the order"),
    _standard("customer_record_key", "VARCHAR", "record key of the ordering customer's record", _INDIRECT),
    _standard("customer_external_ids", EXTERNAL_IDS_TYPE, "identifiers of the ordering customer", _INDIRECT),
    _standard("product_code", "VARCHAR", "code of the product"),
    _standard("ordered_on", "DATE", "date of the order"),
    _standard("shipped_on", "DATE", "date of shipment"),
    _standard("due_on", "DATE", "date payment is due"),
    _standard("quantity", "DECIMAL(18,4)", "units ordered"),
    _standard("unit_price", "DECIMAL(18,4)", "price of one unit, in currency"),
    _standard("amount", "DECIMAL(18,4)", "value of the line, in currency"),
    _standard("currency", "VARCHAR", "ISO 4217"),
    _standard("status", "VARCHAR", "status in the source"),
)

PRODUCT_COLUMNS: tuple[Column, ...] = (
    _standard("product_code", "VARCHAR", "code that order lines use; several versions of a product may share it"),
    _standard("name", "VARCHAR", "name"),
    _standard("category", "VARCHAR", "category"),
    _standard("product_line", "VARCHAR", "product line"),
    _standard("cost", "DECIMAL(18,4)", "cost of one unit, in currency"),
    _standard("currency", "VARCHAR", "ISO 4217"),
    _standard("available_from", "DATE", "first day of this version"),
    _standard("available_to", "DATE", "last day of this version"),
)

TICKET_COLUMNS: tuple[Column, ...] = (
    _standard("ticket_number", "VARCHAR", "number of the ticket as customer and support call it"),
    _standard("customer_record_key", "VARCHAR", "record key of the asking customer's record", _INDIRECT),
    _standard("customer_external_ids", EXTERNAL_IDS_TYPE, "identifiers of the asking customer", _INDIRECT),
    _standard("subject", "VARCHAR", "what it is about, in one line", _DIRECT),
    _standard("description", "VARCHAR", "what the customer wrote or said", _DIRECT),
    _standard("category", "VARCHAR", "kind of request, in the source's words"),
    _standard("priority", "VARCHAR", "priority, in the source's words"),
    _standard("channel", "VARCHAR", "how it came: phone, e-mail, chat, in the source's words"),
    _standard("status", "VARCHAR", "status in the source"),
    _standard("opened_at", "TIMESTAMP", "when it was opened"),
    _standard("closed_at", "TIMESTAMP", "when it was closed"),
    _standard("satisfaction", "DECIMAL(18,4)", "score that the customer gave, on the source's scale"),
    _standard("owner", "VARCHAR", "who works on it", _INDIRECT),
)

CAMPAIGN_COLUMNS: tuple[Column, ...] = (
    _standard("campaign_code", "VARCHAR", "code that interactions use"),
    _standard("name", "VARCHAR", "name"),
    _standard("channel", "VARCHAR", "how it reaches customers, in the source's words"),
    _standard("started_on", "DATE", "first day"),
    _standard("ended_on", "DATE", "last day"),
    _standard("cost", "DECIMAL(18,4)", "cost of the whole campaign, in currency"),
    _standard("currency", "VARCHAR", "ISO 4217"),
    _standard("status", "VARCHAR", "status in the source"),
)

INTERACTION_COLUMNS: tuple[Column, ...] = (
    _standard("customer_record_key", "VARCHAR", "record key of the customer's record", _INDIRECT),
    _standard("customer_external_ids", EXTERNAL_IDS_TYPE, "identifiers of the customer", _INDIRECT),
    _standard("campaign_code", "VARCHAR", "code of the campaign that it belongs to"),
    _standard("kind", "VARCHAR", "call, visit, mail, click and so on, in the source's words"),
    _standard("channel", "VARCHAR", "phone, e-mail, web and so on, in the source's words"),
    _standard("direction", "VARCHAR", "from or to the customer, in the source's words"),
    _standard("occurred_at", "TIMESTAMP", "when it took place"),
    _standard("outcome", "VARCHAR", "what came of it, in the source's words"),
    _standard("subject", "VARCHAR", "what it was about, in one line", _DIRECT),
    _standard("owner", "VARCHAR", "who dealt with the customer", _INDIRECT),
)

OPPORTUNITY_COLUMNS: tuple[Column, ...] = (
    _standard("opportunity_number", "VARCHAR", "number of the opportunity in the source"),
    _standard("customer_record_key", "VARCHAR", "record key of the customer's record", _INDIRECT),
    _standard("customer_external_ids", EXTERNAL_IDS_TYPE, "identifiers of the customer", _INDIRECT),
    _standard("name", "VARCHAR", "what it is called; often the customer and what is to be sold", _DIRECT),
    _standard("stage", "VARCHAR", "stage of the sale, in the source's words"),
    _standard("amount", "DECIMAL(18,4)", "expected value, in currency"),
    _standard("currency", "VARCHAR", "ISO 4217"),
    _standard("probability", "DECIMAL(18,4)", "chance of winning it, in the source's scale: 0 to 1 or 0 to 100"),
    _standard("expected_close_on", "DATE", "day on which it is expected to be decided"),
    _standard("opened_at", "TIMESTAMP", "when it was opened"),
    _standard("closed_at", "TIMESTAMP", "when it was won or lost"),
    _standard("owner", "VARCHAR", "who works on it", _INDIRECT),
    _standard("status", "VARCHAR", "open, won or lost, in the source's words"),
)

PAYMENT_COLUMNS: tuple[Column, ...] = (
    _standard("payment_number", "VARCHAR", "number of the payment in the source"),
    _standard("customer_record_key", "VARCHAR", "record key of the paying customer's record", _INDIRECT),
    _standard("customer_external_ids", EXTERNAL_IDS_TYPE, "identifiers of the paying customer", _INDIRECT),
    _standard("order_number", "VARCHAR", "number of the order that it pays"),
    _standard("invoice_number", "VARCHAR", "number of the invoice that it pays"),
    _standard("amount", "DECIMAL(18,4)", "value paid, in currency; less than 0 when it was paid back"),
    _standard("currency", "VARCHAR", "ISO 4217"),
    _standard("paid_at", "TIMESTAMP", "when it was paid"),
    _standard("method", "VARCHAR", "transfer, card, WeChat, Alipay and so on, in the source's words"),
    _standard("status", "VARCHAR", "status in the source"),
)

ENTITIES: dict[str, tuple[Column, ...]] = {
    "customers": CUSTOMER_COLUMNS,
    "orders": ORDER_COLUMNS,
    "products": PRODUCT_COLUMNS,
    "tickets": TICKET_COLUMNS,
    "campaigns": CAMPAIGN_COLUMNS,
    "interactions": INTERACTION_COLUMNS,
    "opportunities": OPPORTUNITY_COLUMNS,
    "payments": PAYMENT_COLUMNS,
}
# An entity that one may configure and that has no table of its own: its records are persons among the customers.
CONTACTS = "contacts"

# What a standardised table has besides, computed from its own columns. The days are those of the project's time zone:
# times are stored in UTC, and a rule compares them with a business date.
DERIVED: dict[str, tuple[Column, ...]] = {
    "customers": (
        Column(
            "related_record_key",
            "VARCHAR",
            "record key of the organisation that a contact was delivered for",
            _INDIRECT,
            "it is no contact of another record",
        ),
        Column(
            "phone_details",
            PHONE_DETAILS_TYPE,
            "of each of `phones`, in their order: its kind (mobile, fixed_line, toll_free …) and its extension",
            _DIRECT,
            "no number",
        ),
        Column(
            "email_details",
            EMAIL_DETAILS_TYPE,
            "of each of `emails`, in their order: what is compared (without plus-tag and meaningless dots), whether it "
            "is a role's such as info@, and whether its domain is for examples",
            _DIRECT,
            "no address",
        ),
        _told("middle_name", "middle name of a person", _DIRECT),
        _told("name_title", "title before or behind a person's name; no gender is concluded from it", _INDIRECT),
        _told("name_suffix", "suffix of a person's name, such as Jr. or PhD", _INDIRECT),
        _told("native_name", "a person's name in its own script, where that is not Latin", _DIRECT),
        _told("latin_name", "a person's name in Latin letters; of a Chinese one in pinyin, surname first", _DIRECT),
        _told("native_name_key", "native name to compare: simplified characters without blanks", _DIRECT),
        _told("name_key", "name to compare, one for 张三, Zhang San and San Zhang", _DIRECT),
        _told("organisation_region", "place in the name of the organisation, or of whom a person works for", _INDIRECT),
        _told("organisation_region_code", "GB/T 2260 code of that place"),
        _told("organisation_core", "what tells the name of the organisation apart, such as 贝尔", _INDIRECT),
        _told("organisation_trade", "its trade as the name says it, such as 科技"),
        _told("organisation_legal_form", "its legal form as the name says it, such as 有限公司"),
        _told("organisation_branch", "the branch, such as 上海分公司", _INDIRECT),
        _told("organisation_key", "name of the organisation to compare: core and trade, aliases resolved", _INDIRECT),
        _told("national_id_birth_date", "date of birth in the resident id", _DIRECT, "DATE"),
        _told("national_id_gender", "male or female, of the resident id", _INDIRECT),
        _told("is_national_id_region_known", "whether its first six digits were ever a division", kind="BOOLEAN"),
        _told("is_tax_id_verified", "whether a rule of its country was applied to the tax number", kind="BOOLEAN"),
        _told("division_code", "GB/T 2260 code of the smallest certain division of the address", _INDIRECT),
        _told("street_name", "street without number", _INDIRECT),
        _told("street_number", "number in the street, as written", _INDIRECT),
        _told("building", "what stands beside street and number", _INDIRECT),
        _told("unit", "room, floor or flat", _INDIRECT),
        _told("address_key", "address to compare: folded, without punctuation and the words of buildings", _DIRECT),
        _told("address_note", "what is doubtful about the divisions: contradiction or unknown_division"),
        _told("industry_section", "section of GB/T 4754-2017, A to T, of `industry`"),
    ),
    "orders": (
        Column(
            "computed_amount",
            "DECIMAL(18,4)",
            "quantity times unit_price as delivered; the amount where the extract maps not both",
            null="one of the two is missing",
        ),
    ),
    "tickets": (Column("opened_on", "DATE", "business day of opened_at", null="opened_at is"),),
    "interactions": (Column("occurred_on", "DATE", "business day of occurred_at", null="occurred_at is"),),
    "opportunities": (Column("opened_on", "DATE", "business day of opened_at", null="opened_at is"),),
    "payments": (Column("paid_on", "DATE", "business day of paid_at", null="paid_at is"),),
}


# Types that a user may declare of an own field, and what they are in DuckDB.
EXTRA_TYPES = {
    "text": "VARCHAR",
    "number": "DECIMAL(18,4)",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
}


def extra_column(
    own: str | Column, kind: str = "text", personal: Personal = _DIRECT, description: str | None = None
) -> Column:
    """A user's own field: text, directly personal unless declared otherwise; a column is what it is already.

    Args:
        own: its name, or the column.
        kind: one of `EXTRA_TYPES`.
        personal: as declared.
        description: what it means; None where nobody said.
    """
    if isinstance(own, Column):
        return own
    return Column(own, EXTRA_TYPES[kind], description or "own field of this project", personal, _NOT_DELIVERED)


def extra_columns(own: Iterable[str | Column]) -> tuple[Column, ...]:
    """Own fields as columns; a name alone is text that leads to a person directly."""
    return tuple(extra_column(each) for each in own)


def std(entity: str, extra: Iterable[str | Column] = ()) -> Table:
    """`std.<entity>`: one version of one record; current where `valid_to` is null, deleted where no version is."""
    own = extra_columns(extra)
    columns = (*VERSION_COLUMNS, *ENTITIES[entity], *DERIVED.get(entity, ()), *own)
    return Table("std", entity, "one version of one record", ("record_key", "valid_from"), columns)
