"""Makes resize.json: Pillow's antialiased bilinear resizing of float images, up and down.

Run with Pillow 9.4 and NumPy 1.24: python3 make_resize.py
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

random = np.random.default_rng(2)
cases = []
SIZES = [((7, 5), (3, 4)), ((4, 6), (9, 7)), ((12, 3), (5, 8)), ((6, 6), (1, 13)), ((5, 5), (5, 2))]
for shape, size in SIZES:
    image = random.normal(scale=100, size=shape).astype(np.float32)
    resized = np.asarray(Image.fromarray(image).resize(size[::-1], Image.BILINEAR))
    flat = lambda array: [float(value) for value in array.reshape(-1)]
    cases.append({"shape": shape, "size": size, "values": flat(image), "resized": flat(resized)})

text = ",\n".join(json.dumps(case) for case in cases)
Path(__file__).with_name("resize.json").write_text(f"[\n{text}\n]\n")
