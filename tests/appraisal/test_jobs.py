"""Jobs from spending: by hand, where a multiplier holds, and what happens where none does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal.jobs import job_years, load_multipliers, multipliers_for, named_multipliers, regions_of
from headwater.errors import NotFound, TableError
from headwater.schema import check, faults
from headwater.words import speaking

SPENDING = pd.DataFrame({"sector": ["water", "transport", "water"], "usd": [3e6, 10e6, 1e6]})


def own(**more: object) -> pd.DataFrame:
    row = {"sector": "any", "kind": "Jobs", "coverage": "Direct", "source_id": "census", "jobs_per_usd_million": 10.0}
    return pd.DataFrame([{**row, **more}])


@pytest.mark.parametrize(
    ("multiplier_id", "jobs_per_billion"),
    [
        ("mena_oil_importers", 110_000),
        ("mena_gcc", 26_000),
        ("mena_oil_exporters", 49_000),
        ("lac_infrastructure", 40_000),
    ],
)
def test_a_billion_makes_the_published_jobs(multiplier_id: str, jobs_per_billion: float) -> None:
    """World Bank: Freund and Ianchovichina (2012) on WPS6164; Schwartz et al. (2009), WPS5009."""
    billion = pd.DataFrame({"sector": ["energy"], "usd": [1e9]})
    jobs, left_out = job_years(billion, named_multipliers([multiplier_id]), plan_id="a")
    assert jobs["job_years"].tolist() == [jobs_per_billion]
    assert jobs["job_years_low"].isna().all()  # the source gives no bounds
    assert left_out.empty


def test_rural_road_maintenance_and_the_imf_keep_their_ranges() -> None:
    """WPS5009: 200,000 to 500,000 for each US$ 1 bn; IMF WP/21/131: 16-30 for each US$ 1 M where income is low."""
    roads = pd.DataFrame({"sector": ["rural_road_maintenance"], "usd": [1e9]})
    found, _none = job_years(roads, named_multipliers(["lac_rural_road_maintenance"]), plan_id="a")
    assert found.loc[0, ["job_years_low", "job_years", "job_years_high"]].tolist() == [200_000, 350_000, 500_000]
    million = pd.DataFrame({"sector": ["energy"], "usd": [1e6]})
    found, _none = job_years(million, named_multipliers(["imf_low_income"]), plan_id="a")
    assert found.loc[0, ["job_years_low", "job_years", "job_years_high"]].tolist() == [16, 23, 30]


def test_rows_of_a_sector_are_added_and_alternatives_stand_side_by_side() -> None:
    jobs, left_out = job_years(SPENDING, named_multipliers(["imf_emerging", "imf_emerging_water"]), plan_id="a")
    check(jobs, "jobs")
    assert jobs[["sector", "job_years"]].to_numpy().tolist() == [
        ["transport", 135.0], ["water", 54.0], ["water", 140.0],
    ]  # fmt: skip
    assert left_out.empty


def test_where_no_multiplier_holds_there_is_a_reason_and_no_number() -> None:
    for country in ("GHA", "MNG", "XYZ"):
        jobs, left_out = job_years(SPENDING, multipliers_for(country), plan_id="a")
        assert jobs.empty
        assert faults(jobs, "jobs") == []
        assert left_out[["sector", "usd"]].to_numpy().tolist() == [["transport", 10e6], ["water", 4e6]]
        assert left_out["reason"].str.contains("bring your own").all()
    jobs, left_out = job_years(SPENDING, named_multipliers(["imf_emerging_water"]), plan_id="a")
    assert (jobs["sector"].tolist(), left_out["sector"].tolist()) == (["water"], ["transport"])


def test_regions_say_whether_a_source_or_a_judgement_put_a_country_there() -> None:
    found = regions_of("DJI").set_index("region")["basis"].to_dict()
    assert found == {"mena_oil_importers": "judgement", "MNA": "source"}
    assert regions_of("GHA")["region"].tolist() == ["SSA"]
    assert multipliers_for("LCA")["multiplier_id"].tolist() == ["lac_infrastructure", "lac_rural_road_maintenance"]
    assert multipliers_for("DJI")["basis"].tolist() == ["judgement"]
    with pytest.raises(NotFound, match="imf_low_income"):
        named_multipliers(["moon"])


def test_a_result_is_the_same_in_every_language() -> None:
    english, _left_out = job_years(SPENDING, multipliers_for("DJI"), plan_id="a")
    with speaking("zh"):
        chinese, _left_out = job_years(SPENDING, multipliers_for("DJI"), plan_id="a")
    pd.testing.assert_frame_equal(english.drop(columns="coverage_zh"), chinese.drop(columns="coverage_zh"))
    assert english["coverage_zh"].str.contains("[一-龥]").all()


def test_words_follow_the_language() -> None:
    with speaking("zh"):
        assert regions_of("DJI")["note"].str.contains("判断").any()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1e10), min_size=1, max_size=6), st.floats(0, 500))
def test_job_years_are_proportional_to_money(usd: list[float], rate: float) -> None:
    spending = pd.DataFrame({"sector": "energy", "usd": usd})
    jobs, _left_out = job_years(spending, own(jobs_per_usd_million=rate), plan_id="a")
    assert jobs["job_years"].tolist() == pytest.approx([sum(usd) / 1e6 * rate])


def test_all_faults_are_named_at_once() -> None:
    spending = pd.DataFrame({"sector": ["energy", "water"], "usd": [-1.0, None]})
    bad = pd.concat(
        [
            own(jobs_per_usd_million=None),
            own(jobs_per_usd_million=np.inf, kind="b"),
            own(jobs_per_usd_million_low=20.0, kind="c", source_id=None),
            own(kind="c"),
        ],
        ignore_index=True,
    )
    with pytest.raises(TableError) as caught:
        job_years(spending, bad, plan_id="a")
    assert {(f.file, f.row, f.column) for f in caught.value.faults} == {
        ("spending", 2, "usd"), ("spending", 3, "usd"), ("multipliers", 2, "jobs_per_usd_million"),
        ("multipliers", 3, "jobs_per_usd_million"), ("multipliers", 4, "jobs_per_usd_million"),
        ("multipliers", 4, "source_id"), ("multipliers", 5, "sector + kind"),
    }  # fmt: skip


def test_packaged_multipliers_are_whole() -> None:
    table = load_multipliers()
    assert table["multiplier_id"].is_unique
    assert table[["coverage", "coverage_zh", "kind", "kind_zh", "verified"]].notna().all(axis=None)
    low, middle, high = (table[f"jobs_per_usd_million{c}"] for c in ("_low", "", "_high"))
    assert ((low <= middle) | low.isna()).all()
    assert ((high >= middle) | high.isna()).all()
