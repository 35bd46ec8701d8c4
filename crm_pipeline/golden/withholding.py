"""Contact values of customers who do not consent to be contacted: nobody gets them.

Belongs here: taking phones and e-mails out of the golden tables. Does not belong here: which words of a source refuse
consent (`settings.life_cycle`), or how the golden consent is chosen among records (`survivorship`).

The values stay in std and link: they go on telling who is who.
"""

from __future__ import annotations

from collections.abc import Iterable

from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal

_CONTACTS = ("phone", "email")


def withhold_contacts(warehouse: Warehouse, no_consent: Iterable[str]) -> int:
    """Number of customers whose phones and e-mails were taken out of the golden tables.

    Args:
        warehouse: the writing connection; gold.customers, customer_contacts and customer_values hold all customers.
        no_consent: values of `consent` that refuse it.
    """
    withheld = withheld_customers("gold.customers", no_consent)
    count = int(warehouse.value(f"SELECT count(*) FROM ({withheld})"))
    if not count:
        return 0
    with warehouse.transaction():
        names = ", ".join(f"{name} = NULL" for name in _CONTACTS)
        listed = ", ".join(map(literal, _CONTACTS))
        warehouse.execute(f"DELETE FROM gold.customer_contacts WHERE customer_id IN ({withheld})")
        warehouse.execute(
            f"DELETE FROM gold.customer_values WHERE customer_id IN ({withheld}) AND column_name IN ({listed})"
        )
        warehouse.execute(f"UPDATE gold.customers SET {names} WHERE customer_id IN ({withheld})")
    return count


def withhold_from_history(warehouse: Warehouse, no_consent: Iterable[str]) -> None:
    """Takes phones and e-mails out of all versions of the customers who refuse consent now."""
    withheld = withheld_customers("gold.customers", no_consent)
    names = ", ".join(f"{name} = NULL" for name in _CONTACTS)
    held = " OR ".join(f"{name} IS NOT NULL" for name in _CONTACTS)
    warehouse.execute(f"UPDATE gold.customer_history SET {names} WHERE customer_id IN ({withheld}) AND ({held})")


def withheld_customers(relation: str, no_consent: Iterable[str]) -> str:
    """A select of the customers in `relation` whose consent is one of the values that refuse it."""
    words = ", ".join(f"lower({literal(word.strip())})" for word in no_consent) or "NULL"
    return f"SELECT customer_id FROM {relation} WHERE lower(trim(consent)) IN ({words})"
