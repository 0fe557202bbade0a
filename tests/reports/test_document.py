"""The report as a page."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from babel.messages.extract import extract

from headwater.reports import document
from headwater.reports.content import ReportContent
from headwater.reports.document import render, write_report
from headwater.settings import StudyHeader
from headwater.words import catalogue

LANGUAGES = ["en", "zh"]
VOID = {"meta", "br", "hr", "img", "input", "link"}
SAME = {"Headwater {version}."}


class Page(HTMLParser):
    """Notes what a page holds, and every tag that is not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(params=LANGUAGES)
def html(content: ReportContent, request: pytest.FixtureRequest) -> str:
    return render(content, language=request.param)


def test_page_is_well_formed(html: str) -> None:
    page = Page(html)
    assert page.faults == []
    assert page.open == []


def test_page_loads_nothing_from_outside(html: str) -> None:
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _attributes in page.tags}
    assert "@import" not in html
    assert "url(" not in html
    addresses = [a["href"] or "" for a in page.all("a")]
    assert [href for href in addresses if not href.startswith("#")] == ["https://example.org/roads"]


def test_every_anchor_leads_somewhere_and_ids_are_unique(html: str) -> None:
    page = Page(html)
    ids = [attributes["id"] for _tag, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for a in page.all("a") if (a["href"] or "").startswith("#")} <= set(ids)


def test_there_are_sixteen_chapters_in_order(html: str) -> None:
    assert [s["id"] for s in Page(html).all("section")] == [
        "answer", "system", "risk", "annual-probability", "screening", "access", "disruption", "options", "plan",
        "choice", "business", "financing", "assumptions", "limits", "sources", "provenance",
    ]  # fmt: skip


def test_hostile_names_are_escaped(html: str) -> None:
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_no_html_is_shown_as_text(html: str) -> None:
    assert not re.search(r"&lt;(span|code|a|abbr)\b", html)


def test_missing_values_never_show_as_nan(html: str) -> None:
    assert not re.search(r"\b(nan|None|NaT|<NA>)\b", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))


def test_figures_are_named_and_followed_by_their_data(html: str) -> None:
    page = Page(html)
    drawings = [a for a in page.all("svg") if a.get("role") == "img"]
    assert drawings
    assert all(a.get("aria-labelledby") for a in drawings)
    assert html.count("<details>") >= 6


def test_every_table_has_a_caption(html: str) -> None:
    assert html.count("<table>") == html.count("<caption>") > 10


def test_key_figures_in_english(content: ReportContent) -> None:
    html = render(content, language="en")
    cards = re.findall(r'card-label">([^<]+)</p>\s*<p class="card-value">([^<]+)<', html)
    assert dict(cards) | {
        "Network exposed in a 1-in-100-year event": "40 km",
        "Expected annual damage": "210,000 USD",
        "Average yearly loss of capacity to drought": "2–11 MW",
        "Classed high in screening": "1 of 2 classed; 1 without data",
        "a hospital: people within an hour": "75%",
        "Most critical link": "250 people cut off",
        "Best plan: net present value": "4 million USD",
    } == dict(cards)


def test_key_figures_in_chinese(content: ReportContent) -> None:
    html = render(content, language="zh")
    assert "21万美元" in html
    assert "40公里" in html
    assert 'lang="zh-Hans"' in html


def test_rule_is_printed_beside_the_damage(content: ReportContent) -> None:
    html = render(content, language="en")
    assert "low–high 105,000–420,000 USD. Rule: rectangle tail" in html
    assert "Trapezoids between the events given" in html


def test_uncovered_assets_are_reported(content: ReportContent) -> None:
    html = render(content, language="en")
    assert "Of 2 assets and links, 1 lie where the hazard layers have no data, 0 lie there in part" in html
    assert "Without a known place: 1." in html


def test_models_are_shown_apart(content: ReportContent) -> None:
    html = render(content, language="en")
    for case in ("A · 2030", "B · 2030", "A · 2080"):
        assert f"RCP 6.0 · {case}" in html


def test_screening_is_labelled_as_such(content: ReportContent) -> None:
    html = render(content, language="en")
    assert "A screening class, not a quantity" in html
    assert "●●●●" in html


def test_planning_model_decides_the_headline(content: ReportContent) -> None:
    from headwater.settings import Assumption

    damages = content.tables["expected_damages"]
    other = damages.assign(model="HADGEM", ead_usd_per_yr=damages["ead_usd_per_yr"] / 3)
    tables = {**content.tables, "expected_damages": pd.concat([damages, other])}
    assumptions = {**content.header.assumptions, "planning_model": Assumption("planning_model", "HADGEM")}
    header = dataclasses.replace(content.header, assumptions=assumptions)
    html = render(dataclasses.replace(content, header=header, tables=tables), language="en")
    assert re.search(r"Expected annual damage</p>\s*<p class=\"card-value\">70,000 USD<", html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_report_without_any_result_says_what_to_add(header: StudyHeader, language: str) -> None:
    html = render(ReportContent(header, {}, pd.DataFrame()), language=language)
    assert Page(html).faults == []
    assert html.count("note-empty") >= 9


@pytest.mark.parametrize("name", [
    "assets", "links", "zones", "exposures", "hazard_layers", "damages", "expected_damages", "drought_losses",
    "hazard_classes", "access", "criticality", "measures", "options", "appraisals", "effects", "changes", "plans",
    "plan_summaries", "components",
])  # fmt: skip
@pytest.mark.slow
def test_any_one_table_may_be_absent_or_empty(content: ReportContent, name: str) -> None:
    without = {key: table for key, table in content.tables.items() if key != name}
    assert "</html>" in render(dataclasses.replace(content, tables=without), language="en")
    empty = {**content.tables, name: content.tables[name].iloc[:0]}
    assert "</html>" in render(dataclasses.replace(content, tables=empty), language="en")


def test_tables_are_not_changed(content: ReportContent) -> None:
    before = {name: table.copy() for name, table in content.tables.items()}
    render(content, language="en")
    for name, table in content.tables.items():
        pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(before[name]))


def test_same_content_gives_the_same_page(content: ReportContent) -> None:
    assert render(content, language="en") == render(content, language="en")


def test_file_is_written_whole(content: ReportContent, tmp_path: Path) -> None:
    path = write_report(content, tmp_path / "report.html", language="en")
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_failure_leaves_the_earlier_report(
    content: ReportContent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("earlier", encoding="utf-8")
    monkeypatch.setattr(document, "render", lambda *_args, **_options: "half \ud800")  # cannot be encoded
    with pytest.raises(UnicodeEncodeError):
        write_report(content, path, language="en")
    assert path.read_text(encoding="utf-8") == "earlier"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_unknown_language_is_refused(content: ReportContent, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="language"):
        write_report(content, tmp_path / "report.html", language="xx")
    assert list(tmp_path.iterdir()) == []


def test_every_message_has_its_chinese(root: Path) -> None:
    chinese = catalogue("zh")
    messages = {
        str(message)
        for path in sorted((root / "src/headwater/reports").glob("*.py"))
        for _line, message, _notes, _context in extract("python", BytesIO(path.read_bytes()), keywords={"_": None})
    }
    assert len(messages) > 200
    assert sorted(messages - set(chinese)) == []


def test_translations_keep_their_places(root: Path) -> None:
    for english, chinese in catalogue("zh").items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese)), english


def test_templates_hold_no_words(root: Path) -> None:
    for path in (root / "src/headwater/reports/templates").glob("*.html"):
        bare = re.sub(r"{%.*?%}|{{.*?}}|<[^>]+>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.findall(r"[A-Za-z]{2,}", bare), path.name


def test_real_network_makes_a_small_map(shared_data: Path) -> None:
    import geopandas as gpd

    from headwater.reports.figures import Caption
    from headwater.reports.maps import Layer, map_svg

    roads = gpd.read_file(shared_data / "dji-roads-floods" / "dji_network.gpkg", layer="road_edges")
    assert len(map_svg([Layer(roads.geometry, "road")], caption=Caption("m", "Roads"))) < 60_000


def test_plan_without_money_shows_its_objective(content: ReportContent) -> None:
    summaries = content.tables["plan_summaries"].assign(
        npv_usd=float("nan"), objective="population_cut_off", objective_value=[700.0, 900.0]
    )
    html = render(dataclasses.replace(content, tables={**content.tables, "plan_summaries": summaries}), language="en")
    assert re.search(r"Best plan: people no longer cut off</p>\s*<p class=\"card-value\">900<", html)
    assert "the benefits of these options are not valued in money" in html


def test_whole_plan_stands_beside_the_sum_of_its_options(content: ReportContent) -> None:
    checks = pd.DataFrame(
        {"plan_id": ["large"], "item": ["ead_usd_per_yr"], "unit": ["USD/yr"], "sum_of_options": [3e5],
         "whole_plan": [2.5e5], "difference": [-5e4]}
    )  # fmt: skip
    html = render(dataclasses.replace(content, tables={**content.tables, "plan_checks": checks}), language="en")
    assert "The plans run whole" in html
    assert "250,000" in html
    assert "−50,000" in html


def test_every_column_shown_is_of_a_schema(root: Path, tables: dict[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        known = set(pd.read_csv(root / "src/headwater/schemas" / f"{name}.csv")["column"])
        assert set(table.columns) <= known, name


def with_tables(content: ReportContent, **tables: pd.DataFrame) -> str:
    """The page in English with other tables."""
    return render(dataclasses.replace(content, tables={**content.tables, **tables}), language="en")


def test_length_without_data_is_told_apart(content: ReportContent) -> None:
    exposures = content.tables["exposures"].assign(uncovered_share=[0.0, 0.2] * 2)  # 0.2 of 250 km
    html = with_tables(content, exposures=exposures)
    assert "of 350 km with data (50 km have no data); 40 km in a 1-in-100-year event" in html
    assert "above 0.1 m · of 350 km with data (50 km have no data)" in html
    assert "with data (" not in render(content, language="en")


def test_damage_below_the_threshold_is_explained(content: ReportContent) -> None:
    words = "this chart counts only water above 0.1 m."
    assert words not in render(content, language="en")
    exposures = content.tables["exposures"].assign(exposed_amount=[0.0, 0.0, 25_000.0, 15_000.0])
    assert words in with_tables(content, exposures=exposures)


def test_plan_shows_the_range_of_its_value(content: ReportContent) -> None:
    appraisals = content.tables["appraisals"].assign(npv_usd_low=[1e6, -2e6], npv_usd_high=[5e6, 2e6])
    html = with_tables(content, appraisals=appraisals)
    assert "Low–high −1–7 million USD. 2 options" in html
    table = html[html.index("Plans by budget") :]
    assert re.search(r">1 million<.*>5 million<.*>−1 million<.*>7 million<", table[: table.index("</table>")])
    partly = appraisals.assign(npv_usd_low=[1e6, float("nan")])
    assert "Low–high" not in re.findall(r"card-note\">([^<]*2 options[^<]*)<", with_tables(content, appraisals=partly))


def test_every_unit_of_capacity_has_its_range(content: ReportContent) -> None:
    losses = content.tables["drought_losses"]
    pipes = losses.iloc[:2].assign(asset_id="pipe", capacity_unit="people served", expected_loss=[0.0, 54_639.0])
    assert "2–11 MW; 0–54,600 people served" in with_tables(content, drought_losses=pd.concat([losses, pipes]))


def test_drought_layers_without_an_asset_they_concern_are_named(content: ReportContent) -> None:
    layers = pd.DataFrame({"layer_id": ["d1", "d2"], "hazard": "drought", "quantity": "annual_probability"})
    layers = pd.concat([content.tables["hazard_layers"], layers])
    none = content.tables["drought_losses"].iloc[:0]
    html = with_tables(content, hazard_layers=layers, drought_losses=none)
    assert "2 drought layers are given, but no asset here is hydropower" in html


def test_tiny_gap_is_not_called_optimal(content: ReportContent) -> None:
    summaries = content.tables["plan_summaries"].assign(gap=[6.4e-7, 0.02])
    html = with_tables(content, plan_summaries=summaries)
    assert "≤ 0.0001%" in html
    assert "proved within" not in html  # the gap says it all
    html = with_tables(content, plan_summaries=summaries.assign(status=["optimal", "time_limit"]))
    assert html.count("proved within 0.0001%") == 1
    assert "proved optimal" not in html


def test_hours_of_people_once_cut_off_are_explained(content: ReportContent) -> None:
    checks = pd.DataFrame(
        {"plan_id": ["large"], "item": ["person_hours_lost"], "unit": ["person-hours"], "sum_of_options": [-17e3],
         "whole_plan": [-17e3], "difference": [0.0]}
    )  # fmt: skip
    words = "people who were cut off before (counted with no hours)"
    assert words in with_tables(content, plan_checks=checks)
    assert words not in with_tables(content, plan_checks=checks.assign(sum_of_options=17e3, whole_plan=17e3))


def test_measure_that_avoids_all_or_adds_is_explained(content: ReportContent) -> None:
    effects = content.tables["effects"]
    whole, more = effects.assign(amount=[210_000.0, 0.0]), effects.assign(amount=[-10.0, 0.0])
    assert "Drainage avoids all expected damage here" in with_tables(content, effects=whole)
    assert "Drainage raises the expected damage" in with_tables(content, effects=more)
    assert "Drainage avoids all" not in render(content, language="en")


def test_numbers_on_a_map_are_counted(content: ReportContent) -> None:
    html = render(content, language="en")
    assert "Numbers: the 1 worst, as ranked above." in html
    assert "the five" not in html


def test_many_high_hazards_are_counted_not_dotted(content: ReportContent) -> None:
    hazards = ["river_flood", "earthquake", "landslide", "drought", "wildfire"]
    classes = pd.DataFrame({"place_id": "GHA", "hazard": hazards, "level": "high"})
    assert "Drought and 1 more. A screening class" in with_tables(content, hazard_classes=classes)


def test_people_are_rounded_like_money(content: ReportContent) -> None:
    worst = content.tables["criticality"].assign(population_cut_off=[54_639.0, 0.0])
    html = with_tables(content, criticality=worst)
    assert "54,600 people cut off" in html
    assert "54,639" not in html


def test_example_command_asks_of_a_result_with_rows(content: ReportContent) -> None:
    assert "headwater explain toy expected_damages" in render(content, language="en")
    html = with_tables(content, expected_damages=content.tables["expected_damages"].iloc[:0])
    assert "headwater explain toy access" in html
