"""The page: figures, words and charts put into the template.

Belongs here: how numbers are written, and what the template may call. Does not belong here: figures (`collect`), texts
(`words`), the look (`templates`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from crm_pipeline.report import charts
from crm_pipeline.report.figures import Figures
from crm_pipeline.report.words import WORDS, Words
from crm_pipeline.report.words.model import REASONS

FIRST_OF_LIST = 10  # rules or disagreements shown at once; the others are folded
LONGEST_LIST = 60  # those in the page at all
LONGEST_TREND = 30  # runs
_HAN = re.compile("[一-鿿]")
_TEMPLATES = Path(__file__).parent / "templates"


def render(figures: Figures) -> str:
    """The whole page: one file, both languages, nothing asked of the network, no value of any customer."""
    held = charts.held_groups(figures.held or ())
    runs = (*figures.earlier, figures.measures)[-LONGEST_TREND:]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            f=figures,
            run=figures.measures,
            ended_at=figures.measures.started_at + timedelta(seconds=figures.measures.seconds),
            runs=runs,
            this_flow=charts.flow(figures),
            histogram=charts.histogram(figures.weights, figures.match_weight, figures.review_weight),
            sizes=charts.size_groups(figures.cluster_sizes),
            held=held,
            held_totals=charts.held_totals(held),
            worth_scale=charts.worth_scale(figures.worth),
            span=charts.span,
            shift_scale=charts.shift_scale(figures.model.changes if figures.model else ()),
            strips=charts.strips(figures.usual),
            identity_series=charts.identity_trend(runs),
            series=charts.trend(runs),
            pair_trends=charts.pair_trends(runs),
            timeline=charts.timeline(figures.measures),
            first=FIRST_OF_LIST,
            most=LONGEST_LIST,
        )
    )


@cache
def environment() -> jinja2.Environment:
    """What templates may call; both pages use it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "t": text,
        "plain": plain,
        "tip": tip,
        "both": both,
        "said": said,
        "named": named,
        "svg_tip": svg_tip,
        "reason": reason,
        "asset": _asset,
        "known": WORDS.__contains__,
    }
    environment.filters |= {"n": number, "seconds": seconds, "size": size, "signed": signed, "bits": bits}
    environment.filters |= {"figure": figure, "share": share}
    environment.globals["percent"] = percent
    return environment


def _asset(name: str) -> Markup:
    """A file of ours as it is, for a style or script element."""
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704 - our own file


def text(key: str, **values: object) -> Markup:
    """Both languages, one of which is shown; values are escaped."""
    words = _words(key, values)
    return both(
        *(
            Markup(text).format(**_shown(values, language))  # noqa: S704 - our own texts; `format` escapes the values
            for language, text in enumerate(words)
        )
    )


def both(en: str, zh: str) -> Markup:
    """Two texts, one of which is shown; escaped unless they are markup."""
    return Markup('<span class="en" lang="en">{}</span><span class="zh" lang="zh-CN">{}</span>').format(en, zh)


def said(chinese: Mapping[str, str], words: str) -> Markup:
    """What a rule says: in both languages, or in the one in which it is there."""
    if words in chinese:
        return both(words, chinese[words])
    return Markup('<span lang="{}">{}</span>').format("zh-CN" if _HAN.search(words) else "en", words)


def named(kind: str, name: str) -> Words:
    """The words for a name of ours, such as an entity; a name that we don't know as it is."""
    return WORDS.get(f"{kind}.{name}", Words(name, name))


def reason(trained_because: str) -> Markup:
    """Why a model was trained, as its card says; what is none of the known reasons is shown as it is."""
    for pattern, key in REASONS:
        if found := pattern.fullmatch(trained_because):
            return text(key, **{name: _of_reason(name, value) for name, value in found.groupdict().items()})
    return Markup('<span lang="en">{}</span>').format(trained_because)


def _of_reason(name: str, value: str) -> Words | Markup:
    if name == "population":
        words = WORDS[f"population.{value}"]
        return Words(words.en.lower(), words.zh)
    return WORDS["reason.nothing"] if value == "none" else Markup("<code>{}</code>").format(value)


def plain(key: str, language: str, **values: object) -> str:
    """One language, without marks."""
    index = ("en", "zh").index(language)
    return _words(key, values)[index].format(**_shown(values, index))


def tip(key: str, **values: object) -> Markup:
    """The attributes of a hover title in both languages; the script exchanges them."""
    return Markup('title="{}" data-zh="{}"').format(plain(key, "en", **values), plain(key, "zh", **values))


def svg_tip(key: str, **values: object) -> Markup:
    """The same as an element, for what is drawn and for the page."""
    return Markup('<title data-zh="{}">{}</title>').format(plain(key, "zh", **values), plain(key, "en", **values))


def _words(key: str, values: dict[str, object]) -> Words:
    one = f"{key}.one"
    return WORDS[one] if values.get("n") == 1 and one in WORDS else WORDS[key]


def _shown(values: dict[str, object], language: int) -> dict[str, object]:
    return {name: _one(value, language) for name, value in values.items()}


def _one(value: object, language: int) -> object:
    if isinstance(value, Words):
        return value[language]
    return number(value) if isinstance(value, int) else value


def number(value: float) -> str:
    """With thousands separators; `1234567` is `1,234,567`."""
    return f"{value:,.0f}"


def signed(value: float) -> str:
    """With its sign, the typographic minus included."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{abs(value):,.0f}"


def figure(value: float, name: str) -> str:
    """A figure of linking: a match rate in percent, a count whole, all others with three decimals."""
    if name.startswith("match_rate"):
        return percent(value, 1)
    return number(value) if name == "largest_cluster" else f"{value:.3f}"


def share(value: float) -> str:
    """A share near all, in percent with three decimals, rounded down: `100%` is all."""
    return "100%" if value >= 1 else f"{math.floor(value * 100_000) / 1_000:.3f}%"


def bits(value: float) -> str:
    """A weight with its sign and one decimal; `0.0` has none."""
    rounded = round(value, 1)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else ''}{abs(rounded):.1f}"


def percent(part: float, whole: float) -> str:
    """The share with one decimal; never 0 % or 100 % unless it is exactly that. `–` of nothing."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if part <= 0 or part >= whole:
        return f"{max(0.0, min(share, 100.0)):.0f}%"
    if share < 0.1:
        return "<0.1%"
    return ">99.9%" if share > 99.9 else f"{share:.1f}%"


def seconds(value: float) -> str:
    """`0.42 s`, `26.4 s`, `2 min 05 s` or `1 h 02 min`."""
    if value < 60:
        return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def size(byte_count: float) -> str:
    """`460 MB` or `1.2 GB`, decimal."""
    return f"{byte_count / 1e9:.1f} GB" if byte_count >= 1e9 else f"{byte_count / 1e6:.0f} MB"
