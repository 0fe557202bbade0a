"""Curves by hand, faulty curves, the choice of a curve, and the packaged tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import NotFound, TableError, UnitError
from headwater.risk.curves import (
    check_curves,
    choose_curves,
    curve_faults,
    curve_set,
    damage_share,
    load_curve_choices,
    load_curve_register,
    load_curve_sources,
    load_curves,
)
from headwater.schema import check


def curve(intensity, share, *, curve_id="c", unit="m", **bounds):
    return pd.DataFrame(
        {"curve_id": curve_id, "intensity": intensity, "intensity_unit": unit, "damage_share": share, **bounds}
    )


SNAIL = curve([0.0, 10, 20, 30], [0, 0.1, 0.2, 1])


def test_published_curve():
    """nismod/snail (commit 7c59cc0, MIT), tests/test_damages.py."""
    assert damage_share([5, 15, 25], SNAIL, "c", unit="m") == pytest.approx([0.05, 0.15, 0.6])


def test_clamped_outside_and_missing_stays_missing():
    assert damage_share([-5, 31, 1e9], SNAIL, "c", unit="m").tolist() == [0, 1, 1]
    assert np.isnan(damage_share([np.nan], SNAIL, "c", unit="m")).all()
    raised = curve([1.0, 2], [0.2, 0.4])
    assert damage_share([0, 5], raised, "c", unit="m").tolist() == [0.2, 0.4]


def test_units_are_converted_once():
    assert damage_share([500, 1500, 2500], SNAIL, "c", unit="cm") == pytest.approx([0.05, 0.15, 0.6])


def test_wrong_quantity_is_refused():
    with pytest.raises(NotFound, match="c"):
        damage_share([5], SNAIL, "c", unit="m/s")
    with pytest.raises(UnitError, match="furlong"):
        damage_share([5], SNAIL, "c", unit="furlong")


def test_bounds_default_to_the_mean():
    bounded = curve([0.0, 1], [0, 0.5], damage_share_low=[0, 0.4], damage_share_high=[0, np.nan])
    assert damage_share([1], bounded, "c", unit="m", bound="damage_share_low").item() == 0.4
    assert damage_share([1], bounded, "c", unit="m", bound="damage_share_high").item() == 0.5


def test_a_curve_that_decreases_is_named_with_its_points():
    with pytest.raises(TableError) as caught:
        check_curves(curve([0.0, 1, 2], [0, 0.5, 0.4], curve_id="odd"))
    fault = caught.value.faults[0]
    assert (fault.row, fault.column, fault.value) == (4, "damage_share", "0.4")
    assert "odd decreases from 0.5 at 1 m" in fault.problem


def test_rows_out_of_order_are_judged_by_intensity():
    shuffled = curve([2.0, 0, 1], [0.4, 0, 0.5])
    assert [fault.row for fault in curve_faults(shuffled)] == [2]
    check_curves(curve([2.0, 0, 1], [0.5, 0, 0.4]))


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (curve([0.0], [0]), "one point only"),
        (pd.concat([curve([0.0], [0]), curve([100.0], [1], unit="cm")]), "several units"),
        (curve([0.0, 1], [0, 0.5], damage_share_low=[0, 0.6]), "between its low"),
        (curve([0.0, 1], [0, 0.5], damage_share_high=[0, 0.3]), "between its low"),
        (curve([0.0, 1], [0, 1.5]), "<= 1"),
        (curve([-1.0, 1], [0, 1]), ">= 0"),
        (curve([1.0, 1], [0, 1]), "more than once"),
        (curve([0.0, 1], [0, np.nan]), "missing"),
        (SNAIL.drop(columns="intensity_unit"), "column is missing"),
    ],
)
def test_faulty_curves(table, problem):
    with pytest.raises(TableError, match=problem):
        check_curves(table.reset_index(drop=True))


def test_curve_set_keeps_curves_of_the_layer_quantity_only():
    both = pd.concat([SNAIL, curve([0.0, 50], [0, 1], curve_id="wind", unit="m/s")], ignore_index=True)
    assert curve_set(both, unit="m").curve_ids.tolist() == ["c"]
    assert curve_set(both, unit="km/h").intensity.tolist() == pytest.approx([0, 180])
    assert len(curve_set(both, unit="g").curve_ids) == 0


class TestChoice:
    choices = load_curve_choices()

    def choose(self, hazard="river_flood", **columns):
        table = pd.DataFrame({"sector": ["transport"], "kind": ["road_primary"], **columns})
        return choose_curves(table, hazard=hazard, choices=self.choices).item()

    def test_by_pavement(self):
        assert self.choose(is_paved=[True]) == "F7.2"
        assert self.choose(is_paved=[False]) == "JRC-ASIA"
        assert self.choose(is_paved=[None]) == self.choose() == "F7.2"

    def test_a_particular_kind_before_its_family(self):
        assert self.choose(kind=["road_motorway"], is_paved=[True]) == "F7.4-F7.5"
        assert self.choose(kind=["rail"]) == "F8.6"

    def test_own_curve_wins_for_its_hazard_only(self):
        assert self.choose(curve_id=["F1.1"]) == "F1.1"
        assert self.choose(curve_id=["F1.1"], hazard="coastal_flood") == "F1.1"
        assert self.choose(curve_id=["F1.1"], hazard="tropical_cyclone") == "W7.2"

    def test_no_choice_is_missing_not_harmless(self):
        assert pd.isna(self.choose(kind=["seaport"]))
        assert pd.isna(self.choose(hazard="landslide"))

    def test_rows_keep_their_index(self):
        table = pd.DataFrame({"sector": "social", "kind": ["hospital", "school"]}, index=["h", "s"])
        chosen = choose_curves(table, hazard="earthquake", choices=self.choices)
        assert chosen.to_dict() == {"h": "E21.22", "s": "E21.11"}


class TestPackaged:
    def test_tables_obey_their_schemas_and_refer_to_each_other(self):
        register, sources = load_curve_register(), load_curve_sources()
        others = {"curve_register": register, "sources": sources}
        check(sources, "sources")
        check(register, "curve_register", others=others)
        check(load_curve_choices(), "curve_choices", others=others)
        check(load_curves(), "curves", others=others)
        check_curves(load_curves())

    def test_every_curve_is_described_in_both_languages_and_has_points(self):
        register = load_curve_register()
        assert set(register["curve_id"]) == set(load_curves()["curve_id"])
        assert register["description_zh"].notna().all()
        assert register["description_zh"].str.contains("[一-鿿]").all()

    def test_every_choice_is_of_a_curve_made_for_that_kind_of_hazard(self):
        hazards = load_curve_register().set_index("curve_id")["hazard"]
        choices = load_curve_choices()
        family = choices["hazard"].where(~choices["hazard"].str.endswith("_flood"), "river_flood")
        assert (family.to_numpy() == hazards[choices["curve_id"]].to_numpy()).all()

    def test_small(self, root):
        folder = root / "src" / "headwater" / "risk" / "data"
        assert sum(path.stat().st_size for path in folder.glob("*.csv")) < 300_000

    def test_loading_hands_out_copies(self):
        mine = load_curves()
        mine.loc[0, "damage_share"] = 9.0
        check_curves(load_curves())

    def test_points_left_out_lie_on_the_line(self, shared_data):
        """Every one of the source's points, not only those kept (Nirandjan et al. 2024)."""
        source = pd.read_csv(shared_data / "vulnerability-curves" / "curves.csv")
        units = pd.read_csv(shared_data / "vulnerability-curves" / "metadata.csv").set_index("curve_id")[
            "intensity_unit"
        ]
        kept, compared = load_curves(), 0
        for curve_id in sorted(set(kept["curve_id"]) & set(source["curve_id"])):
            points = source[source["curve_id"] == curve_id]
            ours = damage_share(points["intensity"], kept, curve_id, unit=units[curve_id])
            assert ours == pytest.approx(points["damage"].cummax().to_numpy(), abs=1.1e-9), curve_id
            compared += len(points)
        assert compared > 2500

    def test_bands_of_roads_and_the_unpaved_curve(self, shared_data):
        folder = shared_data / "open-gira" / "config" / "damage_curves" / "flood"
        band = pd.read_csv(folder / "road_paved.csv", comment="#")
        depth = band["inundation_depth_(m)"]
        for column, bound in [("damage_fraction", "damage_share_low"), ("upper", "damage_share_high")]:
            assert damage_share(depth, load_curves(), "F7.2", unit="m", bound=bound) == pytest.approx(
                band[column], abs=1e-9
            )
        jrc = pd.read_csv(shared_data / "standards-oc4ids-sdg-m49" / "curves_road_damage.csv", comment="#")
        unpaved = damage_share(jrc["depth_m"], load_curves(), "JRC-ASIA", unit="m")
        assert unpaved == pytest.approx(jrc["unpaved"], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.floats(0, 1)), min_size=2, max_size=9, unique_by=lambda p: p[0]),
    st.lists(st.floats(0, 500), min_size=2, max_size=9),
)
def test_more_intensity_never_does_less_damage(points, intensities):
    x, y = (np.sort(column).astype(float) for column in zip(*points, strict=True))
    shares = damage_share(np.sort(intensities), curve(x, y), "c", unit="m")
    assert (np.diff(shares) >= -1e-12).all()
    assert shares.min() >= y[0] - 1e-12
    assert shares.max() <= y[-1] + 1e-12
