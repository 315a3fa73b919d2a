"""Trains the reference VQ-VAE in PyTorch by the published recipe, and reconstructs test slices after some minutes.

Inputs in [0, 1], codes from N(0, 1), Adam at one learning rate, the squared error over the data's variance and the
commitment term. Takes the task as JSON (see src/race.ts) and prints one line of JSON; test slices as reconstructed are
written beside the task's other files, since SSIM is measured on the other side, by one function for both. The clock
stands still meanwhile.

usage: python3 vqvae_race.py '{"model": {...}, "size": [256, 128], "batch": 16, "train": {"file": "train.f32", "slices": 169}, ...}'
"""

import json
import os
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F

from vqvae import VQVAE


def images_of(part, size):
    return np.memmap(part["file"], dtype="<f4", mode="r", shape=(part["slices"], 1, *size))


@torch.no_grad()
def measure(model, images, batch, path):
    """Writes images as the model restores them; gives the perplexity of all their codes."""
    model.eval()
    use = torch.zeros(len(model.codebook.codes), dtype=torch.float64)
    with open(path, "wb") as file:
        for start in range(0, len(images), batch):
            part = torch.from_numpy(np.array(images[start : start + batch]))
            restored, _, indices = model(part, True)
            use += torch.bincount(indices, minlength=len(use))
            file.write(restored.clamp(0, 1).numpy().astype("<f4").tobytes())
    model.train()
    shares = use[use > 0] / use.sum()
    return float(torch.exp(-(shares * shares.log()).sum()))


def main():
    task = json.loads(sys.argv[1])
    torch.set_num_threads(task["threads"])
    torch.manual_seed(task["seed"])
    train, test = images_of(task["train"], task["size"]), images_of(task["test"], task["size"])
    variance = float(np.var(train, dtype=np.float64))
    model = VQVAE(**task["model"])
    optimizer = torch.optim.Adam(model.parameters(), lr=task["learningRate"])
    batch = min(task["batch"], len(train))
    order, measurements, steps, spent = [], [], 0, 0.0
    for minutes in task["minutes"]:
        while spent < 60 * minutes:
            start = time.perf_counter()
            if len(order) < batch:
                order = torch.randperm(len(train)).tolist()
            chosen, order = order[:batch], order[batch:]
            images = torch.from_numpy(np.stack([train[index] for index in chosen]))
            optimizer.zero_grad()
            decoded, commitment = model(images)
            loss = F.mse_loss(decoded, images) / variance + task["commitment"] * commitment
            loss.backward()
            optimizer.step()
            steps += 1
            spent += time.perf_counter() - start
        path = os.path.join(task["out"], f"peer-{minutes}-min.f32")
        perplexity = measure(model, test, batch, path)
        measurements.append({"minutes": minutes, "images": steps * batch, "perplexity": perplexity, "file": path})
        print(f"  {minutes} min: {steps * batch} images, perplexity {perplexity:.1f}", file=sys.stderr)
    print(json.dumps({"version": torch.__version__, "measurements": measurements}))


main()
