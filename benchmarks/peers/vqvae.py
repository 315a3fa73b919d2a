"""The reference VQ-VAE in PyTorch, the published model as one would write it, for the peers of `train` and `race`."""

import torch
from torch import nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.inner = nn.Conv2d(width, inner, 3, padding=1, bias=False)
        self.outer = nn.Conv2d(inner, width, 1, bias=False)

    def forward(self, x):
        return x + self.outer(F.relu(self.inner(F.relu(x))))


class Codebook(nn.Module):
    """The quantizer whose codes follow moving averages (van den Oord et al., 2017, appendix A.1)."""

    def __init__(self, codes, dimension, decay, epsilon):
        super().__init__()
        self.decay, self.epsilon = decay, epsilon
        self.register_buffer("codes", torch.randn(codes, dimension))
        self.register_buffer("counts", torch.zeros(codes))
        self.register_buffer("sums", self.codes.clone())

    def forward(self, z):
        vectors = z.permute(0, 2, 3, 1).reshape(-1, self.codes.shape[1])
        distances = self.codes.square().sum(1) - 2 * vectors.detach() @ self.codes.t()
        indices = distances.argmin(1)
        quantized = F.embedding(indices, self.codes)
        if self.training:
            self.follow(vectors.detach(), indices)
        commitment = F.mse_loss(vectors, quantized)
        passed = vectors + (quantized - vectors).detach()
        batch, dimension, rows, columns = z.shape
        grid = passed.view(batch, rows, columns, dimension).permute(0, 3, 1, 2).contiguous()
        return grid, commitment, indices

    @torch.no_grad()
    def follow(self, vectors, indices):
        members = F.one_hot(indices, len(self.codes)).to(vectors.dtype)
        self.counts.lerp_(members.sum(0), 1 - self.decay)
        self.sums.lerp_(members.t() @ vectors, 1 - self.decay)
        total = self.counts.sum()
        smoothed = (self.counts + self.epsilon) / (total + len(self.codes) * self.epsilon) * total
        self.codes.copy_(self.sums / smoothed[:, None])


class VQVAE(nn.Module):
    def __init__(self, width, residualBlocks, residualWidth, codes, codeDimension, decay, epsilon):
        super().__init__()

        def blocks():
            return [ResidualBlock(width, residualWidth) for _ in range(residualBlocks)]

        self.encoder = nn.Sequential(
            nn.Conv2d(1, width // 2, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(width // 2, width, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1), *blocks(), nn.ReLU(),
            nn.Conv2d(width, codeDimension, 1),
        )
        self.codebook = Codebook(codes, codeDimension, decay, epsilon)
        self.decoder = nn.Sequential(
            nn.Conv2d(codeDimension, width, 3, padding=1), *blocks(), nn.ReLU(),
            nn.ConvTranspose2d(width, width // 2, 4, stride=2, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(width // 2, 1, 4, stride=2, padding=1),
        )

    def forward(self, images, with_indices=False):
        encoded = self.encoder(images)
        # Half precision cannot hold the codebook's sums.
        with torch.autocast(encoded.device.type, enabled=False):
            quantized, commitment, indices = self.codebook(encoded.float())
        decoded = self.decoder(quantized)
        return (decoded, commitment, indices) if with_indices else (decoded, commitment)
