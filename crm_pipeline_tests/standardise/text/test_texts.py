"""Claims on plain text: what stays as it is, what is shown otherwise, and what compares alike."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.text import text_keys, texts
from crm_pipeline_tests.standardise.cleaning import Clean, cleaned

BLNS: list[str] = json.loads((Path(__file__).parents[2] / "data" / "blns" / "blns.json").read_text(encoding="utf-8"))
SIGNS = "臺灣乾隆髮后裡ßςΣİﬁſ⼀ｶﾞ（）１，。 -·Aé\u0301\u200b\u0345½™"
ANY = st.lists(st.none() | st.text(max_size=10) | st.text(SIGNS, max_size=8), max_size=8)
BLANKS = {n: None for n in range(0x10000) if chr(n).isspace() or unicodedata.category(chr(n)) == "Cc"}

TIDY = {
    "full width": ("ＡＢＣ（１２３）　－　＆", "ABC(123) - &"),
    "half-width kana": ("ｶﾞｲｼｬ", "ガイシャ"),
    "radicals out of PDF files": ("⼀⼈⾼⼭", "一人高山"),
    "ligatures": ("ﬁrma oﬃce", "firma office"),
    "accents apart": ("e\u0301", "é"),
    "blanks": ("　王  小明\t\n先生 ", "王 小明 先生"),
    "fractions": ("3½", "3½"),
    "signs": ("A™ ②号 50㎡ 20℃ m²", "A™ ②号 50㎡ 20℃ m²"),
    "a zero that is a word": ("二〇二五", "二〇二五"),
    "traditional characters": ("臺灣", "臺灣"),
    "placeholder": ("无", "无"),
    "blank": ("　 ", None),
}

FOLD = {
    "width and case": ("ＡＣＭＥ Ltd.", "acmeltd"),
    "script": ("臺灣貝爾（上海）", "台湾贝尔上海"),
    "one by one": ("乾隆", "干隆"),
    "sharp s": ("Straße", "strasse"),
    "sigma": ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
    "symbols": ("C++ & C#", "c++c"),
    "number": ("1,234.5", "12345"),
    "accents": ("E\u0301cole", "école"),
    "nothing": ("……", None),
}


@pytest.mark.parametrize(("text", "shown"), TIDY.values(), ids=[*TIDY])
def test_tidy(text: str, shown: str | None) -> None:
    """Width, radicals and ligatures are plain; what has a meaning of its own stays."""
    assert cleaned([text, None], texts.tidy) == [shown, None]


@pytest.mark.parametrize(("text", "key"), FOLD.values(), ids=[*FOLD])
def test_fold(text: str, key: str | None) -> None:
    """Texts that differ in form, case, script or punctuation have one key."""
    assert cleaned([text, key], text_keys.fold) == [key, key]


@pytest.mark.parametrize("change", [texts.tidy, texts.trim, texts.clean, texts.exact, text_keys.fold])
@given(values=ANY)
@settings(max_examples=30, deadline=None)
def test_twice_is_once(change: Clean, values: list[str | None]) -> None:
    """A changed text is changed no further, null stays null, and nothing is empty."""
    once = cleaned(values, change)
    assert cleaned(once, change) == once
    assert "" not in once
    assert all(after is None for before, after in zip(values, once, strict=True) if before is None)


@given(values=ANY)
@settings(max_examples=30, deadline=None)
def test_tidy_says_the_same(values: list[str | None]) -> None:
    """A tidy text and the delivered one are the same to Unicode's compatibility, but for blanks."""
    for before, after in zip(values, cleaned(values, texts.tidy), strict=True):
        first, second = (unicodedata.normalize("NFKC", text or "") for text in (before, after))
        assert first.translate(BLANKS) == second.translate(BLANKS)
        assert after is None or unicodedata.is_normalized("NFC", after)


@given(words=st.lists(st.text("abcXYZéß臺灣贝", min_size=1, max_size=5), min_size=1, max_size=3))
@settings(max_examples=30, deadline=None)
def test_a_key_hides_writing(words: list[str]) -> None:
    """Case, width, blanks and punctuation between words make no difference to the key."""
    written = [" ".join(words), "-".join(words).upper(), "（".join(words), "　".join(words).casefold()]
    assert len(set(cleaned(written, text_keys.fold))) == 1


_NOTHING = {"null", "nil", "none", ".", "-", "--", "_", "\\", "nan", "undefined", "(null)", "''", '""'}


def test_naughty_strings_survive() -> None:
    """Of hostile texts, the exact one differs in outer blanks alone, and each but blanks and placeholders is kept."""
    exact = cleaned(BLNS, texts.exact)
    assert [text for text, kept in zip(BLNS, exact, strict=True) if kept is not None and kept not in text] == []
    lost = {text for text, kept in zip(BLNS, cleaned(BLNS, texts.clean), strict=True) if kept is None and text.strip()}
    assert {text.lower() for text in lost} <= _NOTHING | {t for t in lost if not t.isprintable()}
    assert len(cleaned(BLNS, texts.tidy)) == len(cleaned(BLNS, text_keys.fold)) == len(BLNS)


def test_long_columns() -> None:
    """A column of many texts, plain ones among them, gives what each gives alone."""
    column = ["ACME", "臺灣", None, "Straße", "（１）", "plain"] * 50
    for change in (texts.tidy, text_keys.fold):
        assert cleaned(column, change) == [cleaned([text], change)[0] for text in column[:6]] * 50
    assert pl.DataFrame({"v": ["x"]}).select(text_keys.fold(pl.col("v"))).columns == ["v"]
