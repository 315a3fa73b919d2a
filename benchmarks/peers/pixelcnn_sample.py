"""Times naive sampling of a gated PixelCNN in PyTorch: a pass through the whole network for every position, as usual.

Takes the task as JSON (see src/measurement.ts) and prints one line of JSON. `positions` says how many positions of the
grids are drawn; each costs the same, so their time is scaled up to whole grids. With `null` all are drawn.

usage: python3 pixelcnn_sample.py '{"model": {...}, "size": [32, 32], "batch": 16, "engine": {"device": "cpu"}, "threads": 2, "positions": 16, ...}'
"""

from pixelcnn import PixelCNN
from time_sampling import time_sampling


def make(task):
    return PixelCNN(**task["model"]), naive


def naive(model, grids):
    columns = grids.shape[2]
    return lambda: lambda grids, position: model(grids)[:, :, position // columns, position % columns]


time_sampling(make)
