"""Makes pictures.json: PNG, JPEG, TIFF and WebP files of every depth and colour, and Pillow's grey values.

Run with Pillow 9.4 and NumPy 1.24: python3 make_pictures.py
"""

import base64
import json
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

random = np.random.default_rng(1)
cases = []


def add(name, content, expected=None, type="uint8"):
    if expected is None:
        expected = np.asarray(ImageOps.exif_transpose(Image.open(BytesIO(content))).convert("L"))
    values = [float(value) for value in expected.reshape(-1)]
    file = base64.b64encode(content).decode()
    cases.append({"name": name, "file": file, "type": type, "shape": list(expected.shape), "values": values})


def save(image, format, **options):
    stream = BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def raw_png(pixels, depth, colour):
    """A PNG of packed rows, for depths that Pillow does not write."""
    height, width = pixels.shape[:2]
    rows = b""
    for row in pixels.reshape(height, -1):
        bits = "".join(format(int(value), f"0{depth}b") for value in row)
        bits += "0" * (-len(bits) % 8)
        rows += b"\0" + bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    number = lambda value: struct.pack(">I", value)
    chunk = lambda tag, data: number(len(data)) + tag + data + number(zlib.crc32(tag + data))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


bytes_ = lambda *shape: random.integers(0, 256, shape, dtype=np.uint8)
smooth = (127 + 120 * np.sin(np.arange(16)[:, None] / 4) * np.cos(np.arange(24) / 5)).astype(np.uint8)
colours = np.stack([smooth, smooth[::-1], smooth[:, ::-1]], -1)

grey = Image.fromarray(bytes_(5, 7))
rgb = Image.fromarray(bytes_(5, 7, 3))
add("png, 8-bit grey", save(grey, "PNG"))
add("png, 8-bit colour", save(rgb, "PNG"))
add("png, palette", save(rgb.quantize(16), "PNG"))
add("png, 1-bit", save(grey.convert("1"), "PNG"))
for depth in [2, 4]:
    add(f"png, {depth}-bit", raw_png(random.integers(0, 2**depth, (5, 7)), depth, 0))
alpha = bytes_(5, 7)
alpha[:, :3] = 255
black = Image.new("L", grey.size)
for mode, picture in [("LA", grey), ("RGBA", rgb)]:
    layered = picture.copy()
    layered.putalpha(Image.fromarray(alpha))
    expected = np.asarray(picture.convert("L"), np.float64) * alpha / 255
    add(f"png, {mode}", save(layered, "PNG"), np.float32(expected))
deep = random.integers(0, 2**16, (5, 7))
add("png, 16-bit grey", raw_png(deep, 16, 0), deep, "uint16")
deep = random.integers(0, 2**16, (5, 7, 3))
add("png, 16-bit colour", raw_png(deep, 16, 2), (deep @ [19595, 38470, 7471] + 32768) >> 16, "uint16")
add("jpeg, grey", save(Image.fromarray(smooth), "JPEG", quality=90))
add("jpeg, grey, progressive", save(Image.fromarray(smooth), "JPEG", quality=60, progressive=True))
add("jpeg, colour", save(Image.fromarray(colours), "JPEG", quality=90, subsampling=0))
for turn in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = turn
    add(f"jpeg, turned as EXIF's {turn}", save(Image.fromarray(smooth), "JPEG", quality=90, exif=exif))
add("tiff, 8-bit grey", save(grey, "TIFF"))
deep = random.integers(0, 2**16, (5, 7), dtype=np.uint16)
add("tiff, 16-bit grey", save(Image.fromarray(deep), "TIFF"), deep, "uint16")
real = random.normal(scale=1e3, size=(5, 7)).astype(np.float32)
add("tiff, float", save(Image.fromarray(real), "TIFF"), real, "float32")
add("webp, lossless", save(rgb, "WEBP", lossless=True))
add("jpeg, colour, subsampled", save(Image.fromarray(colours), "JPEG", quality=80, subsampling=2))
exif = Image.Exif()
exif[0x0112] = 6
add("jpeg, colour, turned", save(Image.fromarray(colours), "JPEG", quality=90, subsampling=0, exif=exif))
add("png, turned as EXIF's 6", save(grey, "PNG", exif=exif))
deep = random.integers(0, 2**16, (5, 7, 2))
deep[:, :3, 1] = 65535
layered = np.float32(deep[..., 0].astype(np.float64) * deep[..., 1] / 65535)
add("png, 16-bit grey with alpha", raw_png(deep, 16, 4), layered, "uint16")
add("tiff, 8-bit colour", save(rgb, "TIFF"))
add("tiff, packed", save(grey, "TIFF", compression="tiff_lzw"))
add("webp, lossless, grey", save(grey, "WEBP", lossless=True))

text = ",\n".join(json.dumps(case) for case in cases)
Path(__file__).with_name("pictures.json").write_text(f"[\n{text}\n]\n")
