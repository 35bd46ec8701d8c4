"""The time of day and the offset from UTC in a cell, taken apart from its day.

Belongs here: clocks in the ways people and systems write them. Does not belong here: the day (`date_shapes`), what an
offset or a zone makes of both (`times`). Texts come in NFKC and lower case.
"""

from __future__ import annotations

import polars as pl

_MORNING = ("凌晨", "清晨", "早上", "上午", "午前", "早", "오전", "a.m.", "a.m", "am", "ap.")
_AFTERNOON = (
    *("中午", "下午", "午后", "午後", "傍晚", "晚上", "晚间", "夜里", "夜晚", "晚", "오후", "p.m.", "p.m", "pm", "ip."),
)
# Abbreviations that several zones share or that change with the law: named, so that they are not taken for a month.
_NAMED_ZONES = (
    *("acdt", "acst", "adt", "aedt", "aest", "akdt", "akst", "art", "ast", "awst", "brt", "bst", "cat", "cdt", "cest"),
    *("cet", "clt", "cot", "cst", "eat", "edt", "eest", "eet", "est", "gst", "hkt", "hst", "ict", "idt", "ist", "jst"),
    *("kst", "mdt", "msd", "msk", "mst", "ndt", "nst", "nzdt", "nzst", "pdt", "pet", "pht", "pkt", "pst", "sast"),
    *("sgt", "trt", "uzt", "wast", "wat", "west", "wet", "wib", "wit", "wita"),
)


def _either(words: tuple[str, ...]) -> str:
    return "|".join(word.replace(".", r"\.") for word in words)


_HALF = f"{_either(_MORNING)}|{_either(_AFTERNOON)}"
_COLON = r"(?P<h1>[0-9]{1,2}):(?P<m1>[0-9]{2})(?::(?P<s1>[0-9]{2})(?:[.,](?P<f1>[0-9]{1,9}))?)?(?:\s*(?:uhr\b|h\b))?"
_HAN = (
    r"(?P<h2>[0-9]{1,2})\s*[点點时時시](?:钟|鐘|整|(?P<past>半)"
    r"|\s*(?P<m2>[0-9]{1,2})(?-u:\b)\s*[分분]?钟?(?:\s*(?P<s2>[0-9]{1,2})\s*[秒초])?)?"
)
_LETTERS = (
    r"(?P<h3>[0-9]{1,2})(?:[.,](?P<tenths>[0-9]))?\s*h(?:\s*(?P<m3>[0-9]{2})\s*(?:min\b|m\b)?(?:\s*(?P<s3>[0-9]{2}(?:\.[0-9]+)?)\s*s\b)?)?\b"
    r"|(?P<h4>[0-9]{1,2})\s*(?P<after4>[ap]\.?m\b\.?)"
)
_ZONE = r"z\b|(?:utc|gmt)?\s*[+-]\s*[0-9]{1,2}:?[0-9]{2}\b|(?:utc|gmt)?\s*[+-]\s*[0-9]{1,2}\b|utc\b|gmt\b|" + "|".join(
    rf"{name}\b" for name in _NAMED_ZONES
)
# A name of the zone behind an offset: in brackets, as Java and JavaScript write it, or bare, as Go does.
_CLOCK = (
    rf"(?P<edge>^|[^0-9:.+-])(?P<before>{_HALF})?\s*(?:{_COLON}|{_HAN}|{_LETTERS})"
    rf"(?:\s*(?P<after>{_HALF})(?:$|[\s,]))?(?:\s*(?P<zone>{_ZONE})(?:\s+[a-z]{{3,4}}$)?)?"
    r"(?:\s*[(\[][^()\[\]]*[)\]]$)?"
)
_SIGN_OF_CLOCK = "[0-9]:[0-9]|[0-9] *[点點時时시hap]"  # cheap: most days have none
_DOTTED = r"^([0-9]{1,4}\s*[./]\s*[0-9]{1,2}\s*[./]\s*[0-9]{2,4}\.?,?)\s+([0-9]{1,2})\.([0-9]{2})\b"  # 29.02.2020 13.12
_NOON = r"(?:\b(?:at|u|à|um|v)\s+)?(?:\bnoon|\bmidday|\bmidi|\bpodne|\bpoledne|\bmittags?|正午)$"
_ISO_DAY = (
    r"^([0-9]{4}-?[0-9]{2}-?[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{4}-?w[0-9][0-9]-?[0-9]|[0-9]{4}-[0-9]{3})"
)
_WRITTEN_OUT = (
    (_ISO_DAY + r"t([0-9]{2})([0-9]{2})([0-9]{2})(z|[^0-9a-z]|$)", "$1 $2:$3:$4$5"),
    # 2025-3-5 9:5:3, as programs write it that fill up nothing
    (r"^([0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?[ t]+[0-9]{1,2}):([0-9])(:|$)", "$1:0$2$3"),
    (r"^([0-9]{4}[-/.年].*:[0-9]{2}):([0-9])$", "$1:0$2"),
    (_ISO_DAY + r"t([0-9]{2})([0-9]{2})(z|[+-]|$)", "$1 $2:$3$4"),
    (_ISO_DAY + r"t([0-9]{2})(z|[+-]|$)", "$1 $2:00$3"),
    (_ISO_DAY + r"t([0-9])", "$1 $2"),
    (r"^((?:19|20)[0-9]{6})([0-9]{2})([0-9]{2})([0-9]{2})?$", "$1 $2:$3:$4"),  # 20250305143000, 202503051430
    (r"^([0-9]{8} [0-9]{2}:[0-9]{2}):$", "$1"),
    (r"^((?:19|20)[0-9]{6})[ _-]([0-9]{2})([0-9]{2})([0-9]{2})$", "$1 $2:$3:$4"),  # 20250305 143000
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2})-([0-9]{2})[.-]([0-9]{2})[.-]([0-9]{2})", "$1 $2:$3:$4"),  # DB2
    (r"^([0-9]{1,2}-[a-z]{3}-[0-9]{2,4}) ([0-9]{2})\.([0-9]{2})\.([0-9]{2})", "$1 $2:$3:$4"),  # Oracle
    (r"^([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2})[-_ ]([0-9]{1,2})[:.]([0-9]{2})\b", "$1 $2:$3"),
    (r"^([0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?)\s*(?:上午|下午|am|pm)$", "$1"),
    (r"^(.*:[0-9]{2}(?:\.[0-9]+)?)\s*(?:北京时间|asia/shanghai)$|^北京时间\s*(.*:[0-9]{2})$", "$1$2 +08:00"),
    (
        r"\b([ap])\.?m\.?\s*([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\.[0-9]+)?)\b",
        "$2 ${1}m",
    ),  # not the 9 of 2020/10/9 PM 2:26
    (_DOTTED, "$1 $2:$3"),
    (r"(?:12(?::00)?\s*)?" + _NOON, " 12:00"),
)


def split(texts: pl.Series) -> pl.DataFrame:
    """Row for row: the day's text and what the clock behind or before it says.

    Columns: `day` (text without the clock, trimmed), `micros` (Int64, microseconds since midnight; null without a
    clock or with an impossible one), `offset` (Int64, minutes east of UTC, null where none is written), `flaw` (`clock`
    for 25:00, `zone` for an offset that no place on earth has or an abbreviation with several meanings, else null).
    """
    written = pl.col("text")
    for pattern, replacement in _WRITTEN_OUT:
        written = written.str.replace(pattern, replacement)
    frame = texts.alias("text").to_frame().select(written).with_row_index("row")
    may_have = frame["text"].str.contains(_SIGN_OF_CLOCK)
    has_clock = may_have & frame["text"].set(~may_have, None).str.contains(_CLOCK)
    plain = frame.filter(~has_clock.fill_null(value=False))
    bare = plain.select("row", pl.col("text").alias("day"))
    if not has_clock.any():
        return _arranged(bare, None)
    part = frame.filter(has_clock).with_columns(pl.col("text").str.extract_groups(_CLOCK).alias("part"))
    found = part.unnest("part").with_columns(pl.col("text").str.replace(_CLOCK, "$edge "))
    return _arranged(bare, found.select("row", pl.col("text").alias("day"), *_readings()))


def _arranged(bare: pl.DataFrame, clocked: pl.DataFrame | None) -> pl.DataFrame:
    nothing = [
        pl.lit(None, pl.Int64).alias("micros"), pl.lit(None, pl.Int64).alias("offset"),
        pl.lit(None, pl.String).alias("flaw"),
    ]  # fmt: skip
    plain = bare.with_columns(nothing)
    rows = plain if clocked is None else pl.concat([plain, clocked]).sort("row")
    return rows.drop("row").with_columns(pl.col("day").str.strip_chars(" ,;@"))


def _readings() -> list[pl.Expr]:
    hour, minute, second = _hour(), _number("m1", "m2", "m3"), _number("s1", "s2", "s3")
    tenths = pl.col("tenths").cast(pl.Int64) * 6  # 4.2h
    minute = pl.when(pl.col("past").is_not_null()).then(30).otherwise(pl.coalesce(minute, tenths, 0))
    second = second.fill_null(0)
    is_end = (hour == 24) & (minute == 0) & (second == 0)  # ISO 8601: the end of the day
    is_time = (hour.is_between(0, 23) | is_end) & (minute < 60) & (second < 60)
    fraction = pl.col("f1").str.pad_end(9, "0").str.slice(0, 6).cast(pl.Int64).fill_null(0)
    micros = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    offset = _offset()
    is_known = pl.col("zone").is_null() | offset.is_not_null()
    flaw = pl.when(~is_time.fill_null(value=False)).then(pl.lit("clock")).when(~is_known).then(pl.lit("zone"))
    return [pl.when(is_time).then(micros).alias("micros"), offset.alias("offset"), flaw.alias("flaw")]


def _number(*names: str) -> pl.Expr:
    return pl.coalesce([pl.col(name).str.extract(r"^([0-9]+)", 1) for name in names]).cast(pl.Int64)


def _hour() -> pl.Expr:
    """Hours of 24; null where the half of the day contradicts the hour, such as 14 in the morning."""
    hour = _number("h1", "h2", "h3", "h4")
    half = pl.coalesce("before", "after", "after4")
    is_morning, is_afternoon = half.is_in(_MORNING), half.is_in(_AFTERNOON)
    # Twelve at night is the day's end or its beginning: not told.
    is_night = half.str.starts_with("晚") | half.str.starts_with("夜")
    return (
        pl.when(is_morning & (hour > 12)).then(None)
        .when(is_night & (hour == 12)).then(None)
        .when(is_morning & (hour == 12)).then(0)
        .when((half == "中午") & (hour.is_between(10, 12))).then(hour)
        .when(is_afternoon & (hour < 12)).then(hour + 12)
        .otherwise(hour)
    )  # fmt: skip


def _offset() -> pl.Expr:
    """Minutes east of UTC; null for none, for 15 hours and more, and for an abbreviation other than UTC and GMT."""
    zone = pl.col("zone").str.replace_all(r"\s|utc|gmt", "")
    hours = zone.str.extract(r"^[+-]([0-9]{1,2}?)(?::?[0-9]{2})?$", 1).cast(pl.Int64)
    minutes = zone.str.extract(r"^[+-][0-9]{1,2}?:?([0-9]{2})$", 1).cast(pl.Int64).fill_null(0)
    total = hours * 60 + minutes
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    # ISO 8601; the earth's zones end at +14:00.
    return (
        pl.when(zone.is_in(["z", ""])).then(0).when((total < 15 * 60) & (minutes < 60)).then(sign * total)
    )  # fmt: skip
