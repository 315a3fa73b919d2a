import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { crc32c } from "@slicebook/base";
import type { MetricsRow } from "./metrics-schema.ts";

/**
 * The start of a TensorBoard event file.
 *
 * Such a file is a sequence of TFRecords, each a length, its masked CRC-32C, a serialised `tensorflow.Event`, and its
 * masked CRC-32C (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto).
 *
 * @param started seconds since 1970 at which the training began
 */
export function tensorboardHeader(started: number): Uint8Array {
  const version = new BinaryWriter().tag(1, WireType.Bit64).double(started);
  return record(version.tag(3, WireType.LengthDelimited).string("brain.Event:2").finish());
}

/** A row of `metrics.jsonl` as events to be added to such a file: a scalar a metric, `train/loss`, `validation/ssim`. */
export function tensorboardEvents(row: MetricsRow, started: number): Uint8Array {
  const event = { time: started + row.seconds, step: row.step };
  return Buffer.concat(scalarsOf(row).map(([tag, value]) => record(scalarEvent({ ...event, tag, value }))));
}

/** `train/loss`, `validation/ssim`, `validation/ssim-low`, …: what is measured. */
function scalarsOf({ train, validation }: MetricsRow): [tag: string, value: number][] {
  const { ssim, ...measured } = validation ?? {};
  const interval = ssim?.ci95 ?? null;
  const values: [string, number | undefined][] = [
    ...Object.entries(train).map(([name, value]): [string, number | undefined] => [`train/${name}`, value]),
    ["validation/ssim", ssim?.mean],
    ["validation/ssim-low", interval?.[0]],
    ["validation/ssim-high", interval?.[1]],
    ...Object.entries(measured).map(([name, value]): [string, number | undefined] => [
      `validation/${name}`,
      value,
    ]),
  ];
  return values.flatMap(([tag, value]) => (value === undefined ? [] : [[tag, value]]));
}

/** A `tensorflow.Event` { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } }. */
function scalarEvent(event: {
  readonly time: number;
  readonly step: number;
  readonly tag: string;
  readonly value: number;
}): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.Bit64).double(event.time);
  writer.tag(2, WireType.Varint).int64(event.step);
  writer.tag(5, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(event.tag);
  writer.tag(2, WireType.Bit32).float(event.value);
  return writer.join().join().finish();
}

function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return bytes;
}

/** A checksum that is stored with its data is rotated and shifted, so that data with checksums in it stay safe. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
