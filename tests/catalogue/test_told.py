"""What the wizard and the map say as lines."""

from __future__ import annotations

from tests.catalogue.toolbox import by_key, case, principle, said, tool, vocabularies

from headwater.catalogue.gaps import gap_report
from headwater.catalogue.navigator import recommend
from headwater.catalogue.told import told_gaps, told_recommendation
from headwater.words import speaking

A = tool("a", cost="unknown", principles=["first"], next=[said("Rank them", "paper", tool="b")])
B, C, D = tool("b"), tool("c", data=["networks"]), tool("d", phases=["finance"])
ALL = by_key(A, B, C, D, case("island", "a"), principle("first", 1))
ANSWERS = {"phases": "strategic-planning", "data": "demand", "cost": "free"}


def test_a_recommendation_tells_reasons_cautions_and_what_was_left_out() -> None:
    lines = told_recommendation(recommend(ALL, vocabularies(), ANSWERS), limit=2)
    assert "What may the tool cost? Nothing: no budget" in lines
    assert "Who are you? do not know" in lines
    assert "1  B  (5 of 5 points)  tool/b" in lines
    start = lines.index("2  A  (4 of 5 points)  tool/a")
    assert lines[start + 1 : start + 12] == [
        "   It computes.",
        "   + Made for your phase: Strategic planning",
        "   + You have the data: People and demand",
        "   ? Cost unknown",
        "   When: Use it [our judgement]",
        "   ! Cost unknown",
        "   ! Leave it [our judgement]",
        "   Cases that used it: island",
        "   Principles it helps to apply: first",
        "   Then: Rank them [source: paper] → B",
        "",
    ]
    assert "  C: Would be number 2 if you had: Networks and assets" in lines
    assert "Left out: 2 tools" in lines
    assert "  D: Not for your phase; it serves Finance" in lines
    assert lines[-1].startswith("  Between equal points")


def test_tools_beyond_the_limit_are_named() -> None:
    assert "Fit too, in this order: B, C, D" in told_recommendation(recommend(ALL, vocabularies(), {}), limit=1)


def test_that_nothing_fits_is_said() -> None:
    lines = told_recommendation(recommend(ALL, vocabularies(), {"phases": "procurement"}))
    assert "No tool fits all that you answered. See below what was left out and why." in lines
    assert "Left out: 4 tools" in lines


def test_the_map_tells_its_findings_its_gaps_and_its_caution() -> None:
    lines = told_gaps(gap_report(ALL, vocabularies()), limit=2)
    assert lines[0].startswith("This is a catalogue of 4 tools")
    assert "  Upstream phases only: 3 of 4 (75%)" in lines
    assert "  2020: 4" in lines
    assert sum(line.startswith(("  1  ", "  2  ")) for line in lines) == 4


def test_in_chinese() -> None:
    with speaking("zh"):
        told = told_recommendation(recommend(ALL, vocabularies(), ANSWERS)) + told_gaps(gap_report(ALL, vocabularies()))
        assert all(any("一" <= letter <= "龥" for letter in line) or "：" in line for line in told if line)
        assert "1  b（中文）  (满分 5 分，得 5 分)  tool/b" in told
