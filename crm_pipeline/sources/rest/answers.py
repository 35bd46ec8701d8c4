"""An answer of a service as a page: its records, and what it says of pages behind it.

Belongs here: whether an answer is one, and what stands where in it. Does not belong here: records as rows (`records`),
whether pages fit together (`progress`), asking again (`session`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from requests import Response

from crm_pipeline.settings.rest import Rest
from crm_pipeline.settings.rest_paging import PageNumber
from crm_pipeline.settings.rest_text import keys_of
from crm_pipeline.sources.files.json_values import NotAllowedError, Number, decode
from crm_pipeline.sources.rest.failures import ServiceError, refused, shown, unfit

_NO_CONTENT = frozenset({204, 304})  # some services say so that there is nothing, or nothing new
_TRUE, _FALSE = frozenset({True, "true", "True", "1"}), frozenset({False, "false", "False", "0"})
_PLAIN_CODE = re.compile(r"[\w.-]{1,40}")
_ENDS = {"{": "}", "[": "]"}
_MISSING = object()
# Of a repeated key the last value, numbers as they are written.
_decode_leniently = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=Number).raw_decode


@dataclass(frozen=True, slots=True)
class Answer:
    """A page.

    Attributes:
        text: the answer as it came.
        records: one value per record, numbers as they are written.
        size: of the answer in bytes.
        is_strict: whether no object of it has a key twice, nor a number that JSON does not know.
        total: number of all records that it announces.
        has_more: whether it says that there is a page behind it; None where it does not say.
        page_count: number of all pages that it announces.
    """

    text: str
    records: list[Any]
    size: int
    is_strict: bool = True
    total: int | None = None
    has_more: bool | None = None
    page_count: int | None = None

    @property
    def canonical(self) -> bytes:
        """The records in one form, one a line, whatever stands around them."""
        return "".join(f"{json.dumps(record)}\n" for record in self.records).encode()


def answer_of(rest: Rest, response: Response, where: str) -> Answer:
    """The page in an answer.

    Raises:
        ServiceError: it is none; the message holds nothing of it but its status, type and a code of the service.
    """
    place = f"{where}, {shown(response.url)}"
    if response.status_code in _NO_CONTENT:
        return Answer("", [], 0)
    if response.status_code != 200:
        raise refused(where, response.url, response.status_code)
    return read_answer(rest, response.content, place, str(response.headers.get("Content-Type", "")))


def read_answer(rest: Rest, content: bytes, place: str, media_type: str = "") -> Answer:
    """The page in the bytes of an answer with status 200.

    Raises:
        ServiceError: they hold none.
    """
    if not content:
        return Answer("", [], 0)
    text = _text(content, place, media_type)
    document, is_strict = _decoded(text, place, media_type)
    require_success(rest, document, place)
    found = value_at(document, rest.records)
    if isinstance(found, dict) and rest.records is None:
        found = [found]
    if found is None and rest.records and value_at(document, rest.records, _MISSING) is None:
        found = []
    if not isinstance(found, list):
        kind = "nothing" if found is _MISSING else "another value"
        raise unfit(place, f"an array of records at {_shown(rest.records)}", kind, "Correct records.")
    paginator = rest.paginator
    pages = paginator.pages if isinstance(paginator, PageNumber) else None
    return Answer(
        text,
        found,
        len(content),
        is_strict,
        _number(document, rest.total, "total", place),
        _has_more(rest, document, place),
        _number(document, pages, "paginator.pages", place),
    )


def is_passing(rest: Rest, response: Response) -> bool:
    """Whether an answer with status 200 was cut short, or its code asks to be asked again."""
    text = response.content.strip().decode("utf-8", errors="replace")
    if _ENDS.get(text[:1]) not in {None, text[-1:]}:
        return True
    if rest.failure is None or not rest.failure.retry:
        return False
    try:
        return _code(rest, _decode_leniently(text)[0]) in rest.failure.retry
    except (ValueError, RecursionError):
        return False


def document_of(content: bytes, place: str, media_type: str) -> Any:
    """The JSON value of an answer.

    Raises:
        ServiceError: it is none.
    """
    return _decoded(_text(content, place, media_type), place, media_type)[0]


def require_success(rest: Rest, document: Any, place: str) -> None:
    """Nothing, when the service says that an answer is what was asked for, or has no word for it.

    Raises:
        ServiceError: it says otherwise.
    """
    if rest.failure is None or (code := _code(rest, document)) in rest.failure.ok:
        return
    found = f"code {code}" if code and _PLAIN_CODE.fullmatch(code) else "no code that can be shown"
    is_expired = code in rest.failure.expired
    is_kept = is_expired or code in rest.failure.retry
    raise ServiceError(
        where=place,
        expected=f"code {' or '.join(rest.failure.ok)} at {rest.failure.code}",
        found=found,
        cure="Look the code up in the service's documentation.",
        is_expired=is_expired,
        is_passing=is_kept,
    )


def value_at(document: Any, path: str | None, default: Any = _MISSING) -> Any:
    """The value at a dotted path, the document itself without one."""
    for key in keys_of(path) if path else ():
        if not isinstance(document, dict) or key not in document:
            return default
        document = document[key]
    return document


def _text(content: bytes, place: str, media_type: str) -> str:
    charset = re.search(r"charset=\"?([\w.:-]+)", media_type)
    for encoding in ("utf-8-sig", charset[1] if charset else "utf-8"):
        try:
            return content.decode(encoding).strip()
        except (UnicodeDecodeError, LookupError):
            continue
    raise unfit(place, "JSON in UTF-8", "other bytes", "Ask the service's operator.")


def _decoded(text: str, place: str, media_type: str) -> tuple[Any, bool]:
    """The value of a JSON text, and whether it is strict."""
    try:
        document, end = decode(text)
        is_strict = True
    except NotAllowedError:
        (document, end), is_strict = _decode_leniently(text), False
    except (ValueError, RecursionError):
        document, end, is_strict = None, -1, False
    if end == len(text):
        return document, is_strict
    is_page = text[:1] == "<" or "html" in media_type
    raise unfit(
        place,
        "JSON",
        "a web page, such as one for signing in" if is_page else "an answer that is none",
        "Check auth, base_url and path; a header Accept: application/json may help." if is_page else "Check base_url.",
    )


def _code(rest: Rest, document: Any) -> str:
    code = value_at(document, rest.failure.code if rest.failure else None, "")
    return str(code) if isinstance(code, str) else ""


def _number(document: Any, path: str | None, key: str, place: str) -> int | None:
    if path is None:
        return None
    found = value_at(document, path)
    if isinstance(found, str) and found.isdecimal():
        return int(found)
    raise unfit(place, f"a whole number at {path} ({key})", _kind(found), f"Correct {key}.")


def _has_more(rest: Rest, document: Any, place: str) -> bool | None:
    has_more, done = (getattr(rest.paginator, name, None) for name in ("has_more", "done"))
    if not (path := has_more or done):
        return None
    found = value_at(document, path)
    if isinstance(found, str | bool) and found in _TRUE | _FALSE:
        return (found in _TRUE) is bool(has_more)
    key = f"paginator.{'has_more' if has_more else 'done'}"
    raise unfit(place, f"true or false at {path} ({key})", _kind(found), f"Correct {key}.")


def _kind(found: Any) -> str:
    return "nothing" if found is _MISSING else "another value"


def _shown(path: str | None) -> str:
    return path or "the top"
