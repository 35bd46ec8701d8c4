"""Formulas whose value was never computed, in .xlsx: programs write them so, and the library gives an empty cell.

Belongs here: finding them in the workbook's XML (ECMA-376, part 1, 18.3.1.4). Does not belong here: what becomes of
them (`excel`).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.parsers import expat

_ZIP = b"PK\x03\x04"
_PIECE_BYTES = 1 << 20
_LONGEST_CELL = 1 << 22  # far more than 32,767 characters of text and 8,192 of a formula
# A formula with a prefix, or a line end in its tag; the short texts are found far faster than the pattern.
_UNUSUAL = (b":f", b"<f\t", b"<f\r", b"<f\n")
_UNUSUAL_FORMULA = re.compile(rb"<[\w.-]+:f[\s/>]|<f[\t\r\n]")
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ROOT = "_rels/.rels"

_Attributes = dict[str, str]


def uncomputed_cells(file: Path, sheet: str) -> list[tuple[int, int]]:
    """Row and column, from 1, of each cell of a sheet with a formula and no value; none but of .xlsx and .xlsm.

    Raises:
        zipfile.BadZipFile: the archive is damaged, or the sheet is not in it.
        expat.ExpatError: its XML is damaged.
    """
    with file.open("rb") as opened:
        if opened.read(len(_ZIP)) != _ZIP:  # an .xls may hold an archive, with its theme
            return []
    with zipfile.ZipFile(file) as archive:
        parts = {info.filename.replace("\\", "/").lower(): info for info in archive.infolist()}
        if "[content_types].xml" not in parts:
            return []
        book = next(iter(_targets(archive, parts, _ROOT, "/officeDocument").values()), "")
        if not book.endswith(".xml"):
            return []
        part = _part_of(archive, parts, book, sheet)
        if _are_computed(_pieces(archive, part)):
            return []
        cells = _Cells()
        _parse(_pieces(archive, part), cells.start, cells.end, cells.text)
        return cells.uncomputed


def _part_of(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], book: str, sheet: str) -> zipfile.ZipInfo:
    """The part in which a sheet is."""
    links: list[str] = []

    def start(tag: str, attributes: _Attributes) -> None:
        if _local(tag) == "sheet" and attributes.get("name") == sheet:
            links.extend(value for name, value in attributes.items() if name.endswith(":id"))

    _parse(_pieces(archive, _found(parts, book)), start)
    folder, name = posixpath.split(book)
    targets = _targets(archive, parts, f"{folder}/_rels/{name}.rels", "")
    return _found(parts, next((targets[link] for link in links if link in targets), ""))


def _targets(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], relations: str, kind: str) -> dict[str, str]:
    """The parts to which a part is related, by the relation's id; of one kind, by the end of its name."""
    folder = posixpath.dirname(posixpath.dirname(relations))
    found: dict[str, str] = {}

    def start(tag: str, attributes: _Attributes) -> None:
        if _local(tag) == "Relationship" and attributes.get("Type", "").endswith(kind):
            target = attributes.get("Target", "").replace("\\", "/")
            path = target[1:] if target.startswith("/") else posixpath.join(folder, target)
            found[attributes.get("Id", "")] = posixpath.normpath(path).lower()

    _parse(_pieces(archive, _found(parts, relations.lower())), start)
    return found


def _found(parts: dict[str, zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    if name not in parts:
        raise zipfile.BadZipFile
    return parts[name]


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as opened:
        while piece := opened.read(_PIECE_BYTES):
            yield piece


def _are_computed(pieces: Iterator[bytes]) -> bool:
    """Whether every formula is certain to have a value, as it is usually written: counted, far faster than parsed."""
    rest = b""
    for piece in pieces:
        rest += piece
        end = rest.rfind(b"</c>")
        if end >= 0 and not _are_computed_in(rest[:end]):
            return False
        rest = rest[max(end, 0) :]
        if len(rest) > _LONGEST_CELL:
            return False
    return _are_computed_in(rest)


def _are_computed_in(cells: bytes) -> bool:
    if any(tag in cells for tag in _UNUSUAL) and _UNUSUAL_FORMULA.search(cells):
        return False
    formulas = sum(map(cells.count, (b"<f>", b"<f ", b"<f/>")))
    behind = sum(map(cells.count, (b"</f><v>", b"/><v>")))  # no other element stands before the value
    return formulas == behind - sum(map(cells.count, (b"</f><v><", b"/><v><")))


def _parse(
    pieces: Iterator[bytes],
    start: Callable[[str, _Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    for piece in pieces:
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


class _Cells:
    """The cells of a sheet as they come; a reference that is left out is the place behind the one before."""

    def __init__(self) -> None:
        self.uncomputed: list[tuple[int, int]] = []
        self._row = self._column = 0
        self._is_text = self._has_formula = self._has_value = self._is_in_value = False

    def start(self, tag: str, attributes: _Attributes) -> None:
        match tag if ":" not in tag else _local(tag):
            case "row":
                self._row = int(attributes.get("r") or self._row + 1)
                self._column = 0
            case "c":
                reference = _REFERENCE.fullmatch(attributes.get("r", ""))
                self._column = _number_of(reference[1]) if reference else self._column + 1
                self._is_text = attributes.get("t") == "str"
                self._has_formula = self._has_value = False
            case "f":
                self._has_formula = True
            case "v":
                self._is_in_value = True
                self._has_value = self._is_text  # a formula may well give an empty text

    def text(self, text: str) -> None:
        self._has_value |= self._is_in_value and bool(text.strip())

    def end(self, tag: str) -> None:
        match tag if ":" not in tag else _local(tag):
            case "v":
                self._is_in_value = False
            case "c" if self._has_formula and not self._has_value:
                self.uncomputed.append((self._row, self._column))


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
