"""Pages on their way into landing, kept so that a run that ended in the middle can go on there.

Layout: `<temporary>/rest/<source.extract>/`, readable by its owner only: `<number>.page.gz` per page, and, written
behind each of them, `state.json`: which question they answer and where the next page is. A page that `state.json` does
not count is what a crash left, and counts for nothing.

Belongs here: which pages may be used again. Does not belong here: asking for them (`pages`).
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crm_pipeline.settings.rest import Rest
from crm_pipeline.sources.reading import Asked
from crm_pipeline.sources.rest.asking import unhidden
from crm_pipeline.sources.rest.paging import Place
from crm_pipeline.state.files import appearing, read_json, write_json

_VERSION = 1
# Tokens and links to pages live for hours to a day, and what was read yesterday is no answer for today.
LONGEST = timedelta(days=1)
_STATE = "state.json"


@dataclass(frozen=True, slots=True)
class State:
    """Where a reading is.

    Attributes:
        page_count: pages that were kept.
        place: of the next page; None behind the last one.
        until: what `{until}` stands for.
    """

    page_count: int
    place: Place | None
    until: datetime


class Kept:
    """The pages of one question.

    Attributes:
        page_count: pages that the next reading may go on behind.
    """

    def __init__(self, rest: Rest, asked: Asked) -> None:
        self._folder = asked.temporary / "rest" / asked.where
        self._question = _question(rest, asked)
        self._began = datetime.now(UTC)
        self._salt = secrets.token_bytes(16)
        self._is_kept = True
        self.page_count = 0

    def state(self) -> State | None:
        """How far the last reading of the same question came; None where there is none that may be used."""
        try:
            found = read_json(self._folder / _STATE)
            salt, began = bytes.fromhex(found["salt"]), datetime.fromisoformat(found["began"])
            state = State(int(found["pages"]), found["place"], datetime.fromisoformat(found["until"]))
            is_same = found["version"] == _VERSION and found["question"] == self._hash(salt)
        except (OSError, ValueError, KeyError, TypeError):  # nothing there, or nothing whole
            return None
        is_young = timedelta() <= datetime.now(UTC) - began <= LONGEST
        if not (is_same and is_young and all(self._page(n).is_file() for n in range(1, state.page_count + 1))):
            return None
        self._began, self._salt, self.page_count = began, salt, state.page_count
        return state

    def pages(self, page_count: int) -> Iterator[bytes]:
        """The pages that were kept, as they came.

        Raises:
            ValueError, OSError, EOFError, zlib.error: one is damaged.
        """
        for number in range(1, page_count + 1):
            digest, _, content = gzip.decompress(self._page(number).read_bytes()).partition(b"\n")
            if digest != _digest(content):
                raise ValueError("a page that is not what was kept")
            yield content

    def keep(self, content: bytes, state: State, secret_texts: list[str]) -> None:
        """Keeps a page and where it goes on behind it; from one on that holds a secret, none any more."""
        told = {
            "version": _VERSION,
            "question": self._own_hash,
            "salt": self._salt.hex(),
            "began": self._began.isoformat(),
            "until": state.until.isoformat(),
            "pages": state.page_count,
            "place": state.place,
        }
        written = content + json.dumps(state.place).encode()
        if any(text.encode() in written for text in secret_texts):
            self.forget()
            self._is_kept = False
        if not self._is_kept:
            return
        if state.page_count == 1:  # only now, since a look at the first page alone must not take away what is kept
            self.forget()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with appearing(self._page(state.page_count)) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_bytes(gzip.compress(_digest(content) + b"\n" + content, compresslevel=1))
        write_json(self._folder / _STATE, told)
        self.page_count = state.page_count

    def sweep(self) -> None:
        """Takes away what readings of any extract kept and nobody went on with: records must not lie about."""
        oldest = (datetime.now(UTC) - LONGEST).timestamp()
        for folder in self._folder.parent.glob("*"):
            with contextlib.suppress(OSError):  # another process does the same
                if folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder)

    def forget(self) -> None:
        """Takes away all pages of this extract, whatever question they answer."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self.page_count = 0

    def _page(self, number: int) -> Path:
        return self._folder / f"{number:06d}.page.gz"

    @functools.cached_property
    def _own_hash(self) -> str:
        return self._hash(self._salt)

    def _hash(self, salt: bytes) -> str:
        # Slow on purpose: the question may hold a password, which must not be found by trying.
        return hashlib.scrypt(self._question, salt=salt, n=2**14, r=8, p=1).hex()


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _question(rest: Rest, asked: Asked) -> bytes:
    """What decides which pages come: all of the definition but credentials and manners, the day, the cursor."""
    of_manners = {"auth", "requests_per_minute", "timeout_seconds", "retries", "longest_wait_seconds"}
    told: dict[str, Any] = rest.model_dump(exclude={*of_manners, "params", "headers", "body"}, mode="json")
    hidden = {"params": unhidden(rest.params), "headers": unhidden(rest.headers), "body": unhidden(rest.body)}
    return json.dumps([told, hidden, asked.day.isoformat(), asked.since], sort_keys=True).encode()
