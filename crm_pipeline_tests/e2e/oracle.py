"""What the demo must come to, worked out over the raw CSV files in plain Python.

Belongs here: dictionaries and loops, so that nothing is shared with what is judged. Does not belong here: claims.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

DAY = date(2026, 1, 28)
_COUNTRIES = {
    "Australia": "AU", "United States": "US", "USA": "US", "US": "US", "United Kingdom": "GB", "France": "FR",
    "Canada": "CA", "Germany": "DE", "DE": "DE",
}  # fmt: skip
_GENDERS = {"M": "male", "Male": "male", "F": "female", "Female": "female"}
Row = dict[str, str]


@dataclass(frozen=True)
class Extracts:
    """The rows of the demo's files as delivered, by line; the header is line 1."""

    crm: dict[int, Row]
    orders: dict[int, Row]
    erp: dict[int, Row]
    locations: dict[int, Row]

    @classmethod
    def of(cls, project: Path) -> Extracts:
        """Those of a project."""
        folder = project / "extracts"
        return cls(
            _lines(folder / f"crm/{DAY}/cust_info.csv"),
            _lines(folder / f"crm/{DAY}/sales_details.csv"),
            _lines(folder / f"erp/{DAY}/CUST_AZ12.csv"),
            _lines(folder / f"erp/{DAY}/LOC_A101.csv"),
        )


@dataclass(frozen=True)
class Golden:
    """A customer as it must come out; names as delivered but trimmed, None for nothing."""

    given_name: str | None
    family_name: str | None
    gender: str | None
    marital_status: str | None
    birth_date: date | None
    country: str | None


def newest(crm: dict[int, Row]) -> dict[str, tuple[int, Row]]:
    """Per CRM id the row that counts, with its line: the newest, of equally new ones the last."""
    found: dict[str, tuple[int, Row]] = {}
    for line, row in crm.items():
        key = row["cst_id"]
        if key and (key not in found or row["cst_create_date"] >= found[key][1]["cst_create_date"]):
            found[key] = (line, row)
    return found


def golden_by_account(extracts: Extracts) -> dict[str, Golden]:
    """Per account number the customer that all three extracts together make."""
    births = {row["CID"].removeprefix("NAS"): row for row in extracts.erp.values()}
    places = {row["CID"].replace("-", ""): row for row in extracts.locations.values()}
    made = {}
    for _, row in newest(extracts.crm).values():
        account = row["cst_key"].strip()
        erp, place = births.get(account, {}), places.get(account, {})
        born = _date(erp.get("BDATE", ""))
        made[account] = Golden(
            row["cst_firstname"].strip() or None,
            row["cst_lastname"].strip() or None,
            _GENDERS.get(row["cst_gndr"].strip()) or _GENDERS.get(erp.get("GEN", "").strip()),
            row["cst_marital_status"].strip() or None,
            born if born and born <= DAY else None,
            _COUNTRIES.get(place.get("CNTRY", "").strip()),
        )
    return made


def accounts_of_orders(extracts: Extracts) -> dict[str, str | None]:
    """Per order line, as SO43697|BK-R93R-62, the account number of its customer; None for an orphan."""
    known = {key: row["cst_key"].strip() for key, (_, row) in newest(extracts.crm).items()}
    return {
        f"{row['sls_ord_num'].strip()}|{row['sls_prd_key'].strip()}": known.get(row["sls_cust_id"].strip())
        for row in extracts.orders.values()
    }


def surplus_lines(crm: dict[int, Row]) -> set[int]:
    """Lines of rows whose id a newer row has."""
    kept = {line for line, _ in newest(crm).values()}
    return {line for line, row in crm.items() if row["cst_id"] and line not in kept}


def lines_without_id(crm: dict[int, Row]) -> set[int]:
    """Lines of rows without id."""
    return {line for line, row in crm.items() if not row["cst_id"].strip()}


def lines_born_in_future(erp: dict[int, Row]) -> set[int]:
    """Lines with a birth date after the day of the delivery."""
    return {line for line, row in erp.items() if (_date(row["BDATE"]) or DAY) > DAY}


def lines_of_bad_amounts(orders: dict[int, Row]) -> set[int]:
    """Lines whose amount is not quantity times price, or where one of the three is missing."""
    return {
        line
        for line, row in orders.items()
        if not (row["sls_sales"] and row["sls_price"] and row["sls_quantity"])
        or int(row["sls_sales"]) != int(row["sls_quantity"]) * int(row["sls_price"])
    }


def lines_of_bad_order_dates(orders: dict[int, Row]) -> set[int]:
    """Lines whose order date is not eight digits of a real date, nor a zero."""
    bad = {line for line, row in orders.items() if _compact_date(row["sls_order_dt"]) is None}
    return bad - lines_without_order_date(orders)


def lines_without_order_date(orders: dict[int, Row]) -> set[int]:
    """Lines whose order date is a zero, which says that there is none."""
    return {line for line, row in orders.items() if row["sls_order_dt"] == "0"}


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text.strip() else None


def _compact_date(text: str) -> date | None:
    if len(text) != 8:
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _lines(file: Path) -> dict[int, Row]:
    with file.open(newline="", encoding="utf-8") as opened:
        return dict(enumerate(csv.DictReader(opened), start=2))
