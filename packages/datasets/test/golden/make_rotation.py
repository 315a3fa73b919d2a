"""Rotations by scipy's cubic Hermite splines: writes rotation.json, which test/augment.test.ts compares with."""

import json
import pathlib

import numpy as np
from scipy.interpolate import CubicHermiteSpline

PAD = 20


def catmull_rom(values, place):
    """The spline through values whose slope at each is half the difference of its neighbours."""
    slopes = np.gradient(values)
    return CubicHermiteSpline(np.arange(len(values)), values, slopes)(place)


def interpolated(padded, row, column):
    top, left = int(np.floor(row)), int(np.floor(column))
    lines = [catmull_rom(padded[line, left - 3 : left + 5], column - left + 3) for line in range(top - 3, top + 5)]
    value = catmull_rom(np.array(lines), row - top + 3)
    near = padded[top : top + 2, left : left + 2]
    return value if (row, column) == (top, left) else float(np.clip(value, near.min(), near.max()))


rng = np.random.default_rng(0)
cases = []
for height, width, degrees in [(7, 7, 90), (9, 6, 17), (5, 8, -33.5), (12, 12, 4)]:
    image = rng.integers(0, 256, (height, width)).astype(np.float64)
    angle = np.deg2rad(degrees)
    centre = (np.array(image.shape) - 1) / 2
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    # A border of the background, so that values fade out beyond the edge as they do within.
    padded = np.pad(image, PAD, constant_values=image.min())
    turned = [
        interpolated(padded, *(matrix @ (np.array([row, column]) - centre) + centre + PAD))
        for row in range(height)
        for column in range(width)
    ]
    cases.append({
        "size": [height, width],
        "degrees": degrees,
        "image": image.ravel().astype(int).tolist(),
        "turned": np.round(turned, 6).tolist(),
    })
pathlib.Path(__file__).with_name("rotation.json").write_text(json.dumps(cases) + "\n")
