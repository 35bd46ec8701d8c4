"""The plain path of Latin names gives what the library gives."""

from __future__ import annotations

import nameparser
import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.people import latin_names

_LETTERS = "abcdefghijklmnopqrstuvwxyzéüßñøåč"
_NAMES = [
    *("john", "mary", "anna", "karl", "josé", "françois", "lars", "smith", "müller", "garcía", "brown"),
    *("lee", "jones", "king", "mc", "van", "de", "la", "y", "e", "st", "ma", "do", "vi", "mr", "dr", "jr"),
]
_WORD = st.one_of(st.sampled_from(_NAMES), st.text(_LETTERS, min_size=1, max_size=7))
_HYPHENED = st.tuples(_WORD, _WORD).map("-".join)
_INITIAL = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ").flatmap(lambda letter: st.sampled_from([letter, f"{letter}."]))
_TITLE = st.sampled_from(["", "", "", "Mr ", "Mrs. ", "Ms ", "Miss ", "Dr. ", "Prof. "])
_SUFFIX = st.sampled_from(
    ["", "", "", " Jr.", ", Jr", " Sr", " II", " III", ", IV", " PhD", ", Ph.D.", " MD", ", M.D."]
)
_CASE = st.sampled_from([str.title, str.title, str.upper, str.lower])


@st.composite
def _written(draw: st.DrawFn) -> str:
    words = draw(st.lists(st.one_of(_WORD, _WORD, _HYPHENED, _INITIAL), min_size=2, max_size=4))
    case = draw(_CASE)
    words = [case(word) for word in words]
    if draw(st.booleans()):
        return draw(_TITLE) + " ".join(words) + draw(_SUFFIX)
    return f"{words[-1]}, {' '.join(words[:-1])}"


@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(st.lists(_written(), min_size=1, max_size=60))
def test_the_plain_path_gives_what_the_library_gives(texts: list[str]) -> None:
    """Where the columns decide a name, each part is the one that nameparser finds."""
    decided = latin_names._plain(pl.DataFrame({"text": texts})).filter(pl.col("family_name").is_not_null())
    for row in decided.iter_rows(named=True):
        name = nameparser.parse(row["text"])
        wanted = (name.family, name.given, name.middle, name.title, name.suffix, name.nickname, name.maiden)
        assert tuple(row[part] or "" for part in latin_names.PARTS) == wanted, row["text"]


def test_most_plain_names_are_decided_as_columns() -> None:
    """The usual ways to write a name need no library."""
    texts = [
        "John Smith",
        "Smith, John",
        "John A. Smith",
        "Mr. John Smith",
        "JOHN SMITH JR.",
        "Anne-Marie Müller",
        "J. Smith",
    ]
    decided = latin_names._plain(pl.DataFrame({"text": texts}))
    assert decided.filter(pl.col("family_name").is_null())["text"].to_list() == []


def test_rows_keep_their_order() -> None:
    """Names that the columns decide and names that the library reads stay where they were."""
    texts = ["John van Berg", "John Smith", None, "Smith, John", "Mr. King", "Mary Jones"]
    assert latin_names.read(pl.Series(texts, dtype=pl.String()))["text"].to_list() == texts
