"""The heat map's colours as people see them who lack one kind of cone, simulated after Machado et al. 2009."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from tests.browser.test_heatmap import imported

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]

SEEN = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Matrices on linear RGB, at full severity: A Physiologically-based Model for Simulation of Color Vision Deficiency."""

FAR, APART = 20.0, 8.0
"""Distances in CIELAB: of opposite meanings, and of the mildest colour beside the healthy one (2.3 is just seen)."""

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = TO_XYZ.sum(axis=1)

SCALES = {
    "band": ["update_ratio", "", [[1e-3]], {"low": 1e-4, "high": 1e-2}],
    "one-sided band": ["dead_unit_fraction", "fraction", [[0.5]], {"low": None, "high": 0.4}],
    "signed": ["activation_mean", "", [[-1, 1]], None],
    "sequential": ["gradient_rms", "", [[1e-6, 1]], None],
}


def lab(colour: list[int], seen: np.ndarray) -> np.ndarray:
    """Returns CIELAB of an sRGB colour, as it is seen."""
    given = np.array(colour) / 255
    linear = np.where(given <= 0.04045, given / 12.92, ((given + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(seen @ linear, 0, 1) / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.fixture
def colours(open_tab, tensorboard):
    """Returns a scale's colours at places from 0 to 1, as they are seen."""
    tab = open_tab("calm/health")
    code = """(statistic, unit, planes, band, places, dark) => {
        const scale = m.scaleFor(statistic, unit, planes.map((plane) => Float32Array.from(plane)), band);
        return places.map((at) => m.colour(scale, at, dark));
    }"""

    def colours(scale: str, places: list[float], dark: bool, seen: str) -> list[np.ndarray]:
        found = imported(tensorboard, tab, "scale.js", code, *SCALES[scale], places, dark)
        return [lab(colour, SEEN[seen]) for colour in found]

    return colours


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_low_healthy_and_high_are_told_apart_without_one_kind_of_cone(colours, dark):
    for seen in SEEN:
        for scale in ("band", "signed"):
            for one, other in combinations(colours(scale, [0, 0.5, 1], dark, seen), 2):
                assert distance(one, other) > FAR, (scale, seen)
        low, below, healthy, above, high = colours("band", [0, 0.24, 0.5, 0.76, 1], dark, seen)
        assert min(distance(below, healthy), distance(above, healthy)) > APART, seen
        assert min(distance(below, above), distance(low, above), distance(high, below)) > APART, seen
        healthy, above, high = colours("one-sided band", [0.1, 0.45, 1], dark, seen)
        assert distance(above, healthy) > APART and distance(high, healthy) > FAR, seen


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_lightness_of_the_sequential_scale_never_turns_back(colours, dark):
    for seen in SEEN:
        lightness = [colour[0] for colour in colours("sequential", [at / 16 for at in range(17)], dark, seen)]
        assert all(after > before for before, after in pairwise(lightness)), seen
