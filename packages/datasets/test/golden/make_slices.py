"""Makes slices.json: SHA-256 of all values that nibabel and Pillow read in the folder SLICEBOOK_DATA names.

Per layout and split folder, in numeric order, as little-endian float64; nothing of the pictures is kept.
Run with nibabel 5, Pillow 9.4 and NumPy 1.24: SLICEBOOK_DATA=... python3 make_slices.py
"""

import hashlib
import json
import os
import re
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image

root = Path(os.environ["SLICEBOOK_DATA"])
numbers = lambda path: [int(part) for part in re.findall(r"\d+", path.name)]
hashes = {}
for layout, pattern in [("hipmri", "*/*.nii.gz"), ("oasis", "*/*.png"), ("adni", "AD_NC/*/*/*.jpeg")]:
    folders = {path.parent for path in (root / layout).glob(pattern)}
    for folder in sorted(folders):
        digest = hashlib.sha256()
        paths = sorted(folder.iterdir(), key=numbers)
        for path in paths:
            array = np.asarray(nib.load(path).dataobj) if layout == "hipmri" else np.asarray(Image.open(path))
            digest.update(array.astype("<f8").tobytes())
        hashes[folder.relative_to(root).as_posix()] = {"slices": len(paths), "sha256": digest.hexdigest()}

Path(__file__).with_name("slices.json").write_text(json.dumps(hashes, indent=2) + "\n")
