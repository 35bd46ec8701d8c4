"""How plausible it is that bytes which can be decoded as Chinese were written as Chinese, in bits of evidence.

Each character that is not ASCII speaks for it or against it by its class: the weight of a class is the binary logarithm
of how much more frequent it is in Chinese records than in text of other encodings that was decoded so (Big5, Shift-JIS,
EUC-KR, EUC-JP, Windows-125x, KOI8-R), rounded and cut off where few samples would decide.

Belongs here: classes, weights, thresholds. Does not belong here: which encodings are tried (`encodings`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crm_pipeline.sources.files.frequent_han import SIMPLIFIED, TRADITIONAL

LEAST_BITS = 7.0
"""Evidence from which on an encoding is taken: of texts of a few words, one in a hundred is taken wrongly at most."""
LEAST_MEAN_BITS = 0.5
"""Evidence per character, so that much text can't make up for being implausible. True text has 1 to 2, wrong one -1."""

_FREQUENT, _MARK, _COMMON, _OTHER, _FOREIGN, _STRANGE = range(6)
_WEIGHTS = np.array([2.0, 0.5, -2.0, -2.5, -3.0, -6.0])
_CODE_POINTS = 0x110000
_MARKS = "、。·ˉˇ¨〃々—～…‘’“”〔〕〈〉《》「」『』【】±×÷°′″℃￥¥￡€§№☆★○●◎◇◆□■△▲※→←↑↓　−"
# Text of one script can look like another's: all its bytes then lie in the part of the code where that script's letters
# are. Chinese text does so with a probability of 2 to the power of minus so many bits per character.
_ONLY_HANGUL_BITS = 0.7  # lead bytes B0 to C8 only, as EUC-KR has: 25 of the 40 rows of frequent characters
_ONLY_LETTERS_BITS = 1.25  # no byte below C0, as Cyrillic, Greek, Hebrew and Arabic letters have

Classes = NDArray[np.uint8]


@dataclass(slots=True)
class Evidence:
    """What a text that was decoded says for its encoding.

    Attributes:
        characters: how many are not ASCII.
        frequent: how many of them are frequent in Chinese.
        bits: the sum of their weights.
    """

    characters: int = 0
    frequent: int = 0
    bits: float = 0.0

    @property
    def mean(self) -> float:
        """Bits per character."""
        return self.bits / self.characters if self.characters else 0.0

    @property
    def is_enough(self) -> bool:
        """Whether the encoding may be taken."""
        return self.bits >= LEAST_BITS and self.mean >= LEAST_MEAN_BITS

    @property
    def shown(self) -> str:
        """Such as `1,234 of 1,300 characters frequent in Chinese, 1.7 bits each`."""
        return f"{self.frequent:,} of {self.characters:,} characters frequent in Chinese, {self.mean:+.1f} bits each"


def evidence_of(text: str, raw: bytes, encoding: str) -> Evidence:
    """The evidence in a text, which `raw` was decoded to from `encoding`.

    Args:
        text: some of a file, or all of it.
        raw: its bytes.
        encoding: gb18030; in any other, forms of characters are expected to be traditional, in euc_jp kana are too.
    """
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    points = points[points >= 0x80]
    counts = np.bincount(_classes(encoding)[points], minlength=_WEIGHTS.size)
    bits = float(counts @ _WEIGHTS) - _likeness(raw) * points.size
    return Evidence(points.size, int(counts[_FREQUENT]), bits)


def _likeness(raw: bytes) -> float:
    """Bits per character that speak for another script, from the range of its bytes."""
    high = np.frombuffer(raw, np.uint8)
    high = high[high >= 0x80]
    if not high.size:
        return 0.0
    if high.min() >= 0xC0:
        return _ONLY_LETTERS_BITS
    leads = high[::2]
    is_hangul = high.size % 2 == 0 and leads.min() >= 0xB0 and leads.max() <= 0xC8 and high.min() >= 0xA1
    return _ONLY_HANGUL_BITS if is_hangul else 0.0


@cache
def _classes(encoding: str) -> Classes:
    """The class of each code point."""
    is_gb = encoding == "gb18030"
    found = np.full(_CODE_POINTS, _STRANGE, np.uint8)
    found[0x80:0x3400] = _FOREIGN  # letters of other scripts, symbols, kana
    found[0x3400:0xA000] = _OTHER
    found[0xAC00:0xD7A4] = _FOREIGN  # Hangul
    found[0xF900:0xFB00] = _FOREIGN
    found[0xFE10:0xFF00] = _FOREIGN
    found[0xFF01:0xFF5F] = _MARK  # full-width forms
    found[[ord(mark) for mark in _MARKS]] = _MARK
    leads = range(0xB0, 0xD8) if is_gb else range(0xA4, 0xC7)
    trails = [*range(0xA1, 0xFF), *(() if is_gb else range(0x40, 0x7F))]
    level = b"".join(bytes([lead, trail]) for lead in leads for trail in trails)
    common = level.decode("gb2312" if is_gb else "big5", errors="ignore")
    found[[ord(character) for character in common if "\u4e00" <= character <= "\u9fff"]] = _COMMON
    found[[ord(character) for character in (SIMPLIFIED if is_gb else TRADITIONAL)]] = _FREQUENT
    if encoding == "euc_jp":
        found[0x3041:0x3100] = _FREQUENT
    return found
