"""Times training steps of a gated PixelCNN in PyTorch: the published model as one would write it.

Takes the task as JSON (see src/measurement.ts) and prints one line of JSON. Needs only PyTorch; codes are drawn, as
their values do not change the speed. Each step does the whole of training: forward, backward, Adam, and the loss on
the host.

usage: python3 pixelcnn_train.py '{"model": {...}, "size": [32, 32], "batch": 16, "engine": {"device": "cpu"}, "threads": 2, "warmup": 2, "seconds": 10}'
"""

import json
import statistics
import sys
import time

import torch
from torch.nn import functional as F

from peak_memory import peak_memory
from pixelcnn import PixelCNN
from precision import mixed, set_precision


def main():
    task = json.loads(sys.argv[1])
    options = dict(task["model"])
    rate = options.pop("learningRate")
    torch.set_num_threads(task["threads"])
    torch.manual_seed(0)
    set_precision(task["engine"])
    device = "cpu" if task["engine"]["device"] == "cpu" else "cuda"
    model = PixelCNN(**options).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    autocast, scaler = mixed(task["engine"])
    predict = torch.compile(model) if task.get("compile") else model
    grids = torch.randint(0, options["codes"], (task["batch"], *task["size"]), device=device)

    def take_step():
        optimizer.zero_grad()
        with autocast:
            loss = F.cross_entropy(predict(grids), grids)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.item()

    for _ in range(task["warmup"]):
        take_step()
    durations = []
    end = time.perf_counter() + task["seconds"]
    while len(durations) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        take_step()
        durations.append(time.perf_counter() - start)

    print(json.dumps({
        "engine": "pytorch",
        "version": torch.__version__,
        "weights": sum(p.numel() for p in model.parameters()),
        "perSecond": task["batch"] / statistics.median(durations),
        "steps": len(durations),
        "peakMemory": peak_memory(),
    }))


main()
