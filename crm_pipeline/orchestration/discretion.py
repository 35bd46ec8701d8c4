"""Errors that Dagster may store: ours as they are, all others without their message.

Belongs here: keeping cells out of the event log. DuckDB and Polars quote the value they stumble over, and Dagster
stores what an error says, so that a personal value would end up in `var/dagster`.
"""

import contextlib
import traceback
from collections.abc import Iterator

import dagster as dg

from crm_pipeline.errors import PipelineError, is_interruption


@contextlib.contextmanager
def discreet() -> Iterator[None]:
    """Lets errors of ours and of Dagster through; of any other only kind and place remain.

    Raises:
        PipelineError: in the place of an error that is neither.
        KeyboardInterrupt: Ctrl+C, also within a query.
    """
    try:
        yield
    except (PipelineError, dg.DagsterError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its message may quote data
        if is_interruption(error):
            raise KeyboardInterrupt from None
        place = traceback.extract_tb(error.__traceback__)[-1]
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "crm_pipeline" in frame.filename]
        where = ours[-1] if ours else place
        raise PipelineError(
            where=f"{where.filename}:{where.lineno} {where.name}",
            expected="a step without an error",
            found=f"{type(error).__name__}, whose message is left out since it may quote data",
            cure="This is a defect; please report the place.",
        ) from None
