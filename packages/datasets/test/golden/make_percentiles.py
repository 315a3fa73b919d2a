"""Makes percentiles.json: the 0.5th and 99.5th percentiles of numpy.

Run with NumPy 2.4: python3 make_percentiles.py
"""

import json
from pathlib import Path

import numpy as np

random = np.random.default_rng(5)
background = np.where(random.random(300) < 0.6, 0, random.integers(20, 256, 300))
cases = {
    "uint8": background,
    "uint8 of one value but for one": [*([7] * 250), 200],
    "int16 of both signs": random.integers(-2000, 3000, 257),
    "uint16": random.integers(0, 65536, 201),
    "float32 with an outlier": np.float32([*random.normal(0.2, 0.1, 280), 5000.0]),
    "float64 of a small spread": 1e6 + random.random(211) * 1e-3,
    "float64 of the largest range": [-1.7e308, *random.normal(0, 1, 400), 1.7e308],
    "float32 of one value": [3.25] * 9,
    "float64 of two values": [1.0, 4.0],
}


def case(name, values):
    kind = name.split()[0]
    values = np.asarray(values, dtype=kind)
    lower, upper = np.percentile(values.astype("float64"), [0.5, 99.5])
    return {"name": name, "type": kind, "values": values.tolist(), "percentiles": [lower, upper]}


text = ",\n".join(json.dumps(case(name, values)) for name, values in cases.items())
Path(__file__).with_name("percentiles.json").write_text(f"[\n{text}\n]\n")
