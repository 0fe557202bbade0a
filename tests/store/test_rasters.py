"""Reading chosen cells: any layout, only the blocks needed, gaps kept apart, and every way a file can be wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import InputError, PlaceError, SourceError
from headwater.geo.grid import Grid
from headwater.store import rasters
from headwater.store.rasters import layer_faults, read_grid, values_at


def from_origin(west, north, across, down):
    return rasterio.Affine(across, 0, west, 0, -down, north)


WHERE = from_origin(42, 13, 0.01, 0.01)


def written(path, data, **options):
    profile = {
        "driver": "GTiff", "height": data.shape[0], "width": data.shape[1], "count": 1, "dtype": data.dtype,
        "crs": "EPSG:4326", "transform": WHERE,
    }  # fmt: skip
    scales = {key: options.pop(key) for key in ("scales", "offsets") if key in options}
    with rasterio.open(path, "w", **(profile | options)) as raster:
        raster.write(data, 1)
        for key, value in scales.items():
            setattr(raster, key, value)
    return path


def numbered(height, width, dtype="float32"):
    return np.arange(height * width, dtype=dtype).reshape(height, width)


def all_of(path):
    grid = read_grid(path)
    return values_at([path], grid, np.arange(grid.size))[0].tolist()


TILES = {"tiled": True, "blockxsize": 16, "blockysize": 16}


def test_grid(tmp_path):
    grid = read_grid(written(tmp_path / "a.tif", numbered(3, 5)))
    assert grid == Grid("EPSG:4326", tuple(WHERE)[:6], 5, 3)


def test_values_by_hand(tmp_path):
    path = written(tmp_path / "a.tif", numbered(3, 5))
    values = values_at([path, path], read_grid(path), np.array([0, 7, 14]))
    assert values.dtype == np.float32
    assert values.tolist() == [[0, 7, 14], [0, 7, 14]]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32 - 1), st.integers(1, 4),
    st.sampled_from([{}, {"blockysize": 1}, {"blockysize": 7}, TILES, {**TILES, "compress": "deflate"}]),
    st.sampled_from([1, 300, 1000, 4_000_000]),
)  # fmt: skip
def test_any_layout_gives_the_array_itself(tmp_path_factory, height, width, seed, workers, layout, window):
    rng = np.random.default_rng(seed)
    data = rng.random((height, width)).astype("float32")
    path = written(tmp_path_factory.mktemp("r") / "a.tif", data, **layout)
    cells = rng.integers(0, height * width, rng.integers(0, 200))
    whole = rasters.WINDOW_CELLS
    try:
        rasters.WINDOW_CELLS = window
        values = values_at([path], read_grid(path), cells, workers=workers)
    finally:
        rasters.WINDOW_CELLS = whole
    assert np.array_equal(values[0], data.ravel()[cells])


def test_values_of_a_cell_lie_together(tmp_path):
    path = written(tmp_path / "a.tif", numbered(3, 5))
    assert values_at([path] * 3, read_grid(path), np.arange(15)).T.flags.c_contiguous


class TestNoData:
    def test_declared_value_is_missing_and_zero_is_not(self, tmp_path):
        data = np.array([[0, -9999, 1.5]], dtype="float32")
        path = written(tmp_path / "a.tif", data, nodata=-9999)
        assert values_at([path], read_grid(path), np.arange(3))[0].tolist() == pytest.approx(
            [0, np.nan, 1.5], nan_ok=True
        )

    def test_of_whole_numbers(self, tmp_path):
        path = written(tmp_path / "a.tif", np.array([[0, 255, 7]], dtype="uint8"), nodata=255)
        assert values_at([path], read_grid(path), np.arange(3))[0].tolist() == pytest.approx(
            [0, np.nan, 7], nan_ok=True
        )

    def test_of_doubles_that_floats_cannot_hold(self, tmp_path):
        data = np.array([[-1.7976931348623157e308, 2.0]])
        path = written(tmp_path / "a.tif", data, nodata=-1.7976931348623157e308)
        assert np.isnan(all_of(path)).tolist() == [True, False]

    def test_nan_stays_missing(self, tmp_path):
        path = written(tmp_path / "a.tif", np.array([[np.nan, 2]], dtype="float32"), nodata=np.nan)
        assert np.isnan(all_of(path)).tolist() == [True, False]

    def test_mask_in_the_file(self, tmp_path):
        path = tmp_path / "a.tif"
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            written(path, np.array([[1, 2]], dtype="float32"))
            with rasterio.open(path, "r+") as raster:
                raster.write_mask(np.array([[0, 255]], dtype="uint8"))
        assert all_of(path) == pytest.approx([np.nan, 2], nan_ok=True)

    def test_scale_and_offset_after_it(self, tmp_path):
        data = np.array([[0, 10, -1]], dtype="int16")
        path = written(tmp_path / "a.tif", data, nodata=-1, scales=(0.1,), offsets=(5.0,))
        assert all_of(path) == pytest.approx([5, 6, np.nan], nan_ok=True)


def test_only_blocks_that_hold_a_cell_are_read(tmp_path):
    """A tile spoilt on disk does not matter until a cell of it is asked for."""
    path = written(tmp_path / "a.tif", numbered(64, 64), **TILES, compress="deflate")
    grid = read_grid(path)
    with rasterio.open(path) as raster:
        place = int(raster.get_tag_item("BLOCK_OFFSET_1_1", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    content[place : place + 20] = b"\xff" * 20
    path.write_bytes(content)
    others = np.array([0, 15 * 64 + 63, 63 * 64])
    assert values_at([path], grid, others)[0].tolist() == others.tolist()
    with pytest.raises(SourceError, match=r"a\.tif cannot be read to the end"):
        values_at([path], grid, np.array([20 * 64 + 20]))


class TestWrongFiles:
    def test_absent(self, tmp_path):
        with pytest.raises(InputError, match=r"no raster .*a\.tif"):
            read_grid(tmp_path / "a.tif")

    @pytest.mark.parametrize("content", [b"", b"asset_id,name\n1,x\n", b"II*\x00broken"])
    def test_not_what_its_name_says(self, tmp_path, content):
        path = tmp_path / "depth.tif"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"depth\.tif is not a raster"):
            read_grid(path)

    def test_cut_short(self, tmp_path):
        path = written(tmp_path / "a.tif", numbered(200, 200), compress="deflate", blockysize=10)
        grid, content = read_grid(path), path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises((SourceError, InputError), match=r"a\.tif"):
            values_at([path], grid, np.arange(40_000))

    def test_no_reference_system(self, tmp_path):
        with pytest.raises(PlaceError, match=r"a\.tif has no known coordinate reference system"):
            read_grid(written(tmp_path / "a.tif", numbered(2, 2), crs=None))

    def test_a_reference_system_that_is_nowhere(self, tmp_path):
        local = 'LOCAL_CS["site grid",UNIT["metre",1]]'
        with pytest.raises(PlaceError, match="coordinate reference system"):
            read_grid(written(tmp_path / "a.tif", numbered(2, 2), crs=local))

    @pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
    def test_no_position(self, tmp_path):
        path = written(tmp_path / "a.tif", numbered(2, 2), transform=rasterio.Affine.identity())
        with pytest.raises(PlaceError, match="does not say where it lies"):
            read_grid(path)

    @pytest.mark.parametrize(
        "other",
        [
            {"transform": from_origin(42.005, 13, 0.01, 0.01)},
            {"transform": from_origin(42, 13, 0.0101, 0.01)},
            {"crs": "EPSG:4269"},
        ],
    )
    def test_another_grid(self, tmp_path, other):
        one = written(tmp_path / "a.tif", numbered(20, 30))
        two = written(tmp_path / "b.tif", numbered(20, 30), **other)
        with pytest.raises(PlaceError, match=r"b\.tif lies on another grid"):
            values_at([one, two], read_grid(one), np.arange(3))

    def test_another_size(self, tmp_path):
        one, two = written(tmp_path / "a.tif", numbered(20, 30)), written(tmp_path / "b.tif", numbered(20, 31))
        with pytest.raises(PlaceError, match=r"20 × 31"):
            values_at([one, two], read_grid(one), np.arange(3))

    def test_the_same_grid_but_for_rounding(self, tmp_path):
        one = written(tmp_path / "a.tif", numbered(20, 30))
        two = written(tmp_path / "b.tif", numbered(20, 30), transform=from_origin(42 + 1e-12, 13, 0.01, 0.01))
        assert values_at([one, two], read_grid(one), np.array([599])).tolist() == [[599], [599]]

    def test_cells_outside(self, tmp_path):
        path = written(tmp_path / "a.tif", numbered(2, 2))
        for cell in (-1, 4):
            with pytest.raises(InputError, match="outside a grid of 2 × 2"):
                values_at([path], read_grid(path), np.array([cell]))

    def test_every_fault_of_a_catalogue_at_once(self, tmp_path):
        written(tmp_path / "good.tif", numbered(2, 2))
        (tmp_path / "bad.tif").write_text("not a raster")
        layers = pd.DataFrame({"file": ["good.tif", "bad.tif", "absent.tif"]})
        assert [(f.row, f.value) for f in layer_faults(tmp_path, layers)] == [(3, "bad.tif"), (4, "absent.tif")]


def test_no_cells_and_no_layers(tmp_path):
    path = written(tmp_path / "a.tif", numbered(2, 2))
    assert values_at([path], read_grid(path), np.array([], dtype=np.int64)).shape == (1, 0)
    assert values_at([], read_grid(path), np.array([1])).shape == (0, 1)
