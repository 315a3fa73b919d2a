"""Makes nifti.json: NIfTI files of every type, byte order, scaling and shape, and what nibabel reads in them.

Run with nibabel 5 and NumPy 1.24: python3 make_nifti.py
"""

import base64
import gzip
import json
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np

AFFINE = np.array([[-0.9, 0.1, 0, 12], [0.05, 1.1, 0, -7], [0, 0, 2.5, 3], [0, 0, 0, 1]])
TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
RGBA = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1"), ("A", "u1")])
HEADERS = {
    (1, False): nib.nifti1.Nifti1Header,
    (1, True): nib.nifti1.Nifti1PairHeader,
    (2, False): nib.nifti2.Nifti2Header,
    (2, True): nib.nifti2.Nifti2PairHeader,
}
random = np.random.default_rng(0)
cases = []


def draw(dtype, shape):
    kind = np.dtype(dtype)
    count = int(np.prod(shape))
    if kind in (RGB, RGBA):
        return random.integers(0, 256, size=kind.itemsize * count, dtype=np.uint8).view(kind).reshape(shape)
    if kind.kind == "f":
        return random.normal(scale=1e3, size=count).astype(kind).reshape(shape)
    limits = np.iinfo(kind)
    low, high = max(limits.min, -(2**53)), min(limits.max, 2**53)
    flat = random.integers(low, high, size=count, dtype=np.int64, endpoint=True).astype(kind)
    flat[:2] = [low, high]
    return flat.reshape(shape)


def packed(content):
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def add(
    name, dtype, shape, order="<", *, version=1, scale=None, read=None, pair=False, qform=None, extension=None
):
    """Writes a header and values byte by byte, lets nibabel read them, and keeps both."""
    header = HEADERS[version, pair](endianness=order)
    array = draw(dtype, shape)
    header.set_data_dtype(array.dtype)
    header.set_data_shape(shape)
    header.set_sform(AFFINE, 1)
    if qform is not None:
        header.set_qform(qform, 1)
        header["sform_code"] = 0
    if scale is not None:
        header["scl_slope"], header["scl_inter"] = scale
    extra = bytes(4) if extension is None else b"\1\0\0\0" + extension
    header["vox_offset"] = 0 if pair else len(header.binaryblock) + len(extra)
    data = array.astype(array.dtype.newbyteorder(order)).tobytes(order="F")
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder, "slice.hdr" if pair else "slice.nii")
        first.write_bytes(header.binaryblock + (b"" if pair else extra + data))
        if pair:
            first.with_suffix(".img").write_bytes(data)
        image = nib.load(first)
        values = np.asarray(image.dataobj)
        case = {"name": name, "file": packed(first.read_bytes())}
    if pair:
        case["image"] = packed(data)
    if read is not None:
        case["read"] = read
        values = values.take(read["slice"], axis=read["plane"])
    values = values.reshape(values.shape[:2])
    if values.dtype in (RGB, RGBA):
        red, green, blue = (values[channel].astype(np.int64) for channel in "RGB")
        values = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16  # as Pillow's convert("L")
    case["shape"] = list(values.shape)
    case["values"] = [float(value) for value in values.reshape(-1)]
    case["affine"] = [float(value) for value in image.affine.reshape(-1)]
    cases.append(case)


for dtype in TYPES:
    for order in "<>":
        add(f"{dtype} {order}", dtype, (3, 5), order)
for order in "<>":
    for scale in [(0.5, 0), (1.75, -12.5), (0.1, 1000.25), (-3, 7), (0, 5), (np.nan, np.nan), (1, 0)]:
        add(f"int16 {order} scaled by {scale}", "int16", (4, 3), order, scale=scale)
add("float32 scaled", "float32", (4, 3), scale=(0.3, 2))
add("uint8 scaled, nifti2", "uint8", (4, 3), ">", version=2, scale=(0.1, 0.7))
for shape in [(6, 1), (1, 6), (4, 3, 1), (4, 3, 1, 1)]:
    add(f"shape {list(shape)}", "int16", shape)
for plane in range(3):
    add(f"volume, plane {plane}", "uint16", (3, 4, 5), ">", read={"plane": plane, "slice": 2})
for order in "<>":
    for dtype in ["int16", "float64"]:
        add(f"nifti2 {dtype} {order}", dtype, (3, 4), order, version=2)
add("pair", "int16", (3, 4), pair=True)
add("pair, nifti2, big-endian", "float32", (3, 4), ">", version=2, pair=True)
add("rgb", RGB, (3, 4))
turned = np.array([[0, -2.0, 0, 5], [1.5, 0, 0, -6], [0, 0, -3, 7], [0, 0, 0, 1]])
add("qform only", "int16", (3, 4), qform=turned)
add("qform only, nifti2", "int16", (3, 4), version=2, qform=turned)
comment = np.array([32, 6], "<i4").tobytes() + b"a comment".ljust(24)
add("extension", "int16", (3, 4), extension=comment)
add("malformed extension", "int16", (3, 4), extension=np.array([24], "<i4").tobytes() + bytes(20))
for dtype in TYPES:
    for order in "<>":
        for version in [1, 2]:
            add(f"{dtype} {order} scaled, nifti{version}", dtype, (2, 3), order, version=version, scale=(0.1, -3))
for dtype in TYPES:
    add(f"{dtype} of shape [3, 2, 1]", dtype, (3, 2, 1))
    add(f"{dtype} volume, big-endian", dtype, (2, 3, 2), ">", read={"plane": 1, "slice": 2})
add("rgba", RGBA, (3, 4))

text = ",\n".join(json.dumps(case) for case in cases)
Path(__file__).with_name("nifti.json").write_text(f"[\n{text}\n]\n")
