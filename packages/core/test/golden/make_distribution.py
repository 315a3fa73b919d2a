"""Makes distribution.json: MMD and Fréchet distance of two sets of points, by numpy and scipy.

usage: python3 make_distribution.py > distribution.json
"""

import json

import numpy as np
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist, pdist

rng = np.random.default_rng(5)
cases = []
for n, m, width in [(12, 9, 3), (7, 20, 8), (5, 6, 10)]:
    first = np.round(rng.normal(size=(n, width)) @ rng.normal(size=(width, width)), 4)
    second = np.round(rng.normal(0.3, 1.2, size=(m, width)), 4)
    bandwidth = float(np.median(pdist(first)))

    def kernel(a, b):
        return np.exp(-cdist(a, b) ** 2 / (2 * bandwidth**2))

    xx, yy, xy = kernel(first, first), kernel(second, second), kernel(first, second)
    mmd = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1)) - 2 * xy.mean()
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    frechet = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(a + b - 2 * sqrtm(a @ b).real)
    cases.append({
        "first": first.ravel().tolist(),
        "second": second.ravel().tolist(),
        "width": width,
        "bandwidth": bandwidth,
        "mmd": float(mmd),
        "frechet": float(frechet),
    })
print(json.dumps(cases))
