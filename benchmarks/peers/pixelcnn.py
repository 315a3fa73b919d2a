"""The gated PixelCNN in PyTorch, the published model as one would write it, for the peers of `prior` and `sample`."""

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
