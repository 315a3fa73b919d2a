"""What FreeType, HarfBuzz (through Pillow with Raqm) and fontTools say of the fonts that the figures' text uses.

Usage: python3 make_font.py FOLDER_OF_DEJAVU_TTF > font.json
"""

import json
import sys
from pathlib import Path

from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont
from PIL import ImageFont

FILES = {"normal": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}
TEXTS = ["Slicebook 0123456789", "AVATo. Ty, LT", "SSIM 0.846 ± 0.012, σ ≥ µ", "case_004_week_0_slice_12", "äöüéñçÅ"]


def outline(font, character):
    glyphs = font.getGlyphSet()
    name = font.getBestCmap()[ord(character)]
    pen = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(pen)
    box = font["glyf"][name]
    return {
        "character": character,
        "contours": sum(operation == "closePath" for operation, _ in pen.value),
        "box": [box.xMin, box.yMin, box.xMax, box.yMax],
    }


folder = Path(sys.argv[1])
result = {"widths": [], "outlines": {}}
for weight, file in FILES.items():
    # At one pixel a font unit, widths are exact.
    face = ImageFont.truetype(str(folder / file), 2048, layout_engine=ImageFont.Layout.RAQM)
    result["widths"] += [{"text": text, "weight": weight, "width": face.getlength(text)} for text in TEXTS]
    font = TTFont(folder / file)
    result["outlines"][weight] = [outline(font, character) for character in "Sg8iéÅ%σ…"]
json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
