"""Keys by which texts are compared: alike in form, case, script and punctuation.

Belongs here: what makes two writings of one text equal. Does not belong here: values as they are shown (`texts`), keys
of names and addresses, which know their parts (their own modules).
"""

from __future__ import annotations

from functools import cache

import polars as pl

from crm_pipeline.standardise.text import chinese_characters, text_forms

_SILENT = r"[\s\p{P}\p{Z}\p{C}]+"  # blanks, punctuation and invisible signs; symbols such as + stay: C++ is not C
_LATIN_END = 0x1FFFF  # behind it no letter has a case that Unicode folds otherwise than to lower case


def fold(value: pl.Expr) -> pl.Expr:
    """The key of each text; null where nothing is left.

    NFKC, case folded as Unicode has it (ß is ss), traditional characters as simplified ones (one by one, as OpenCC has
    them), without blanks and punctuation. A key has the key itself for a key.
    """
    return value.map_batches(_folded, return_dtype=pl.String(), is_elementwise=True)


def _folded(texts: pl.Series) -> pl.Series:
    folded = text_forms.beyond_ascii(texts.str.to_lowercase(), _other_folds)
    return folded.str.replace_all(_SILENT, "").replace("", None).alias(texts.name)


def _other_folds(texts: pl.Series) -> pl.Series:
    """Lower-case texts folded further, blanks and punctuation taken out: without these, signs may join anew."""
    plain = texts.str.normalize("NFKC").str.to_lowercase()
    plain = text_forms.matching(plain, "[" + "".join(_case_folds()) + "]", _case_folded)
    return chinese_characters.simplify(plain.str.replace_all(_SILENT, "").str.normalize("NFKC"))


def _case_folded(texts: pl.Series) -> pl.Series:
    return texts.str.replace_many(_case_folds()).str.normalize("NFKC")


@cache
def _case_folds() -> dict[str, str]:
    """Lower-case signs that Unicode folds further, such as ß and ς."""
    signs = (chr(code) for code in range(0x80, _LATIN_END) if not 0xD800 <= code <= 0xDFFF)
    return {sign: sign.casefold() for sign in signs if sign.casefold() != sign == sign.lower()}
