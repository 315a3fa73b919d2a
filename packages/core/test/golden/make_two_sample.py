"""Makes two_sample.json: how far sets of images are from one another, by numpy, scipy and scikit-learn.

usage: /usr/bin/python3 make_two_sample.py > two_sample.json
"""

import json

import numpy as np
from scipy.ndimage import convolve
from scipy.spatial.distance import cdist
from scipy.stats import kurtosis, skew, wasserstein_distance
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(11)


def numbers(array):
    return np.asarray(array, dtype=np.float64).ravel().tolist()


def coverage_density(real, generated, k, groups=None):
    """As in the authors' package prdc; each point is its own nearest neighbour. With groups, those of others only."""
    if groups is None:
        radii = NearestNeighbors(n_neighbors=k + 1).fit(real).kneighbors(real)[0][:, -1]
    else:
        radii = np.array([
            NearestNeighbors(n_neighbors=k).fit(real[groups != own]).kneighbors(point[None])[0][0, -1]
            for point, own in zip(real, groups)
        ])
    inside = cdist(real, generated) <= radii[:, None]
    return inside.any(axis=1).mean(), inside.sum() / (k * len(generated))


FILTER = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def pyramid(image):
    """As in the code of Karras et al., 2018 (https://github.com/tkarras/progressive_growing_of_gans)."""
    levels = []
    while min(-(-image.shape[0] // 2), -(-image.shape[1] // 2)) >= 12:
        half = convolve(image, FILTER, mode="mirror")[::2, ::2]
        spread = np.zeros_like(image)
        spread[::2, ::2] = half
        levels.append(image - convolve(spread, FILTER * 4, mode="mirror"))
        image = half
    return [*levels, image]


def statistics(level):
    centred = level - level.mean()
    return [
        np.log(level.std()),
        skew(level.ravel()),
        np.log(kurtosis(level.ravel(), fisher=False)),
        (centred[:, 1:] * centred[:, :-1]).mean() / level.var(),
        (centred[1:] * centred[:-1]).mean() / level.var(),
    ]


def area_means(image, height, width):
    fine = np.kron(image, np.ones((height, width)))
    return fine.reshape(height, image.shape[0], width, image.shape[1]).mean(axis=(1, 3))


def auc(first, second, folds):
    """first and second: pictures and statistics; folds: of each image of the first, then of the second."""
    pictures = np.vstack([first[0], second[0]])
    stats = np.vstack([first[1], second[1]])
    label = np.array([1] * len(first[0]) + [0] * len(second[0]))
    higher = pairs = 0
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        pca = PCA(min(16, train.sum() - 1, pictures.shape[1]), whiten=True).fit(pictures[train])

        def rows(which):
            scores = pca.transform(pictures[which])
            return np.hstack([scores, scores**2, stats[which]])

        scaler = StandardScaler().fit(rows(train))
        model = LogisticRegression(C=0.1, solver="newton-cholesky", class_weight="balanced", tol=1e-12, max_iter=10000)
        model.fit(scaler.transform(rows(train)), label[train])
        n = label[test].sum() * (1 - label[test]).sum()
        higher += n * roc_auc_score(label[test], model.decision_function(scaler.transform(rows(test))))
        pairs += n
    return higher / pairs


result = {"coverage": [], "sliced": [], "logistic": [], "auc": [], "images": []}
for n, m, width, shift, k, subjects in [(20, 15, 2, 0, 5, 0), (12, 30, 6, 0.8, 3, 0), (25, 25, 4, 2, 5, 0), (24, 20, 3, 0.5, 4, 5)]:
    real = np.round(rng.normal(size=(n, width)), 4)
    generated = np.round(rng.normal(shift, 0.8, size=(m, width)), 4)
    groups = np.arange(n) % subjects if subjects else None
    coverage, density = coverage_density(real, generated, k, groups)
    result["coverage"].append(
        dict(groups=groups.tolist() if subjects else None, real=numbers(real), generated=numbers(generated), width=width, nearest=k, coverage=coverage, density=density)
    )
for n, width, count in [(11, 3, 4), (30, 8, 6)]:
    first = np.round(rng.normal(size=(n, width)), 4)
    second = np.round(rng.normal(0.4, 1.5, size=(n, width)), 4)
    directions = rng.normal(size=(count, width))
    directions = np.round(directions / np.linalg.norm(directions, axis=1, keepdims=True), 6)
    distance = np.mean([wasserstein_distance(first @ d, second @ d) for d in directions])
    result["sliced"].append(
        dict(first=numbers(first), second=numbers(second), directions=numbers(directions), width=width, distance=distance)
    )
for n, width, c in [(30, 4, 1.0), (24, 40, 0.1), (50, 3, 10.0)]:
    points = np.round(rng.normal(size=(n, width)), 4)
    label = points[:, 0] + rng.normal(0, 0.7, size=n) > 0.4
    model = LogisticRegression(C=c, solver="newton-cholesky", class_weight="balanced", tol=1e-12, max_iter=10000).fit(points, label)
    result["logistic"].append(
        dict(points=numbers(points), width=width, positive=label.tolist(), c=c, weights=numbers(model.coef_), intercept=model.intercept_[0])
    )
for n, m, side, width, shift in [(30, 40, 25, 6, 0.3), (24, 18, 9, 4, 0.1), (20, 20, 40, 5, 0)]:
    mixing = rng.normal(size=(side, side))
    first = np.round(rng.normal(size=(n, side)) @ mixing + shift, 4), np.round(rng.normal(shift, 1.2, size=(n, width)), 4)
    second = np.round(rng.normal(size=(m, side)) @ mixing, 4), np.round(rng.normal(size=(m, width)), 4)
    folds = np.concatenate([np.arange(n) % 4, np.arange(m) % 4])
    result["auc"].append(
        dict(
            first=[numbers(part) for part in first], second=[numbers(part) for part in second],
            widths=[side, width], folds=[folds[:n].tolist(), folds[n:].tolist()], auc=auc(first, second, folds),
        )
    )
for height, width, target in [(25, 38, (11, 16)), (48, 26, (16, 9)), (12, 12, (5, 5))]:
    image = np.round(np.cumsum(rng.normal(size=(height, width)), axis=1) / 8, 3)
    result["images"].append(
        dict(
            image=numbers(image), size=[height, width], target=target, means=numbers(area_means(image, *target)),
            levels=[
                dict(size=level.shape, some=numbers(level.ravel()[::13]), statistics=numbers(statistics(level)))
                for level in pyramid(image)
            ],
        )
    )
print(json.dumps(result))
