"""Makes orientation.json: volumes of any orientation, and slices of nibabel's as_closest_canonical of them.

Run with nibabel 5 and NumPy 1.24: python3 make_orientation.py
"""

import itertools
import json
from pathlib import Path

import nibabel as nib
import numpy as np

random = np.random.default_rng(2)
SHAPE = (4, 3, 5)


def turn(angles):
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        c, s = np.cos(angle), np.sin(angle)
        i, j = [other for other in range(3) if other != axis]
        step = np.eye(3)
        step[i, i], step[i, j], step[j, i], step[j, j] = c, -s, s, c
        matrix = matrix @ step
    return matrix


cases = []
for order in itertools.permutations(range(3)):
    for signs in [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, -1)]:
        axes = np.zeros((3, 3))
        for axis, direction in enumerate(order):
            axes[direction, axis] = signs[axis]
        affine = np.eye(4)
        affine[:3, :3] = turn(random.uniform(-0.3, 0.3, 3)) @ axes @ np.diag(random.uniform(0.5, 3, 3))
        affine[:3, 3] = random.uniform(-50, 50, 3)
        affine = affine.astype(np.float32).astype(float)  # as NIfTI-1 keeps it
        volume = random.integers(-1000, 1000, SHAPE).astype(np.int16)
        canonical = nib.as_closest_canonical(nib.Nifti1Image(volume, affine))
        plane = len(cases) % 3
        index = int(random.integers(canonical.shape[plane]))
        values = np.asarray(canonical.dataobj).take(index, axis=plane)
        # From (row, column, slice): the columns of the volume's affine in that order, from the slice's place.
        rest = [axis for axis in range(3) if axis != plane]
        place = np.zeros(4)
        place[plane], place[3] = index, 1
        columns = [canonical.affine[:, axis] for axis in [*rest, plane]] + [canonical.affine @ place]
        cases.append(
            {
                "name": "".join(nib.aff2axcodes(affine)),
                "affine": affine.tolist(),
                "volume": volume.reshape(-1).tolist(),
                "plane": plane,
                "slice": index,
                "shape": list(values.shape),
                "values": values.reshape(-1).tolist(),
                "sliceAffine": np.stack(columns, 1).tolist(),
            }
        )

text = ",\n".join(json.dumps(case) for case in cases)
Path(__file__).with_name("orientation.json").write_text(f"[\n{text}\n]\n")
