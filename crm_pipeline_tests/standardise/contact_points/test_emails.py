"""Claims on e-mail addresses: what a cell holds, and that reading columns gives what email-validator gives.

The oracle is the library itself, address by address.
"""

from __future__ import annotations

import random
import re

import email_validator
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.contact_points import emails
from crm_pipeline_tests.standardise.cleaning import cleaned


def read(*cells: str | None) -> pl.DataFrame:
    found = emails.read(pl.Series(cells, dtype=pl.String))
    assert found.schema == emails.SCHEMA
    return found


def by_library(text: str) -> str | None:
    """The address as the library has it, in lower case; null where it refuses it."""
    try:
        result = email_validator.validate_email(text, check_deliverability=False, strict=True)
    except email_validator.EmailNotValidError:
        return None
    return result.normalized.lower()


def generated(count: int, seed: int) -> list[str]:
    """Addresses in lower case, most of them right, with every sign of ASCII in wrong places too."""
    rng = random.Random(seed)
    atoms, labels = "abcxyz019!#$%&'*+/=?^_`{|}~-.", "abcxyz019-."
    ends = ["com", "cn", "co.uk", "com.cn", "xn--fiqs8s", "test", "local", "c", "1a", "a1", "de-", "museum"]
    addresses = []
    for _ in range(count):
        local = "".join(
            rng.choices(atoms if rng.random() < 0.3 else "abcxyz019._-", k=rng.choice([1, 3, 8, 20, 63, 64, 65]))
        )
        domain = "".join(rng.choices(labels, k=rng.choice([1, 2, 5, 12, 60, 63, 64]))) + "." + rng.choice(ends)
        text = f"{local}@{domain}"
        if rng.random() < 0.1:
            at = rng.randrange(len(text))
            text = text[:at] + chr(rng.randrange(0x21, 0x7F)) + text[at:]
        addresses.append(text.lower())
    return addresses


def test_columns_agree_with_the_library() -> None:
    """Whatever is read without the library it takes, and reads alike; what it takes beyond is Punycode and the like."""
    addresses = generated(8_000, seed=1)
    plain = cleaned(addresses, emails._plain)
    taken = [
        by_library(text) if value or n < 1_500 else None
        for n, (text, value) in enumerate(zip(addresses, plain, strict=True))
    ]
    assert [
        (text, truth) for text, value, truth in zip(addresses, plain, taken, strict=True) if value not in (None, truth)
    ] == []
    left = [text for text, value, truth in zip(addresses, plain, taken, strict=True) if truth and not value]
    assert len(left) < 0.02 * len(addresses)
    assert sum(value is not None for value in plain) > 0.1 * len(addresses)


HARD: dict[str, list[str]] = {
    "Jon.Yang@Example.COM": ["jon.yang@example.com"],
    "mailto:a@b.cn": ["a@b.cn"],
    "mailto:a@b.cn?subject=Hello%20there": ["a@b.cn"],
    "<a@b.cn>": ["a@b.cn"],
    "<a@b.cn": ["a@b.cn"],
    "张三 <a@b.cn>": ["a@b.cn"],
    '"Yang, Jon" <Jon@b.cn>': ["jon@b.cn"],
    "Jon A. Yang <a@b.cn>; 李四<c@d.cn>": ["a@b.cn", "c@d.cn"],
    "ｗａｎｇ＠ｅｘａｍｐｌｅ．ｃｎ": ["wang@example.cn"],
    "wang＠qq。com": ["wang@qq.com"],
    "邮箱：a@b.cn": ["a@b.cn"],
    "E-mail: a@b.cn，备用 c@d.cn": ["a@b.cn", "c@d.cn"],
    "a@b.cn;c@d.cn": ["a@b.cn", "c@d.cn"],
    "a@b.cn、c@d.cn": ["a@b.cn", "c@d.cn"],
    "a@b.cn/c@d.cn": ["a@b.cn", "c@d.cn"],
    "a@b.cn c@d.cn": ["a@b.cn", "c@d.cn"],
    "a@b.cn\nc＠d.cn": ["a@b.cn", "c@d.cn"],
    "a@b.cn或c@d.cn": ["a@b.cn", "c@d.cn"],
    "a@b.cn.": ["a@b.cn"],
    "（a@b.cn）；": ["a@b.cn"],
    "\ufeffa@b.cn\u200b": ["a@b.cn"],
    "王@例子.中国": ["王@例子.中国"],
    "a@xn--fsqu00a.xn--fiqs8s": ["a@例子.中国"],
    "a@B\u00fccher.de": ["a@bücher.de"],
    "a+tag@sub.b-c.co.uk": ["a+tag@sub.b-c.co.uk"],
    '"john doe"@acme.com': ['"john doe"@acme.com'],
    '"john.doe"@acme.com': ["john.doe@acme.com"],
    "o'brien@acme.com": ["o'brien@acme.com"],
    "'a@b.cn'": ["a@b.cn"],
    "a/b@c.com": ["a/b@c.com"],
    "13812345678@139.com": ["13812345678@139.com"],
}


@pytest.mark.parametrize("cell", HARD)
def test_hard_cells(cell: str) -> None:
    """Each address of a cell is a row of its own, in order, without names and labels around it."""
    found = read(None, cell, "", " ")
    assert found.select("position", "value", "reason").rows() == [(1, value, None) for value in HARD[cell]]
    assert cleaned([cell], emails.clean) == [HARD[cell][0] if len(HARD[cell]) == 1 else None]


REFUSED = {
    "placeholder": ["无", "N/A", "test@test.com", "noreply@acme.cn", "Ａ@ａ.com", "123456@qq.com", "<none@none.com>"],
    "no_at_sign": ["hello", "acme.com", "13812345678", "a#b.cn"],
    "incomplete_domain": ["a@b", "a@", "a@b.c", "王@公司"],
    "special_domain": ["a@host.local", "a@intra.localhost", "a@x.invalid"],
    "too_long": ["x" * 65 + "@c.com", "a@" + "b" * 60 + ("." + "c" * 60) * 4 + ".com"],
    "bad_syntax": [
        "a..b@c.com", ".a@c.com", "a.@c.com", "a b@c.com", "john smith@acme.com", "a@b@c.com", "a@-b.com", "@b.cn",
        "a@b..cn", "a@b.c-", "a@[127.0.0.1]", "a@b.123", "a@xn--.com",
    ],
    "masked": ["z***n@qq.com", "*@163.com", "138****5678@139.com"],
}  # fmt: skip


BESIDE = [
    ("Wang Wei (wang@acme.cn)", ["wang@acme.cn"]), ("wang@acme.cn（常用）", ["wang@acme.cn"]),
    ("wang@acme.cn(备用li@acme.cn)", ["wang@acme.cn", "li@acme.cn"]), ('"wang@acme.cn"', ["wang@acme.cn"]),
    ("wang@acme.cn（个人） li@acme.cn（工作）", ["wang@acme.cn", "li@acme.cn"]),
    ("wang@acme.cn and li@acme.cn", ["wang@acme.cn", "li@acme.cn"]), ("http://wang@acme.cn", ["wang@acme.cn"]),
    ("公司邮箱wang@acme.cn", ["wang@acme.cn"]), ("wang @acme.cn", ["wang@acme.cn"]), ("王伟@acme.cn", ["王伟@acme.cn"]),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "addresses"), BESIDE)
def test_what_stands_beside(cell: str, addresses: list[str]) -> None:
    """Names, notes in brackets, labels and links beside an address are no part of it."""
    assert read(cell)["value"].to_list() == addresses


@pytest.mark.parametrize(("reason", "cell"), [(reason, cell) for reason, cells in REFUSED.items() for cell in cells])
def test_refused(reason: str, cell: str) -> None:
    """A cell that gives no address says why in one of the reasons, which exist in both languages, and has no marks."""
    assert read(cell).rows() == [(0, None, reason, None, None, None)]
    assert all((emails.REASONS[reason].text, emails.REASONS[reason].text_zh))


KEYS = [
    ["J.Doe+news@GoogleMail.com", "jdoe@gmail.com", "j.d.o.e@gmail.com"],
    ["a+x@acme.com", "A@acme.com", "a+y+z@ACME.com"],
    ["a@xn--fsqu00a.xn--fiqs8s", "a@例子.中国"],
    ["j.doe@acme.com"],
    ["jdoe@acme.com"],
    ["+a@acme.com"],
    ["j.d@proton.me", "jd+1@proton.me"],
    ['"a b"@acme.com', '"A b"@acme.com'],
]


def test_keys() -> None:
    """Addresses of one mailbox have one key, those of two mailboxes two, and a key is its own key."""
    keys = [set(read(*group)["email_key"]) for group in KEYS]
    assert [len(group) for group in keys] == [1] * len(KEYS)
    assert len(set.union(*keys)) == len(KEYS)
    flat = [key for group in keys for key in group]
    assert cleaned(flat, emails.key) == flat


def test_marks() -> None:
    """Addresses of a function and those at domains for examples are marked and kept."""
    found = read(
        "info@acme.cn", "Sales01@acme.cn", "客服@acme.cn", "ming@acme.cn", "information.li@acme.cn", "x@example.org"
    )
    assert found["is_role"].to_list() == [True, True, True, False, False, False]
    assert found["is_example"].to_list() == [False] * 5 + [True]
    assert found["value"].null_count() == 0


CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.emails(),
    st.lists(
        st.sampled_from(["a@b.cn", "王", " ", ";", "<", ">", "@", ".", '"', "x", "＠", "。", ":", "\n", "ß", "İ"]),
        max_size=8,
    ).map("".join),
)  # fmt: skip


@given(cells=st.lists(CELLS, max_size=6))
@settings(max_examples=25, deadline=None)
def test_any_cells(cells: list[str | None]) -> None:
    """Of any cells rows come in order, each with a value or a reason, and a value read again is itself."""
    found = read(*cells)
    positions = found["position"].to_list()
    assert positions == sorted(positions)
    assert set(positions) <= {n for n, cell in enumerate(cells) if cell is not None}
    for value, reason, key, is_role, is_example in found.drop("position").rows():
        assert (value is None) != (reason is None)
        assert reason is None or reason in emails.REASONS
        assert value is None or re.fullmatch(r"(?s).+@[^@\s]+\.[^@\s.]+", value)
        assert len({value is None, key is None, is_role is None, is_example is None}) == 1
    values = found["value"].drop_nulls().to_list()
    assert read(*values)["value"].to_list() == values
    assert set(positions) >= {n for n, cell in enumerate(cells) if cell and "@" in cell}


def test_one_by_one_or_together() -> None:
    """Cells give the same alone as in a column."""
    cells = [*HARD, *(cell for group in REFUSED.values() for cell in group), None, "b@c.cn"]
    alone = [row for cell in cells for row in read(cell).drop("position").rows()]
    assert read(*cells).drop("position").rows() == alone
