"""Makes affines.json: NIfTI files whose headers say in many ways, or not, how they lie, and what nibabel reads in them.

Run with nibabel 5 and NumPy 1.24: python3 make_affines.py
"""

import base64
import json
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np

random = np.random.default_rng(5)
nib.imageglobals.logger.setLevel(60)
cases = []
TURNED = [[0, -1.5, 0.2, 10], [-2, 0.1, 0, -20], [0.1, 0, 3, 30], [0, 0, 0, 1]]
OTHER = [[-1, 0, 0, 5], [0, 0, 2, 6], [0, -1, 0, 7], [0, 0, 0, 1]]


def add(name, fields, shape=(4, 3, 5), qform=None, sform=None, codes=(0, 0), version=1):
    """`codes` are those of the qform and the sform; `fields` are set in the header's bytes, whatever nibabel allows."""
    volume = random.integers(-1000, 1000, shape).astype(np.int16)
    kind = nib.Nifti1Image if version == 1 else nib.Nifti2Image
    image = kind(volume, None)
    if qform is not None:
        image.set_qform(np.array(qform), int(codes[0]))
    if sform is not None:
        image.set_sform(np.array(sform), int(codes[1]))
    image.header["pixdim"][1:4] = [2, 3, 4] if qform is None else image.header["pixdim"][1:4]
    for field, value in fields.items():
        if isinstance(value, dict):
            for index, entry in value.items():
                image.header[field][int(index)] = entry
        else:
            image.header[field] = value
    length = 352 if version == 1 else 544
    image.header["vox_offset"] = length
    # Neither checked nor repaired, as other programs write.
    content = image.header.structarr.tobytes() + bytes(4) + volume.tobytes(order="F")
    image.header["magic"] = b"n+1" if version == 1 else image.header["magic"]
    content = image.header.structarr.tobytes() + bytes(4) + volume.tobytes(order="F")
    read = kind.from_bytes(content)
    best = read.header
    code = int(best["sform_code"]) or int(best["qform_code"])
    case = {"name": f"{name}, version {version}", "file": base64.b64encode(zlib.compress(content)).decode()}
    case |= {"affine": read.affine.tolist(), "code": code}
    canonical = nib.as_closest_canonical(read)
    values = np.asarray(canonical.dataobj)
    case |= {"shape": list(values.shape), "canonical": values.reshape(-1).tolist(), "canonicalAffine": canonical.affine.tolist()}
    cases.append(case)


for version in [1, 2]:
    both = {"version": version}
    add("neither form", {}, **both)
    add("neither form, negative sizes", {"pixdim": {1: -2, 3: -4}}, **both)
    add("neither form, sizes of 0", {"pixdim": {1: 0, 3: 0}}, **both)
    add("a slice of neither form", {}, shape=(4, 3, 1), **both)
    for code in [1, 2, 3, 4, 5]:
        add(f"sform {code}", {}, sform=TURNED, codes=(0, code), **both)
        add(f"qform {code}", {}, qform=OTHER, codes=(code, 0), **both)
    add("both forms, the qform's code higher", {}, qform=OTHER, sform=TURNED, codes=(4, 1), **both)
    add("qform, negative sizes", {"pixdim": {2: -2, 3: -1}}, qform=OTHER, codes=(2, 0), **both)
    add("qform, qfac 0", {"pixdim": {0: 0}}, qform=OTHER, codes=(1, 0), **both)
    add("qform, qfac -3", {"pixdim": {0: -3}}, qform=OTHER, codes=(1, 0), **both)
    add("sform, negative sizes", {"pixdim": {1: -2}}, sform=TURNED, codes=(0, 1), **both)
    add("unknown codes", {"sform_code": 9, "qform_code": -1}, **both)
    add("an unknown sform's code", {"sform_code": 9}, qform=OTHER, sform=TURNED, codes=(1, 1), **both)

text = ",\n".join(json.dumps(case) for case in cases)
Path(__file__).with_name("affines.json").write_text(f"[\n{text}\n]\n")
