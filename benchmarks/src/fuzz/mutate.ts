import type { Random } from "@slicebook/base";

/** Numbers at which formats change their mind. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** Changes some bytes, or cuts, doubles or mixes parts; the start, where headers are, is hit more often. */
export function mutatedBytes(bytes: Uint8Array, other: Uint8Array, draw: Random): Buffer {
  let out = Buffer.from(bytes);
  for (let changes = 1 + draw.integer(4); changes > 0 && out.length > 8; changes--) {
    const reach = draw.uniform() < 0.6 ? Math.min(out.length, 400) : out.length;
    const at = draw.integer(reach);
    switch (draw.integer(9)) {
      case 0:
      case 1:
        out[at]! ^= 1 << draw.integer(8);
        break;
      case 2:
        out[at] = draw.integer(256);
        break;
      case 3:
        out.fill(EDGES[draw.integer(5)]!, at, Math.min(out.length, at + 1 + draw.integer(8)));
        break;
      case 4:
        out = out.subarray(0, at);
        break;
      case 5:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1 + draw.integer(64))]);
        break;
      case 6:
        out = Buffer.concat([out.subarray(0, at), out.subarray(Math.max(0, at - draw.integer(64)))]);
        break;
      case 7: {
        const value = EDGES[draw.integer(EDGES.length)]!;
        if (draw.uniform() < 0.5) out.writeUInt32LE(value, Math.min(at, out.length - 4));
        else out.writeUInt32BE(value, Math.min(at, out.length - 4));
        break;
      }
      default:
        out = Buffer.concat([out.subarray(0, at), other.subarray(draw.integer(other.length))]);
    }
  }
  return out;
}

/** What a value of a text file may be, or should not. */
const WORDS = [
  ..."null ~ true false 0 -1 1.5 -0 1e999 -1e999 .nan .inf 2147483648 9007199254740993 1e-320 0x10 007".split(
    " ",
  ),
  ...'"" "x" [] {} [1] [[]] {a: 1} [0, 0] [1e9, 1e9] [32, 32, 32] &a *a !!binary !!js/function << ? - | >'.split(
    " ",
  ),
  ...[
    "300000000",
    "constructor",
    "__proto__",
    "toString",
    "../../..",
    "/etc/passwd",
    "\u0000",
    "\ud800",
    "é\u0301",
    "\u001b[31m",
  ],
  `"${"long ".repeat(2000)}"`,
  `${"[".repeat(500)}${"]".repeat(500)}`,
  `${"{a: ".repeat(300)}1${"}".repeat(300)}`,
];

/** Changes values, keys and lines of a YAML or JSON text, and at times its bytes. */
export function mutatedText(text: string, other: string, draw: Random): Buffer {
  let out = text;
  for (let changes = 1 + draw.integer(3); changes > 0; changes--) {
    const lines = out.split("\n");
    const at = draw.integer(lines.length);
    const word = () => WORDS[draw.integer(WORDS.length)]!;
    switch (draw.integer(8)) {
      case 0:
      case 1:
      case 2: {
        // A value: what follows a colon or a bracket, or stands between commas.
        const values = [...out.matchAll(/(?<=[:,[]\s*)(?:"[^"\n]*"|[^\s,\]{}[":]+)/g)];
        const value = values[draw.integer(Math.max(1, values.length))];
        if (value === undefined) break;
        out = out.slice(0, value.index) + word() + out.slice(value.index + value[0].length);
        break;
      }
      case 3:
        lines.splice(at, 1);
        out = lines.join("\n");
        break;
      case 4:
        lines.splice(at, 0, lines[draw.integer(lines.length)]!);
        out = lines.join("\n");
        break;
      case 5:
        lines[at] = `${" ".repeat(draw.integer(6))}${word()}: ${word()}`;
        out = lines.join("\n");
        break;
      case 6: {
        const keys = [...out.matchAll(/[\w.-]+(?="?:)/g)];
        const key = keys[draw.integer(Math.max(1, keys.length))];
        if (key === undefined) break;
        out = out.slice(0, key.index) + word().replaceAll('"', "") + out.slice(key.index + key[0].length);
        break;
      }
      default:
        return mutatedBytes(Buffer.from(out), Buffer.from(other), draw);
    }
  }
  return Buffer.from(out);
}
