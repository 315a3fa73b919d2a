"""A transformer over grids of codes in PyTorch, as one would write it, for the peer of `sample`.

The network is that of packages/prior-transformer in raster order: a code starts from the codes above it and the one before it, and
looks in each layer at its own row, as far as it is drawn, and at the `window` rows above as a whole.
"""

import torch
from torch import nn
from torch.nn import functional as F


def normalised(x):
    """Brings the channels to a mean square of 1 (RMSNorm)."""
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5)


class Layer(nn.Module):
    def __init__(self, width, heads, headWidth, expansion, columns, window):
        super().__init__()
        self.heads, self.columns, self.window = heads, columns, window
        self.query = nn.Linear(width, heads * headWidth, bias=False)
        self.keys = nn.Linear(width, heads * headWidth, bias=False)
        self.values = nn.Linear(width, heads * headWidth, bias=False)
        self.output = nn.Linear(heads * headWidth, width)
        self.inner = nn.Linear(width, expansion * width)
        self.outer = nn.Linear(expansion * width, width)
        # A score for each distance, rows above and columns aside.
        self.nearness = nn.Parameter(torch.zeros((window + 1) * (2 * columns - 1), heads))
        column, place = torch.arange(columns)[:, None], torch.arange((window + 1) * columns)
        above = window - place.div(columns, rounding_mode="floor")
        aside = place % columns - column
        self.register_buffer("distance", above * (2 * columns - 1) + aside + columns - 1, persistent=False)
        self.register_buffer("later", (above == 0) & (aside > 0), persistent=False)

    def bias(self):
        """What is added to scores, `[heads, columns, places]`."""
        return self.nearness[self.distance].permute(2, 0, 1).masked_fill(self.later, float("-inf"))

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(-3, -2)

    def attend(self, query, keys, values, bias):
        scores = query @ keys.transpose(-1, -2) / query.shape[-1] ** 0.5
        return (scores + bias).softmax(-1) @ values

    def windows(self, x):
        """What rows look at: `[b, rows, heads, columns, headWidth]` → `[b, rows, heads, places, headWidth]`."""
        padded = F.pad(x, (0, 0, 0, 0, 0, 0, self.window, 0))
        rows = x.shape[1]
        return torch.cat([padded[:, first : first + rows] for first in range(self.window + 1)], 3)

    def forward(self, x):
        """Whole grids, `[b, rows, columns, width]`."""
        even = normalised(x)
        query, keys, values = (self.split(of(even)) for of in (self.query, self.keys, self.values))
        return self.rest(x, self.attend(query, self.windows(keys), self.windows(values), self.bias()))

    def step(self, x, position, cached_keys, cached_values, bias):
        """One position, `[b, 1, width]`, which is added to the cache, `[b, heads, (window + rows)·columns, headWidth]` each."""
        row, column = divmod(position, self.columns)
        first, last = row * self.columns, (row + self.window) * self.columns + column
        even = normalised(x)
        query, keys, values = (self.split(of(even)) for of in (self.query, self.keys, self.values))
        cached_keys[:, :, last : last + 1] = keys
        cached_values[:, :, last : last + 1] = values
        seen = slice(first, last + 1)
        bias = bias[:, column : column + 1, : last + 1 - first]
        return self.rest(x, self.attend(query, cached_keys[:, :, seen], cached_values[:, :, seen], bias))

    def rest(self, x, found):
        x = x + self.output(found.transpose(-3, -2).flatten(-2))
        return x + self.outer(F.relu(self.inner(normalised(x))))


class Transformer(nn.Module):
    def __init__(self, codes, rows, columns, layers, width, heads, headWidth, window, expansion):
        super().__init__()
        self.rows, self.columns, self.heads, self.head_width = rows, columns, heads, headWidth
        self.window = max(1, min(window, rows - 1))
        self.embedding = nn.Embedding(codes, width)
        self.input = nn.Linear(4 * width, width)
        self.position = nn.Parameter(torch.zeros(rows * columns, width))
        self.layers = nn.ModuleList(
            Layer(width, heads, headWidth, expansion, columns, self.window) for _ in range(layers)
        )
        self.head = nn.Linear(width, width)
        self.code_bias = nn.Parameter(torch.zeros(codes))

    def logits(self, x):
        """Codes are predicted by the vectors that stand for them."""
        wanted = self.head(normalised(x)) / x.shape[-1] ** 0.5
        return wanted @ self.embedding.weight.T + self.code_bias

    def forward(self, codes):
        """The logits of whole grids, `[b, rows, columns]` → `[b, rows, columns, codes]`."""
        vectors = self.embedding(codes)
        batch, rows, columns, width = vectors.shape
        padded = F.pad(vectors, (0, 0, 1, 1, 1, 0))
        above = [padded[:, :-1, first : first + columns] for first in range(3)]
        before = F.pad(vectors.flatten(1, 2), (0, 0, 1, 0))[:, :-1].reshape(vectors.shape)
        x = self.input(torch.cat([*above, before], -1)) + self.position.view(rows, columns, width)
        for layer in self.layers:
            x = layer(x)
        return self.logits(x)

    def start(self, batch):
        """For each layer of new grids the cache, with zeros for the rows above the first, and what is added to scores."""
        places = (self.rows + self.window) * self.columns
        empty = torch.zeros(batch, self.heads, places, self.head_width, device=self.position.device)
        return [(empty.clone(), empty.clone(), layer.bias()) for layer in self.layers]

    def step(self, codes, position, cache):
        """The logits of one position, `[b, codes]`, from a cache that holds those before it."""
        row, column = divmod(position, self.columns)
        aside = [column - 1, column, column + 1]
        known = [row > 0 and 0 <= at < self.columns for at in aside] + [position > 0]
        places = [(row - 1) * self.columns + at for at in aside] + [position - 1]
        near = torch.tensor([place if known[at] else 0 for at, place in enumerate(places)], device=codes.device)
        inside = torch.tensor(known, device=codes.device)[:, None]
        vectors = self.embedding(codes.flatten(1)[:, near]) * inside
        x = (self.input(vectors.flatten(1)) + self.position[position])[:, None]
        for layer, of_layer in zip(self.layers, cache):
            x = layer.step(x, position, *of_layer)
        return self.logits(x[:, 0])
