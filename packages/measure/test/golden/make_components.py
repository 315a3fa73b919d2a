"""Golden values of principal components: run from this folder with numpy, python3 make_components.py > components.json.

Images follow a formula that the test has too; NumPy's SVD of the centred training images gives the components.
"""

import json

import numpy as np


def wave(count, pixels, phase):
    index = np.arange(count * pixels, dtype=np.float64)
    values = np.sin(1.7 * index + np.mod(0.3 * index * index, 11) + phase)
    return values.astype(np.float32).astype(np.float64).reshape(count, pixels)


training, images = wave(12, 40, 0.0), wave(3, 40, 5.0)
mean = training.mean(0)
_, _, rows = np.linalg.svd(training - mean, full_matrices=False)
cases = []
for most in (1, 4, 100):
    kept = rows[: min(most, 11)]
    restored = mean + (images - mean) @ kept.T @ kept
    cases.append({"most": most, "components": len(kept), "images": restored.reshape(-1).round(6).tolist()})
print(json.dumps({"training": [12, 40], "images": [3, 40], "cases": cases}))
