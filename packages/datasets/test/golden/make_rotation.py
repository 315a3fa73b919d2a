"""Rotations by scipy.ndimage: writes rotation.json, which test/augment.test.ts compares with."""

import json
import pathlib

import numpy as np
from scipy import ndimage

rng = np.random.default_rng(0)
cases = []
for height, width, degrees in [(7, 7, 90), (9, 6, 17), (5, 8, -33.5), (12, 12, 4)]:
    image = rng.integers(0, 256, (height, width)).astype(np.float64)
    angle = np.deg2rad(degrees)
    centre = (np.array(image.shape) - 1) / 2
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    # A constant border of the background, so that values fade out beyond the edge as they do within.
    padded = np.pad(image, 20, constant_values=image.min())
    middle = centre + 20
    turned = ndimage.affine_transform(padded, matrix, offset=middle - matrix @ middle, order=1, mode="nearest")
    turned = turned[20 : 20 + height, 20 : 20 + width]
    cases.append({
        "size": [height, width],
        "degrees": degrees,
        "image": image.ravel().astype(int).tolist(),
        "turned": np.round(turned.ravel(), 6).tolist(),
    })
pathlib.Path(__file__).with_name("rotation.json").write_text(json.dumps(cases) + "\n")
