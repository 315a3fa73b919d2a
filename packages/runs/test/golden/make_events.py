"""Writes events.json: the event file that TensorBoard itself makes of two rows of metrics.

    pip install tensorboard && python make_events.py > events.json
"""

import base64
import io
import json

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

started = 1_000_000_000.0
rows = [(1.5, 10, {"train/loss": 0.75, "train/learningRate": 0.002, "validation/ssim": 0.5}), (3.25, 300, {"train/loss": 0.1})]

file = io.BytesIO()
writer = RecordWriter(file)
writer.write(event_pb2.Event(wall_time=started, file_version="brain.Event:2").SerializeToString())
for seconds, step, values in rows:
    for tag, value in values.items():
        summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value)])
        writer.write(event_pb2.Event(wall_time=started + seconds, step=step, summary=summary).SerializeToString())
print(json.dumps({"file": base64.b64encode(file.getvalue()).decode()}))
