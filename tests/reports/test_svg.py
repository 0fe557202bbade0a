"""Elements, text and ticks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headwater.reports import svg


def test_text_is_escaped() -> None:
    assert "<script>" not in svg.text(0, 0, "<script>", full="<script>x")


def test_attributes_are_escaped() -> None:
    assert svg.tag("a", title='"<') == '<a title="&quot;&lt;"/>'


def test_cut_words_keep_the_whole_as_a_tooltip() -> None:
    assert "<title>Akosombo hydropower station</title>" in svg.text(0, 0, "Akos…", full="Akosombo hydropower station")


@given(st.text(max_size=60), st.floats(min_value=20, max_value=300))
def test_fit_never_exceeds_its_width(words: str, width: float) -> None:
    assert svg.text_width(svg.fit(words, width)) <= width


@given(st.text(alphabet="ab 水电站", max_size=60), st.integers(1, 3))
def test_wrap_gives_at_most_so_many_lines(words: str, lines: int) -> None:
    assert len(svg.wrap(words, 50, lines=lines)) <= lines


def test_chinese_wraps_between_characters() -> None:
    assert svg.wrap("水力发电站", 40) == ["水力发", "电站"]


@given(st.floats(-1e6, 1e6), st.floats(1e-2, 1e9))
def test_ticks_span_the_range_evenly(low: float, length: float) -> None:
    ticks = svg.nice_ticks(low, low + length)
    step = ticks[1] - ticks[0]
    assert ticks[0] <= low + 1e-6 * step
    assert ticks[-1] >= low + length - 1e-6 * step
    assert len(ticks) <= 12


def test_ticks_of_a_single_value() -> None:
    assert svg.nice_ticks(0, 0)[-1] >= 1
