"""Loads slices as one would in Python: nibabel and Pillow in a pool of processes.

Prints one line of JSON. Every slice is read to float32 and handed back to the parent, in order, which is where training
would use it; there its values are summed up. Chunks keep the pool's messages few.

usage: python3 load_slices.py '{"folder": "...", "endings": [".nii.gz"], "size": [256, 128], "workers": 2}'
"""

import json
import multiprocessing
import os
import sys

import numpy as np


def decode(task):
    path, (height, width) = task
    if path.endswith((".nii.gz", ".nii")):
        import nibabel

        values = np.asarray(nibabel.load(path).dataobj, dtype=np.float32)
    else:
        from PIL import Image

        values = np.asarray(Image.open(path).convert("L"), dtype=np.float32)
    top, left = (values.shape[0] - height) // 2, (values.shape[1] - width) // 2
    return values.reshape(values.shape[:2])[top : top + height, left : left + width]


def main():
    task = json.loads(sys.argv[1])
    paths = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(task["folder"])
        for name in names
        if name.endswith(tuple(task["endings"])) and "_seg_" not in folder
    )
    with multiprocessing.Pool(task["workers"]) as pool:
        decoded = pool.imap(decode, [(path, task["size"]) for path in paths], chunksize=16)
        total = 0.0
        for image in decoded:
            total += float(image.sum(dtype=np.float64))
    versions = {"python": sys.version.split()[0], "numpy": np.__version__}
    for name in ("nibabel", "PIL"):
        versions[name] = __import__(name).__version__
    print(json.dumps({"slices": len(paths), "sum": total, "versions": versions}))


if __name__ == "__main__":
    main()
