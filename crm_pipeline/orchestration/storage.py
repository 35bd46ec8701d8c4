"""Where Dagster keeps runs, events and schedules: files, or PostgreSQL when one environment variable names it.

Belongs here: that choice, made whenever a process opens the instance, and what the database answers. Does not belong
here: `dagster.yaml`, which names this choice (`instance`).
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Any, cast

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.base_storage import DagsterStorage  # what a storage of one's own derives from
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import DagsterPostgresException
from pydantic import SecretStr

from crm_pipeline.errors import ConfigurationError, InstanceError
from crm_pipeline.orchestration.sqlite_files import KeptSqliteStorage
from crm_pipeline.settings import DAGSTER_POSTGRES_URL, dagster_postgres_url

# Libpq waits for ever by default; a server in reach answers within milliseconds.
_CONNECT_SECONDS = "5"
_FORM = "postgresql://user:password@host:port/database"
_PREAMBLE = re.compile(r"^connection to server (at|on) .*? failed: |^FATAL:\s+")


class ProjectStorage(DagsterStorage):
    """What `dagster.yaml` names as storage: PostgreSQL if CRM_PIPELINE_DAGSTER_POSTGRES_URL is set, else SQLite files.

    It is never an object itself: Dagster asks it for the storage, and gets one of either kind.
    """

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """What stands in `dagster.yaml`: the folder of the SQLite files."""
        return {"folder": dg.StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: dict[str, str]) -> DagsterStorage:
        """The storage of the project that CRM_PIPELINE_PROJECT points at."""
        given = dagster_postgres_url()
        if given is None:
            return KeptSqliteStorage.from_local(config_value["folder"], inst_data=inst_data)
        url = database_url(given).render_as_string(hide_password=False)
        return cast("DagsterStorage", DagsterPostgresStorage(url, inst_data=inst_data))


def database_url(given: SecretStr) -> sa.URL:
    """The URL with the driver that Dagster uses and a limit on the time to connect.

    Raises:
        ConfigurationError: it is not the URL of a PostgreSQL database; the message does not quote it.
    """
    text = given.get_secret_value()
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        url = None
    # An @ within the password would make a piece of the password the host.
    if url is None or url.get_backend_name() not in {"postgresql", "postgres"} or text.partition("?")[0].count("@") > 1:
        raise ConfigurationError(
            where=DAGSTER_POSTGRES_URL,
            expected=_FORM,
            found="something else",
            cure="Correct it; in user and password write @ as %40, : as %3A, / as %2F and % as %25.",
        ) from None
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": _CONNECT_SECONDS})
    return url.set(drivername="postgresql+psycopg2")


def require_database(url: sa.URL) -> None:
    """Returns when the database lets us in; within seconds if the server answers nothing.

    Raises:
        InstanceError: it does not; the message names host, port and reason.
    """
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with explained(url), engine.connect():
        pass


@contextlib.contextmanager
def explained(url: sa.URL | None) -> Iterator[None]:
    """Makes errors of Dagster's database within the block ours; without `url` there is no database.

    Raises:
        InstanceError: in place of them.
    """
    try:
        yield
    except (sa.exc.DBAPIError, DagsterPostgresException) as error:
        if url is None:
            raise
        cause = error if isinstance(error, sa.exc.DBAPIError) else error.__cause__
        raise InstanceError(
            where=DAGSTER_POSTGRES_URL,
            expected=f"the PostgreSQL database {url.database or ''} at {_address(url)} to take what Dagster records",
            found=_reason(getattr(cause, "orig", None)),
            cure="Start the server or correct the URL; the user must be allowed to make tables. "
            "Unset, files in var/dagster are used.",
        ) from None


def _address(url: sa.URL) -> str:
    """Host and port, or the folder of the server's socket."""
    host = url.host or url.query.get("host") or "the local socket"
    return f"{host}:{url.port or url.query.get('port') or 5432}"


def _reason(error: BaseException | None) -> str:
    """The first line of what the server or libpq says; neither quotes a password."""
    lines = str(error).strip().splitlines() if error else []
    text = lines[0] if lines else "no connection"
    while match := _PREAMBLE.match(text):
        text = text[match.end() :]
    return text
