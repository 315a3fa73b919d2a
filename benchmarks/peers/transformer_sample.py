"""Times sampling of a transformer in PyTorch: a pass through the whole network for every position, as in the usual notebook.

Takes the task as JSON (see src/measurement.ts) and prints one line of JSON. `positions` says how many positions of the
grids are drawn; each costs the same, so their time is scaled up to whole grids. With `null` all are drawn. With
`peerCache` keys and values are kept, so that a position takes a pass of that position alone.

usage: python3 transformer_sample.py '{"model": {...}, "size": [32, 32], "batch": 16, "engine": {"device": "cpu"}, "threads": 2, "positions": 16, "peerCache": false, ...}'
"""

import json
import sys
import time

import torch

from peak_memory import peak_memory
from precision import set_precision
from transformer import Transformer


@torch.no_grad()
def draw(model, grids, positions, cached):
    """Draws the first so many codes of each grid, in raster order; gives the seconds."""
    columns = grids.shape[2]
    start = time.perf_counter()
    cache = model.start(len(grids)) if cached else None
    for position in range(positions):
        row, column = divmod(position, columns)
        logits = model.step(grids, position, cache) if cached else model(grids)[:, row, column]
        grids[:, row, column] = torch.multinomial(logits.softmax(1), 1)[:, 0]
    if grids.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main():
    task = json.loads(sys.argv[1])
    rows, columns = task["size"]
    total = rows * columns
    positions = total if task["positions"] is None else min(task["positions"], total)
    torch.set_num_threads(task["threads"])
    torch.manual_seed(0)
    set_precision(task["engine"])
    device = "cpu" if task["engine"]["device"] == "cpu" else "cuda"
    model = Transformer(rows=rows, columns=columns, **task["model"]).eval().to(device)
    grids = torch.zeros(task["batch"], rows, columns, dtype=torch.long, device=device)
    draw(model, grids, 1, task["peerCache"])
    seconds = draw(model, grids, positions, task["peerCache"])
    print(json.dumps({
        "engine": "pytorch",
        "version": torch.__version__,
        "weights": sum(p.numel() for p in model.parameters()),
        "perSecond": task["batch"] / (seconds / positions * total),
        "steps": positions,
        "peakMemory": peak_memory(),
    }))


main()
