"""Times sampling of a transformer in PyTorch: a pass through the whole network for every position, as in the usual notebook.

Takes the task as JSON (see src/measurement.ts) and prints one line of JSON. `positions` says how many positions of the
grids are drawn; each costs the same, so their time is scaled up to whole grids. With `null` all are drawn. With
`peerCache` keys and values are kept, so that a position takes a pass of that position alone.

usage: python3 transformer_sample.py '{"model": {...}, "size": [32, 32], "batch": 16, "engine": {"device": "cpu"}, "threads": 2, "positions": 16, "peerCache": false, ...}'
"""

from time_sampling import time_sampling
from transformer import Transformer


def make(task):
    rows, columns = task["size"]
    model = Transformer(rows=rows, columns=columns, **task["model"])
    return model, cached if task["peerCache"] else naive


def cached(model, grids):
    def start():
        cache = model.start(len(grids))
        return lambda grids, position: model.step(grids, position, cache)

    return start


def naive(model, grids):
    columns = grids.shape[2]
    return lambda: lambda grids, position: model(grids)[:, position // columns, position % columns]


time_sampling(make)
