"""The elements of an array in a JSON document, one after the other, without holding the document in memory.

Belongs here: where values begin and end, the path to the array, text that is no JSON. Does not belong here: elements as
rows (`json_document`).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn

from crm_pipeline.errors import DeliveryError
from crm_pipeline.sources.files.json_values import NotAllowedError, decode, decode_any

_PIECE_BYTES = 1 << 20
LONGEST_VALUE = 1 << 26
"""Characters of the longest element, or of another value beside the array, that is taken: 64 Mi."""
_BLANKS = re.compile(r"[ \t\r\n]*")


class Document:
    """The text of a document, read as far as it is needed and forgotten behind that."""

    def __init__(self, file: Path, encoding: str, where: str) -> None:
        self.encoding = encoding
        self._where = where
        self._file = file
        self._opened: IO[bytes] | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
        self._text = ""
        self._place = 0
        self._line = 1
        self._is_read = False

    def elements(self, path: list[str]) -> Iterator[tuple[str, object]]:
        """The text of each element of the array under `path`, and its value or what is wrong with it.

        The rest of the document is read, too, so that one that was cut short is refused.
        """
        with self._file.open("rb") as self._opened:
            if self._encoded_mark():
                self._place = 1
            yield from self._within(path)
            if self._peek():
                self._refuse("something behind the document")

    def _encoded_mark(self) -> bool:
        self._peek()
        return self._text.startswith("\ufeff")

    def _within(self, path: list[str]) -> Iterator[tuple[str, object]]:
        if not path:
            if self._peek() != "[":
                self._refuse_path("another value than an array there")
            yield from self._array()
            return
        if self._peek() != "{":
            self._refuse_path(f"no object that holds {path[0]}")
        is_found = False
        for key in self._keys():
            if key != path[0]:
                self._skip()
            elif is_found:
                self._refuse_path(f"the key {path[0]} twice")
            else:
                is_found = True
                yield from self._within(path[1:])
        if not is_found:
            self._refuse_path(f"no key {path[0]}")

    def _array(self) -> Iterator[tuple[str, object]]:
        self._take("[")
        if self._peek() == "]":
            self._take("]")
            return
        while True:
            self._peek()
            yield self._value()
            if self._peek() == "]":
                self._take("]")
                return
            self._take(",")

    def _keys(self) -> Iterator[str]:
        """The keys of an object; between two of them the caller takes the value."""
        self._take("{")
        if self._peek() == "}":
            self._take("}")
            return
        while True:
            if self._peek() != '"':
                self._refuse("no key where one should be")
            _, key = self._value()
            self._take(":")
            yield str(key)
            if self._peek() == "}":
                self._take("}")
                return
            self._take(",")

    def _skip(self) -> None:
        self._peek()
        self._value()

    def _value(self) -> tuple[str, object]:
        """The text at the place, which is then behind it, and its value or the error of one that is not allowed."""
        while True:
            try:
                value, end = self._decoded()
            except json.JSONDecodeError as error:
                if self._is_read or len(self._text) - self._place > LONGEST_VALUE:
                    self._refuse(f"{error.msg} (line {self._line_at(error.pos):,})")
            else:
                if end < len(self._text) or self._is_read:
                    text = self._text[self._place : end]
                    self._place = end
                    return text, value
            self._more()

    def _decoded(self) -> tuple[object, int]:
        try:
            return decode(self._text, self._place)
        except json.JSONDecodeError:
            raise
        except NotAllowedError as error:
            return error, decode_any(self._text, self._place)[1]
        except RecursionError:
            self._refuse("values nested too deeply")

    def _peek(self) -> str:
        """The next character that is not blank, '' at the end; the place is then at it."""
        while True:
            self._place = _BLANKS.match(self._text, self._place).end()  # type: ignore[union-attr]  # it matches nothing too
            if self._place < len(self._text) or self._is_read:
                return self._text[self._place : self._place + 1]
            self._more()

    def _take(self, expected: str) -> None:
        if self._peek() != expected:
            at_end = "an early end" if self._place >= len(self._text) else "another character"
            self._refuse(f"{at_end} instead of {expected} (line {self._line_at(self._place):,})")
        self._place += 1

    def _more(self) -> None:
        """Reads on, as much again as is pending; what is behind is forgotten."""
        self._line += self._text.count("\n", 0, self._place)
        self._text = self._text[self._place :]
        self._place = 0
        read = self._opened.read(max(_PIECE_BYTES, len(self._text))) if self._opened else b""
        self._is_read = not read
        try:
            self._text += self._decoder.decode(read, final=not read)
        except UnicodeDecodeError:
            self._refuse(f"bytes that are not {self.encoding} (behind line {self._line:,})")

    def _line_at(self, place: int) -> int:
        return self._line + self._text.count("\n", 0, place)

    def _refuse(self, found: str) -> NoReturn:
        raise DeliveryError(
            where=self._where,
            expected="a JSON document",
            found=found,
            cure="It was cut short or is no JSON; correct read.format or read.encoding, or ask for the delivery again.",
        ) from None

    def _refuse_path(self, found: str) -> NoReturn:
        raise DeliveryError(
            where=self._where,
            expected="an array of objects at the top, or where read.records says",
            found=found,
            cure="Set read.records to the dotted path of the array, such as data.items.",
        )
