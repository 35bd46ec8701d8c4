"""Whether the pages of a service fit together: none given twice in place of another, none missing at the end.

Belongs here: what is counted and compared over pages. Does not belong here: one answer (`answers`), asking (`pages`).
"""

from __future__ import annotations

import hashlib

from crm_pipeline.settings.rest import Rest
from crm_pipeline.settings.rest_paging import Offset, PageNumber
from crm_pipeline.sources.rest.answers import Answer
from crm_pipeline.sources.rest.failures import ServiceError, unfit
from crm_pipeline.sources.rest.paging import Place


class Progress:
    """The pages so far.

    A page with the records of an earlier one, whatever it is called: where pages are numbered or counted off it took
    the place of another one and is refused; where each page refers to the next it is harmless, since its records have
    the keys of those that came before, and it does not count towards the total.

    Attributes:
        record_count: records so far, those of repeated pages among them.
        page_count: pages so far.
    """

    def __init__(self, rest: Rest, where: str) -> None:
        self._where = where
        self._is_counted = isinstance(rest.paginator, PageNumber | Offset)
        self._may_be_empty = getattr(rest.paginator, "may_be_empty", False)
        self._digests: set[bytes] = set()
        self._places: set[Place] = set()
        self._newest: Answer | None = None
        self._distinct_count = 0
        self._sha256 = hashlib.sha256()
        self.record_count = 0
        self.page_count = 0

    def add(self, answer: Answer) -> None:
        """Takes in a page.

        Raises:
            ServiceError: it took the place of another one.
        """
        canonical = answer.canonical
        digest = hashlib.sha256(canonical).digest()
        is_repeated = bool(answer.records) and digest in self._digests
        if is_repeated and self._is_counted:
            raise self._refused(
                "another page than those before",
                f"the records of an earlier page again as page {self.page_count + 1}",
                "Check the names that paginator gives the parameters: a service passes over those it does not know.",
            )
        self._digests.add(digest)
        self._sha256.update(canonical)
        self._newest = answer
        self._distinct_count += 0 if is_repeated else len(answer.records)
        self.record_count += len(answer.records)
        self.page_count += 1

    @property
    def sha256(self) -> str:
        """Over all records so far, however they were divided into pages."""
        return self._sha256.hexdigest()

    def is_over(self) -> bool:
        """Whether the page just added says that it is the last one."""
        page = self._newest
        if page is None:
            return False
        if page.has_more is not None:
            return not page.has_more
        if page.page_count is not None:
            return self.page_count >= page.page_count
        return self._is_counted and page.total is not None and self._distinct_count >= page.total

    def go_on(self, place: Place | None) -> None:
        """Nothing, when the next page may be asked for at `place`, or, at None, when the page just added is the last.

        Raises:
            ServiceError: the service goes round in circles, or ends early.
        """
        page = self._newest
        if page is None:
            return
        if place is not None:
            if place in self._places:
                raise self._refused(
                    "a page behind this one", "a page that was read before", "Ask the service's operator."
                )
            self._places.add(place)
            if not page.records and not self._may_be_empty:
                raise self._ended("an empty page before the last one (may_be_empty allows it)")
            return
        if page.has_more:
            raise self._ended("no way to the page that it says is there")
        if page.page_count is not None and self.page_count < page.page_count:
            raise self._ended(f"an end after {self.page_count:,} of {page.page_count:,} pages")
        if page.total is not None and self._distinct_count < page.total:
            raise self._ended(f"an end after {self._distinct_count:,} of {page.total:,} records")

    def _ended(self, found: str) -> ServiceError:
        cure = "Run again; if it stays, sort by a column that does not change, or ask the service's operator."
        return self._refused("all records", found, cure)

    def _refused(self, expected: str, found: str, cure: str) -> ServiceError:
        return unfit(self._where, expected, found, cure)
