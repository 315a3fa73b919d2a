"""Makes safetensors.json: a file written from NumPy by the format's own rules, as base64, and the bits that it holds.

usage: /usr/bin/python3 make_safetensors.py
"""
import base64
import json
import pathlib
import struct

import numpy as np

DTYPES = {"F32": np.dtype("<f4"), "I32": np.dtype("<i4")}


def write(tensors, metadata):
    header, blocks, end = {"__metadata__": metadata}, [], 0
    for name, array in sorted(tensors.items()):
        kind = next(kind for kind, dtype in DTYPES.items() if dtype == array.dtype)
        header[name] = dict(dtype=kind, shape=list(array.shape), data_offsets=[end, end + array.nbytes])
        blocks.append(array.tobytes())
        end += array.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(blocks)


def listed(tensors):
    return {
        name: dict(dtype=array.dtype.name, shape=array.shape, bits=array.ravel().view("<i4").tolist())
        for name, array in tensors.items()
    }


tensors = {
    "encoder.down1.kernel": np.linspace(-1, 1, 12, dtype="<f4").reshape(2, 2, 1, 3),
    "codebook.counts": np.array([0, 1, -1, 2**31 - 1, -(2**31)], dtype="<i4"),
    "empty": np.zeros((0, 4), dtype="<f4"),
    "scalar": np.array(1e-40, dtype="<f4"),
    "größe": np.array([[3.5]], dtype="<f4"),
}
metadata = {"format": "slicebook", "note": "naïve ☃"}
golden = dict(
    file=base64.b64encode(write(tensors, metadata)).decode(), tensors=listed(tensors), metadata=metadata
)
pathlib.Path(__file__).with_name("safetensors.json").write_text(json.dumps(golden, indent=1) + "\n")
