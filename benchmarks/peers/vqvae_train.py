"""Times training steps of the reference VQ-VAE in PyTorch: the published model as one would write it.

Takes the task as JSON (see src/measurement.ts) and prints one line of JSON. Needs only PyTorch; images are drawn, as
their values do not change the speed. Each step does the whole of training: forward, the codebook's moving averages,
backward, Adam, and the loss on the host.

usage: python3 vqvae_train.py '{"model": {...}, "size": [256, 256], "batch": 4, "engine": {"device": "cpu"}, "threads": 2, "warmup": 2, "seconds": 10}'
"""

import json
import statistics
import sys
import time

import torch
from torch.nn import functional as F

from peak_memory import peak_memory
from precision import mixed, set_precision
from vqvae import VQVAE


def main():
    task = json.loads(sys.argv[1])
    options = dict(task["model"])
    beta, rate = options.pop("commitment"), options.pop("learningRate")
    torch.set_num_threads(task["threads"])
    torch.manual_seed(0)
    set_precision(task["engine"])
    device = "cpu" if task["engine"]["device"] == "cpu" else "cuda"
    model = VQVAE(**options).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    autocast, scaler = mixed(task["engine"])
    predict = torch.compile(model) if task.get("compile") else model
    batches = [torch.randn(task["batch"], 1, *task["size"], device=device) for _ in range(4)]

    def take_step(step):
        images = batches[step % len(batches)]
        optimizer.zero_grad()
        with autocast:
            decoded, commitment = predict(images)
            loss = F.mse_loss(decoded, images) + beta * commitment
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.item()

    for step in range(task["warmup"]):
        take_step(step)
    durations = []
    end = time.perf_counter() + task["seconds"]
    while len(durations) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        take_step(task["warmup"] + len(durations))
        durations.append(time.perf_counter() - start)

    print(json.dumps({
        "engine": "pytorch",
        "version": torch.__version__,
        "weights": sum(p.numel() for p in model.parameters()) + model.codebook.codes.numel(),
        "perSecond": task["batch"] / statistics.median(durations),
        "steps": len(durations),
        "peakMemory": peak_memory(),
    }))


main()
