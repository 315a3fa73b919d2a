"""Makes metrics.json: golden numbers for the metrics, from NumPy, SciPy and scikit-image, all in float64.

The images are not stored: `draw` here and in ../metrics/images.ts compute the same ones from whole numbers.
MS-SSIM is put together from scikit-image's SSIM map and luminance of each scale.

usage: /usr/bin/python3 make_metrics.py
"""
import json
import pathlib

import numpy as np
import scipy.stats
from skimage.filters import gaussian
from skimage.metrics import structural_similarity

WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])


def draw(height, width, seed):
    """A bright ellipse on two ramps with a texture and noise, in [0, 1]."""
    row, column = np.mgrid[0:height, 0:width].astype(np.float64)
    inside = (4 * row - 2 * height) ** 2 / height**2 + (4 * column - 2 * width) ** 2 / width**2 < 2
    image = row / height / 4 + column / width / 4 + inside / 4 + (row * 7 + column * 13) % 32 / 256
    noise, state = np.empty(height * width), seed
    for index in range(noise.size):
        state = (state * 1664525 + 1013904223) % 2**32
        noise[index] = state / 2**32
    return image + noise.reshape(height, width) / 8


def distort(image, kind):
    if kind == "shifted":
        return np.roll(image, 1, axis=1)
    if kind == "flattened":
        return 0.5 + (image - 0.5) / 2
    if kind == "inverted":
        return 1 - image
    if kind == "quantised":
        return np.floor(image * 8) / 8
    raise ValueError(kind)


def ssim(a, b, full=False):
    return structural_similarity(
        a, b, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=full
    )


def ssim_default(a, b):
    return structural_similarity(a, b, data_range=a.max() - a.min())


def scale_means(a, b):
    """The means of a scale's SSIM map and of its contrast-structure map, the SSIM map over its luminance."""
    _, ssim_map = ssim(a, b, full=True)
    mean_a, mean_b = (gaussian(image, sigma=1.5, truncate=3.5, mode="reflect") for image in (a, b))
    luminance = (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2)
    crop = (slice(5, -5), slice(5, -5))
    return ssim_map[crop].mean(), (ssim_map / luminance)[crop].mean()


def halve(image):
    image = np.pad(image, [(0, side % 2) for side in image.shape], mode="edge")
    return (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) / 4


def ms_ssim(a, b):
    scales = sum(min(a.shape) > 10 * 2**scale for scale in range(5))
    weights = WEIGHTS[:scales] / WEIGHTS[:scales].sum()
    product = 1.0
    for scale in range(scales):
        whole, contrast = scale_means(a, b)
        product *= max(whole if scale == scales - 1 else contrast, 0) ** weights[scale]
        a, b = halve(a), halve(b)
    return product, scales


def case(height, width, kind, seed):
    a = draw(height, width, seed)
    b = distort(a, kind)
    product, scales = ms_ssim(a, b)
    error = np.mean((a - b) ** 2)
    # In the original's units and mapped, as `toUnitRange` does it.
    raw_a, raw_b = 900 * a - 150, 900 * b - 150
    low, high = raw_a.min(), raw_a.max()
    unit_a, unit_b = (raw_a - low) / (high - low), np.clip((raw_b - low) / (high - low), 0, 1)
    return dict(
        height=height, width=width, kind=kind, seed=seed, sum=[a.sum(), b.sum()], ssim=ssim(a, b),
        ssimMapped=ssim(unit_a, unit_b), ssimDefault=ssim_default(raw_a, raw_b), msSsim=product, scales=scales,
        mse=error, psnr=10 * np.log10(1 / error),
    )


def summary(seed, sizes):
    rng = np.random.default_rng(seed)
    subjects = [f"case_{index:03d}" for index, size in enumerate(sizes) for _ in range(size)]
    values = np.round(rng.uniform(0.6, 1, len(subjects)), 4)
    means = [values[[s == subject for s in subjects]].mean() for subject in sorted(set(subjects))]
    interval = scipy.stats.t.interval(0.95, len(means) - 1, np.mean(means), scipy.stats.sem(means))
    return dict(values=values.tolist(), subjects=subjects, mean=values.mean(), sd=values.std(ddof=1), ci95=interval)


SIZES = [(11, 11), (11, 16), (33, 47), (64, 32), (128, 64), (161, 170), (240, 256), (256, 128)]
KINDS = ["shifted", "flattened", "inverted", "quantised"]
golden = dict(
    images=[case(*size, KINDS[(index + turn) % 4], 7 * index + turn)
            for index, size in enumerate(SIZES) for turn in range(2)],
    student=[dict(probability=p, degrees=d, t=scipy.stats.t.ppf(p, d))
             for p in (0.75, 0.95, 0.975, 0.995) for d in (1, 2, 3, 4, 9, 30, 101, 1000)],
    summaries=[summary(1, [3, 5, 1, 8]), summary(2, [20] * 6)],
)
path = pathlib.Path(__file__).with_name("metrics.json")
path.write_text(json.dumps(golden, indent=1) + "\n")
