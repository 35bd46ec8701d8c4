"""The five roles: who they are, what each may reach, and the SQL that sets them up.

Belongs here: roles, schemas, who of sales stands for which owner, rights on one table. Does not belong here: tables and
views (`shape`), masks.

Roles are groups without a login; the administrator of the server gives them to users. All statements may be run again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import SecretStr

from crm_pipeline.publish.postgresql.places import Places
from crm_pipeline.publish.postgresql.server import WRITER, session, told
from crm_pipeline.settings import Postgres
from crm_pipeline.tables import Personal
from crm_pipeline.warehouse.connection import literal, quoted

ANALYST, SALES, STEWARD, ADMIN = "crm_analyst", "crm_sales", "crm_steward", "crm_admin"
ROLES = (ANALYST, SALES, STEWARD, ADMIN, WRITER)
_READ_ALL = (STEWARD, ADMIN)
_SAYS = {
    ANALYST: "reads masked views only",
    SALES: "reads customers whose owner it stands for, see sales_owners",
    STEWARD: "reads everything",
    ADMIN: "reads everything, says who of sales stands for which owner, gives the reading roles to users",
    WRITER: "owns and writes what crm_pipeline publishes; for the user of the pipeline alone",
}


def set_up_roles(settings: Postgres, *, root: Path, url: SecretStr | None) -> None:
    """Runs `roles_sql` on the server, all of it or nothing.

    Args:
        settings: `publish.postgres`.
        root: what a relative path of `ca` is relative to.
        url: of a user who may make roles; None: that of the settings.

    Raises:
        ConfigurationError: the user may not.
        PipelineError: the server can't be reached, or fails.
    """
    with (
        session(settings, root=root, url=url, as_writer=False) as server,
        told("a user who may make roles and schemas"),
    ):
        for statement in roles_sql(settings):
            server.run(statement)


def roles_sql(settings: Postgres) -> list[str]:
    """The statements that make the roles and schemas, for a user who may: in one transaction, as often as one likes."""
    places = Places(settings.schema_name)
    return [
        *(_role_sql(role) for role in ROLES),
        *_schema_sql(places),
        *_owners_sql(places),
        _handed_over_sql(places),
        *_membership_sql(settings),
    ]


def _role_sql(role: str) -> str:
    return f"""DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {literal(role)}) THEN
        CREATE ROLE {role} NOLOGIN;
        COMMENT ON ROLE {role} IS {literal(_SAYS[role])};
    END IF;
END $$"""


def _schema_sql(places: Places) -> list[str]:
    readers = {
        places.schema: (SALES, *_READ_ALL),
        places.masked: (ANALYST, *_READ_ALL),
        places.base: (),
        places.access: (SALES, ADMIN),
    }
    statements = [  # whoever makes a schema for a role must have that role; an administrator of the server has all
        "DO $$ BEGIN IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN "
        f"EXECUTE format('GRANT {WRITER} TO %I', current_user); END IF; END $$"
    ]
    for schema, roles in readers.items():
        statements += [
            f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)} AUTHORIZATION {WRITER}",
            f"ALTER SCHEMA {quoted(schema)} OWNER TO {WRITER}",
            f"REVOKE ALL ON SCHEMA {quoted(schema)} FROM PUBLIC, {', '.join((ANALYST, SALES, *_READ_ALL))}",
            *(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {role}" for role in roles),
        ]
    return [*statements, "REVOKE CREATE ON SCHEMA public FROM PUBLIC"]


def _owners_sql(places: Places) -> list[str]:
    """The table that administrators fill, and the view of it that the rows of sales are chosen by.

    The view is asked with the rights of its owner, and `current_user` in it is still whoever asks.
    """
    return [
        f"CREATE TABLE IF NOT EXISTS {places.owners} (owner text NOT NULL, member text NOT NULL, "
        "PRIMARY KEY (owner, member))",
        f"COMMENT ON TABLE {places.owners} IS 'which user or team of sales stands for which owner of customers'",
        f"COMMENT ON COLUMN {places.owners}.owner IS 'as in the column owner of customers'",
        f"COMMENT ON COLUMN {places.owners}.member IS 'name of a role: a user, or a team that users are members of'",
        f"CREATE OR REPLACE VIEW {places.own_owners} WITH (security_barrier = true) AS SELECT DISTINCT o.owner "
        f"FROM {places.owners} AS o JOIN pg_catalog.pg_roles AS r ON r.rolname = o.member "
        "WHERE pg_catalog.pg_has_role(current_user, r.oid, 'USAGE')",
        f"ALTER TABLE {places.owners} OWNER TO {WRITER}",
        f"ALTER VIEW {places.own_owners} OWNER TO {WRITER}",
        f"REVOKE ALL ON {places.owners}, {places.own_owners} FROM PUBLIC",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {places.owners} TO {ADMIN}",
        f"GRANT SELECT ON {places.own_owners} TO {SALES}, {ADMIN}",
    ]


def _handed_over_sql(places: Places) -> str:
    """What was published before the roles were there gets the owner that it has from now on."""
    schemas = ", ".join(map(literal, places.schemas))
    return f"""DO $$ DECLARE each record; BEGIN
    FOR each IN
        SELECT c.oid::regclass AS name FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname IN ({schemas}) AND c.relkind IN ('r', 'v')
            AND pg_catalog.pg_get_userbyid(c.relowner) <> '{WRITER}'
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO {WRITER}', each.name);
    END LOOP;
    FOR each IN SELECT polrelid::regclass AS name FROM pg_catalog.pg_policy AS p
        JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = {literal(places.base)} AND p.polname = 'publication'
    LOOP
        EXECUTE format('ALTER POLICY publication ON %s TO {WRITER}', each.name);
    END LOOP;
END $$"""


def _membership_sql(settings: Postgres) -> list[str]:
    """The pipeline's user gets the writing role; administrators may give the reading ones to others."""
    user = settings.user
    granted = (
        f"DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {literal(user)} AND NOT rolsuper) "
        f"THEN GRANT {WRITER} TO {quoted(user)}; END IF; END $$"
    )
    return [
        "DO $$ BEGIN EXECUTE format("
        f"'GRANT CONNECT, TEMPORARY ON DATABASE %I TO {WRITER}', current_database()); END $$",
        *([granted] if user else []),
        f"GRANT {ANALYST}, {SALES}, {STEWARD} TO {ADMIN} WITH ADMIN OPTION",
    ]


def rights_sql(
    places: Places, name: str, columns: Sequence[str], personal: dict[str, Personal], roles: Collection[str], owner: str
) -> list[str]:
    """The statements that give each role that is there its rights on one table and its views.

    Row-level security is forced, so that it holds for the owner too, who has a policy of its own.

    Args:
        places: names on the server.
        name: of the table.
        columns: of the table.
        personal: column to personal mark.
        roles: those of `ROLES` that the server has.
        owner: who owns the table.
    """
    table, view, masked = places.table(name), places.view(name), places.masked_view(name)
    readers = [role for role in (ANALYST, SALES, *_READ_ALL) if role in roles]
    statements = [
        f"REVOKE ALL ON {table}, {view}, {masked} FROM {', '.join(['PUBLIC', *readers])}",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        *(f"DROP POLICY IF EXISTS {policy} ON {table}" for policy in ("publication", "all_rows", "own_customers")),
        f"CREATE POLICY publication ON {table} TO {quoted(owner)} USING (true) WITH CHECK (true)",
    ]
    if ANALYST in roles:
        statements.append(f"GRANT SELECT ON {masked} TO {ANALYST}")
    everything = [role for role in _READ_ALL if role in roles]
    if everything:
        statements += [
            f"GRANT SELECT ON {table}, {view}, {masked} TO {', '.join(everything)}",
            f"CREATE POLICY all_rows ON {table} FOR SELECT TO {', '.join(everything)} USING (true)",
        ]
    own = _rows_of_sales(places, name, columns, personal)
    if SALES in roles and own:
        statements += [
            f"GRANT SELECT ON {table}, {view} TO {SALES}",
            f"CREATE POLICY own_customers ON {table} FOR SELECT TO {SALES} USING ({own})",
        ]
    return statements


def _rows_of_sales(places: Places, name: str, columns: Sequence[str], personal: dict[str, Personal]) -> str | None:
    """Which rows sales sees: its customers, what has one of them, and what concerns nobody; None: no row at all."""
    if name == "customers":
        return f"owner IN (SELECT own.owner FROM {places.own_owners} AS own)" if "owner" in columns else None
    if "customer_id" in columns:
        return f"customer_id IN (SELECT own.customer_id FROM {places.table('customers')} AS own)"
    marks = {personal.get(column, Personal.DIRECT) for column in columns if column != "source_id"}
    return "true" if marks <= {Personal.NONE} and "customer_ids" not in columns else None
