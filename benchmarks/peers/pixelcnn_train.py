"""Times training steps of a gated PixelCNN in PyTorch: the published model as one would write it.

Takes the task as JSON (see src/measurement.ts) and prints one line of JSON. Needs only PyTorch; codes are drawn, as
their values do not change the speed. Each step does the whole of training: forward, backward, Adam, and the loss on
the host.

usage: python3 pixelcnn_train.py '{"model": {...}, "size": [32, 32], "batch": 16, "threads": 2, "warmup": 2, "seconds": 10}'
"""

import json
import re
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def gate(x):
    content, opening = x.chunk(2, 1)
    return torch.tanh(content) * torch.sigmoid(opening)


class GatedLayer(nn.Module):
    """A layer of both stacks; what a code must not see is cut off the kernels (van den Oord et al., 2016)."""

    def __init__(self, hidden, kernel, first, last):
        super().__init__()
        self.first, self.last, self.reach = first, last, kernel // 2
        depth = self.reach + (0 if first else 1)
        self.vertical = nn.Conv2d(hidden, 2 * hidden, (depth, kernel))
        self.horizontal = nn.Conv2d(hidden, 2 * hidden, (1, depth), bias=False)
        self.from_vertical = nn.Conv2d(2 * hidden, 2 * hidden, 1)
        self.output = nn.Conv2d(hidden, hidden, 1)

    def forward(self, vertical, horizontal):
        above = vertical[:, :, :-1] if self.first else vertical
        left = horizontal[..., :-1] if self.first else horizontal
        above = self.vertical(F.pad(above, (self.reach, self.reach, self.reach, 0)))
        left = self.horizontal(F.pad(left, (self.reach, 0, 0, 0)))
        output = self.output(gate(left + self.from_vertical(above)))
        # The last layer's vertical output would feed a next layer only.
        return None if self.last else gate(above), output if self.first else output + horizontal


class PixelCNN(nn.Module):
    def __init__(self, codes, layers, hidden, firstKernel, kernel, headWidth):
        super().__init__()
        self.embedding = nn.Embedding(codes, hidden)
        self.layers = nn.ModuleList(
            GatedLayer(hidden, firstKernel if i == 0 else kernel, i == 0, i == layers - 1) for i in range(layers)
        )
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv2d(hidden, headWidth, 1), nn.ReLU(), nn.Conv2d(headWidth, codes, 1)
        )

    def forward(self, codes):
        vertical = horizontal = self.embedding(codes).permute(0, 3, 1, 2).contiguous()
        for layer in self.layers:
            vertical, horizontal = layer(vertical, horizontal)
        return self.head(horizontal)


def peak_memory():
    """The process's peak of resident memory in MiB, or None where the system does not tell."""
    try:
        with open("/proc/self/status") as status:
            return round(int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) / 1024)
    except OSError:
        return None


def main():
    task = json.loads(sys.argv[1])
    options = dict(task["model"])
    rate = options.pop("learningRate")
    torch.set_num_threads(task["threads"])
    torch.manual_seed(0)
    model = PixelCNN(**options)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    grids = torch.randint(0, options["codes"], (task["batch"], *task["size"]))

    def take_step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(grids), grids)
        loss.backward()
        optimizer.step()
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
