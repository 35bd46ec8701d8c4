"""The records as the model compares them: folded, with the columns that a project really has.

Belongs here: preparing columns for comparison, and deciding which are worth it. Does not belong here: how columns are
compared (`model`) or which records are (`blocking`). Identifiers never come here.
"""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.linkage.scratch import copy_select
from crm_pipeline.warehouse import Warehouse

# Raised whenever the preparation below, the comparisons or the blocking rules change: stored models of another
# version are not used, because they would not score a pair as they did.
PREPARATION_VERSION = 1

RECORDS = "linkage_records"

# A column takes part when at least this share of the records has it. Below, it can decide too few pairs to be trained.
SMALLEST_SHARE = 0.01
# A column of the present model stays until its share falls below this, lest models alternate from night to night.
SMALLEST_SHARE_KEPT = 0.005

NAME_COLUMNS = ("family_name", "given_name", "person_name", "organisation_name")
COLUMNS = (*NAME_COLUMNS, "birth_date", "phones", "emails", "street", "postcode", "city", "gender")

# Folded so that case and width do not count. A person's full name is compared where the parts are missing on one side;
# Chinese names are written family name first and without a space.
_SELECT = """
    WITH folded AS (
        SELECT record_key, kind,
               nullif(trim(lower(family_name)), '') AS family_name,
               nullif(trim(lower(given_name)), '') AS given_name,
               nullif(trim(lower(name)), '') AS name,
               CAST(birth_date AS VARCHAR) AS birth_date,
               list_sort(list_distinct(phones)) AS phones, list_sort(list_distinct(emails)) AS emails,
               nullif(trim(lower(street)), '') AS street, nullif(trim(lower(postcode)), '') AS postcode,
               nullif(trim(lower(city)), '') AS city, gender
        FROM std.customers WHERE valid_to IS NULL
    )
    SELECT record_key, kind,
           CASE WHEN kind IS DISTINCT FROM 'organisation' THEN family_name END AS family_name,
           CASE WHEN kind IS DISTINCT FROM 'organisation' THEN given_name END AS given_name,
           CASE WHEN kind IS DISTINCT FROM 'organisation' THEN coalesce(name, nullif(
               CASE WHEN regexp_matches(family_name, '\\p{Han}') THEN concat(family_name, given_name)
                    ELSE concat_ws(' ', given_name, family_name) END, '')) END AS person_name,
           CASE WHEN kind = 'organisation' THEN name END AS organisation_name,
           birth_date, CASE WHEN len(phones) > 0 THEN phones END AS phones,
           CASE WHEN len(emails) > 0 THEN emails END AS emails, street, postcode, city, gender
    FROM folded
    WHERE coalesce(family_name, given_name, name, birth_date, phones[1], emails[1]) IS NOT NULL
    ORDER BY record_key
"""


def prepare_records(warehouse: Warehouse, scratch: Warehouse) -> int:
    """Number of comparable records; they are in the scratch table `linkage_records`, one row each, in key order.

    A current record without any name, birth date, phone and e-mail address has nothing to be found by and is left out.
    """
    return copy_select(warehouse, _SELECT, scratch, RECORDS)


def usable_columns(scratch: Warehouse, kept: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns worth comparing, in the order of `COLUMNS`: filled often enough, with more than one distinct value.

    Args:
        scratch: where the prepared records are.
        kept: columns of the present model; for them the lower share counts.
    """
    counts = ", ".join(f"count({name}), count(DISTINCT {name})" for name in COLUMNS)
    total, *found = scratch.execute(f"SELECT count(*), {counts} FROM {RECORDS}")[0]
    filled, distinct = found[0::2], found[1::2]
    return tuple(
        name
        for name, rows, values in zip(COLUMNS, filled, distinct, strict=True)
        if values > 1 and rows >= total * (SMALLEST_SHARE_KEPT if name in kept else SMALLEST_SHARE)
    )
