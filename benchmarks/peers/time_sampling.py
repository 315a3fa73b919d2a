"""What the sampling peers share: they time drawing grids of codes position by position, and print one line of JSON."""

import json
import sys
import time

import torch

from peak_memory import peak_memory
from precision import set_precision


@torch.no_grad()
def draw(grids, positions, start):
    """Draws the first `positions` codes of each grid, in raster order; gives the seconds.

    `start()` begins with new grids, and gives what says the logits `[b, K]` at a position, from the codes before it.
    """
    columns = grids.shape[2]
    began = time.perf_counter()
    logits = start()
    for position in range(positions):
        row, column = divmod(position, columns)
        grids[:, row, column] = torch.multinomial(logits(grids, position).softmax(1), 1)[:, 0]
    if grids.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - began


def time_sampling(make):
    """Times sampling; `make(task)` gives a model, and a function of it and the grids that gives the `start` of `draw`."""
    task = json.loads(sys.argv[1])
    rows, columns = task["size"]
    total = rows * columns
    positions = total if task["positions"] is None else min(task["positions"], total)
    torch.set_num_threads(task["threads"])
    torch.manual_seed(0)
    set_precision(task["engine"])
    device = "cpu" if task["engine"]["device"] == "cpu" else "cuda"
    model, starting = make(task)
    model = model.eval().to(device)
    grids = torch.zeros(task["batch"], rows, columns, dtype=torch.long, device=device)
    start = starting(model, grids)
    draw(grids, 1, start)
    seconds = draw(grids, positions, start)
    print(json.dumps({
        "engine": "pytorch",
        "version": torch.__version__,
        "weights": sum(p.numel() for p in model.parameters()),
        "perSecond": task["batch"] / (seconds / positions * total),
        "steps": positions,
        "peakMemory": peak_memory(),
    }))
