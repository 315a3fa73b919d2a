"""Makes kinds.json: pictures of uncommon types, and their values as tifffile and Pillow read them; or why they are refused.

Run with Pillow 9.4, NumPy 1.24 and tifffile 2023.2: python3 make_kinds.py
"""

import base64
import json
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

random = np.random.default_rng(4)
cases = []


def add(name, content, expected, type="uint8"):
    values = [float(value) for value in np.asarray(expected).reshape(-1)]
    file = base64.b64encode(content).decode()
    cases.append({"name": name, "file": file, "type": type, "shape": list(np.shape(expected)), "values": values})


def refuse(name, content, error):
    cases.append({"name": name, "file": base64.b64encode(content).decode(), "error": error})


def save(image, format, **options):
    stream = BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def tiff(values, **options):
    stream = BytesIO()
    tifffile.imwrite(stream, values, **{"photometric": "minisblack", **options})
    return stream.getvalue()


def png(pixels, depth, colour, extra=()):
    height = pixels.shape[0]
    rows = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in pixels.reshape(height, -1))
    number = lambda value: struct.pack(">I", value)
    chunk = lambda tag, data: number(len(data)) + tag + data + number(zlib.crc32(tag + data))
    header = struct.pack(">IIBBBBB", pixels.shape[1], height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def values_of(dtype, shape):
    if np.dtype(dtype).kind == "f":
        return (random.normal(size=shape) * 1e3).astype(dtype)
    limits = np.iinfo(dtype)
    wide = max(limits.min, -(2**52)), min(limits.max, 2**52)
    return random.integers(*wide, shape, dtype=np.int64 if limits.min < 0 else np.uint64, endpoint=True).astype(dtype)


NAMES = {"f2": "float32", "f4": "float32", "f8": "float64"}
name_of = lambda dtype: NAMES.get(dtype) or np.dtype(dtype).name
for dtype in ["i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]:
    for order in "<>":
        values = values_of(dtype, (5, 7))
        content = tiff(values, byteorder=order)
        assert np.array_equal(tifffile.imread(BytesIO(content)), values)
        if dtype in ["u2", "i2", "i4", "f4"]:
            assert np.array_equal(np.asarray(Image.open(BytesIO(content))).astype(dtype), values)
        add(f"tiff {dtype} {order}", content, values, name_of(dtype))
    values = values_of(dtype, (20, 18))
    add(f"tiff {dtype}, tiled", tiff(values, tile=(16, 16), compression="zlib"), values, name_of(dtype))
    values = values_of(dtype, (6, 5))
    add(f"tiff {dtype}, BigTIFF", tiff(values, bigtiff=True, rowsperstrip=2), values, name_of(dtype))
    add(f"tiff {dtype}, white is zero", tiff(values, photometric="miniswhite"), values, name_of(dtype))
values = values_of("u1", (5, 7))
add("tiff u1, BigTIFF", tiff(values, bigtiff=True), values)
add("tiff u1, white is zero", tiff(values, photometric="miniswhite"), 255 - values)
smooth = np.arange(40)[:, None] * 30 - np.arange(30) * 55
add("tiff i2, differences", tiff(smooth.astype("i2"), compression="zlib", predictor=2), smooth, "int16")
for dtype, predictor in [("i4", 2), ("f4", 3)]:
    picture = Image.fromarray(smooth.astype(dtype))
    add(f"tiff {dtype}, LZW", save(picture, "TIFF", compression="tiff_lzw"), smooth, name_of(dtype))
    content = save(picture, "TIFF", compression="tiff_lzw", tiffinfo={317: predictor})
    add(f"tiff {dtype}, differences", content, smooth, name_of(dtype))
colour = values_of("u2", (5, 7, 3))
luma = (colour.astype(np.int64) @ [19595, 38470, 7471] + 32768) >> 16
add("tiff u2, colour", tiff(colour, photometric="rgb"), luma, "uint16")
add("tiff u2, colour in planes", tiff(np.moveaxis(colour, -1, 0).copy(), photometric="rgb", planarconfig="separate"), luma, "uint16")
with_thumbnail = BytesIO()
with tifffile.TiffWriter(with_thumbnail) as writer:
    values = values_of("i2", (6, 8))
    writer.write(values, photometric="minisblack")
    writer.write(values[::2, ::2], photometric="minisblack", subfiletype=1)
add("tiff i2, with a thumbnail", with_thumbnail.getvalue(), values, "int16")

stack = values_of("i2", (5, 4, 6))
refuse("tiff, a stack", tiff(stack), "it is a stack of 5 pages: save the one you mean as a file")
refuse("tiff, many pages", tiff(values_of("u1", (257, 2, 2))), "it has more than 256 pages")
refuse("tiff, five channels", tiff(values_of("u1", (4, 6, 5)), planarconfig="contig"), "it has 5 values a pixel, which are neither grey nor colour")
refuse("tiff, complex", tiff(np.ones((4, 4), np.complex64)), "its values are of the unsupported type 64-bit complex")
refuse("tiff, signed colours", tiff(stack[:3].transpose(1, 2, 0).copy(), photometric="rgb"), "its values are colours or layers of 16-bit signed numbers")
cut = tiff(values_of("i2", (40, 30)))
refuse("tiff i2, cut off", cut[:-600], None)
refuse("tiff, half a directory", cut[:40], "it is damaged or cut off")

inks = random.integers(0, 256, (16, 16, 4), dtype=np.uint8)
printed = Image.fromarray(inks, "CMYK")
add("tiff, CMYK", save(printed, "TIFF"), np.asarray(printed.convert("L")))
flat = Image.fromarray(np.repeat(np.repeat(inks[:2, :2], 8, 0), 8, 1), "CMYK")
content = save(flat, "JPEG", quality=100, subsampling=0)
add("jpeg, CMYK", content, np.asarray(Image.open(BytesIO(content)).convert("L")))

grey = random.integers(0, 4, (5, 7)).astype(np.uint8) * 60
add("png, a transparent grey", png(grey, 8, 0, [(b"tRNS", struct.pack(">H", 120))]), np.where(grey == 120, 0, grey))
deep = random.integers(0, 4, (5, 7)) * 16001
add("png, 16 bits, a transparent grey", png(deep, 16, 0, [(b"tRNS", struct.pack(">H", 16001))]), np.where(deep == 16001, 0, deep), "uint16")
rgb = random.integers(0, 2, (5, 7, 3)).astype(np.uint8) * 200
seen = (rgb.astype(np.int64) @ [19595, 38470, 7471] + 32768) >> 16
clear = (rgb == [200, 0, 200]).all(-1)
add("png, a transparent colour", png(rgb, 8, 2, [(b"tRNS", struct.pack(">HHH", 200, 0, 200))]), np.where(clear, 0, seen))
palette = Image.fromarray(grey // 60, "P")
palette.putpalette([10, 20, 30, 200, 100, 50, 0, 0, 255, 255, 255, 255])
alphas = np.array([255, 128, 0, 255])
expected = np.asarray(palette.convert("RGB")).astype(np.int64) @ [19595, 38470, 7471] + 32768 >> 16
shown = np.float32(expected * alphas[grey // 60] / 255)
add("png, a palette with alpha", save(palette, "PNG", transparency=bytes(alphas.tolist())), shown)
frames = [Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8)) for _ in range(3)]
apng = save(frames[0], "PNG", save_all=True, append_images=frames[1:])
refuse("png, animated", apng, "it is an animation of 3 frames: save the one you mean as a file")
webp = save(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
refuse("webp, animated", webp, "it is an animation of 3 frames: save the one you mean as a file")
refuse("gif", save(frames[0], "GIF"), "it is a GIF picture, which is not read: save it as PNG")
refuse("bmp", save(frames[0], "BMP"), "it is a BMP picture, which is not read: save it as PNG")
refuse("dicom", bytes(128) + b"DICM" + bytes(400), "it is a DICOM file, which is not read: convert it to NIfTI, by dcm2niix for example")
refuse("numpy", b"\x93NUMPY\x01\0" + bytes(200), "it is a NumPy array, which is not read: save it as NIfTI")

progressive = save(Image.fromarray(np.uint8(random.integers(0, 256, (16, 16)))), "JPEG", progressive=True)
last = progressive.rindex(b"\xff\xda")
many = progressive[:last] + progressive[last:-2] * 200 + b"\xff\xd9"
refuse("jpeg, of 205 scans", many, f"it has {many.count(bytes([255, 218]))} scans, of at most 100")

text = ",\n".join(json.dumps(case) for case in cases)
Path(__file__).with_name("kinds.json").write_text(f"[\n{text}\n]\n")
