import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { readRegularFile } from "@slicebook/base/node";
import { CsvError } from "csv-parse";
import { parse } from "csv-parse/sync";
import { listed } from "../adapters/list-files.ts";
import type { SliceRecord } from "../types.ts";
import type { CovariateValues } from "./covariate.ts";

/** The file beside the slices that is read where the configuration names none. */
const USUAL_NAME = "covariates.csv";
/** A line for each of a million slices. */
const LARGEST = 2 ** 27;
const DELIMITERS = [",", ";", "\t"];

/** What a file says of slices. */
export interface ReadCovariates {
  of(record: SliceRecord): CovariateValues;
  /** What in it has no use. */
  readonly warnings: readonly string[];
}

/** Where the covariates of a data set are: the file that the configuration names, or the usual one; undefined without. */
export function covariatesFile({
  root,
  covariates,
}: {
  readonly root?: string | undefined;
  readonly covariates?: string | false | undefined;
}): string | undefined {
  if (covariates === false) return undefined;
  if (covariates !== undefined) return resolve(root ?? "", covariates);
  if (root === undefined) return undefined;
  const usual = resolve(root, USUAL_NAME);
  return existsSync(usual) ? usual : undefined;
}

/**
 * Reads a CSV file of what is known of subjects or slices: a line of names, of which the first is `subject` or `slice`, then
 * a line for each. Cells are set apart by commas, semicolons or tabs, as the first line has them; one that is empty is not
 * known. A column of numbers is one, any other a choice of its texts.
 *
 * Throws `COVARIATES_INVALID`, with the file and the line.
 */
export function readCovariates(file: string, records: readonly SliceRecord[]): ReadCovariates {
  const [header, ...rows] = linesOf(file);
  const { unit, names } = columnNames(file, header);
  const keyOf = ({ subject, name }: SliceRecord) => (unit === "subject" ? subject : name);
  const strangers = checkKeys(file, rows, { unit, known: new Set(records.map(keyOf)) });
  const columns = names.map((name, index) => ({ name, ...columnOf(rows, index + 1) }));
  const values = new Map(
    rows.map(({ cells: [key = "", ...cells] }) => {
      const known = columns.flatMap(({ name, isNumber }, index) => {
        const cell = cells[index]!;
        return cell === "" ? [] : [[name, isNumber ? Number(cell) : cell] as const];
      });
      return [key, Object.fromEntries(known)];
    }),
  );
  const mixed = columns.flatMap(({ name, odd }) =>
    odd === undefined
      ? []
      : `${file}:${odd.line}: ${name} is ${JSON.stringify(odd.cell)} here and a number in most lines, so that it is ` +
        "taken for a choice of texts; leave cells empty where it is not known",
  );
  const empty = columns.flatMap(({ name, isEmpty }) =>
    isEmpty ? [`${file}: the column ${name} is empty`] : [],
  );
  return {
    of: (record) => values.get(keyOf(record)) ?? {},
    warnings: [...strangers, ...mixed, ...(rows.length === 0 ? [] : empty)],
  };
}

type Unit = "subject" | "slice";

/** What lines are of, and the names of the other columns. */
function columnNames(file: string, header: Line | undefined): { unit: Unit; names: readonly string[] } {
  if (header === undefined) {
    throw invalid(file, 1, "the file is empty", "Write a line of names, then a line for each subject.");
  }
  const { line, cells } = header;
  const [unit, ...names] = cells;
  if (unit !== "subject" && unit !== "slice") {
    throw invalid(
      file,
      line,
      `the first column is ${JSON.stringify(unit)}`,
      "Name the first column subject or slice, after what it holds.",
    );
  }
  const twice = names.find((name, index) => name === "" || names.indexOf(name) < index);
  if (twice !== undefined) {
    const what = twice === "" ? "a column has no name" : `two columns are named ${twice}`;
    throw invalid(file, line, what, "Give every column a name of its own.");
  }
  const other = names.find((name) => name === "subject" || name === "slice");
  if (other !== undefined) {
    const what = `there is a column of ${other}s behind that of ${unit}s`;
    throw invalid(file, line, what, "Leave one of the two: a line is of a subject, or of a slice.");
  }
  return { unit, names };
}

/** Checks that each subject (or slice) has one line; a warning of those that the data set does not have. */
function checkKeys(
  file: string,
  rows: readonly Line[],
  { unit, known }: { readonly unit: Unit; readonly known: ReadonlySet<string> },
): string[] {
  const lines = new Map<string, number>();
  for (const { line, cells } of rows) {
    const key = cells[0]!;
    const before = lines.get(key);
    if (before !== undefined) {
      const what = `the ${unit} ${key} is in line ${before} already`;
      throw invalid(file, line, what, `Leave one line for each ${unit}.`);
    }
    lines.set(key, line);
  }
  if (rows.length === 0) return [`${file} has no line but that of the names: nothing is known of any slice`];
  const strangers = [...lines].filter(([key]) => !known.has(key));
  const [[stranger, line] = []] = strangers;
  if (stranger === undefined || line === undefined) return [];
  const all = listed(
    strangers.map(([key]) => key),
    3,
  );
  const useless = strangers.length === lines.size ? ", so that nothing is known of any slice" : "";
  return [`${file}:${line}: the data set has no ${unit} ${all}; it has ${listed([...known], 3)}${useless}`];
}

interface Line {
  readonly line: number;
  readonly cells: readonly string[];
}

function linesOf(file: string): Line[] {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(file, { most: LARGEST });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SlicebookError("COVARIATES_INVALID", `${file} cannot be read: ${why}`, {
      remedy: "Correct dataset.covariates, or set it to false.",
      cause: error,
    });
  }
  const text = textOf(file, bytes);
  const first = text.split(/\r?\n|\r/, 1)[0]!;
  const delimiter = DELIMITERS.find((one) => first.includes(one)) ?? ",";
  try {
    const parsedLines: Line[] = [];
    parse(text, {
      bom: true,
      delimiter,
      skip_empty_lines: true,
      trim: true,
      on_record: (cells: string[], { lines }) => {
        parsedLines.push({ line: lines, cells: delimiter === "," ? cells : cells.map(withDecimalPoint) });
        return null;
      },
    });
    return parsedLines;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw invalid(file, Number(error.lines ?? 1), error.message, "Correct the line.");
  }
}

function textOf(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid(file, 1, "the file is not in UTF-8", "Save it as UTF-8: in Excel, as CSV UTF-8.");
  }
}

/** Where commas do not part cells, they may be decimal. */
function withDecimalPoint(cell: string): string {
  return cell.replace(/^([+-]?\d+),(\d+)$/, "$1.$2");
}

interface Cell {
  readonly line: number;
  readonly cell: string;
}

/** What a column holds. */
function columnOf(
  rows: readonly Line[],
  index: number,
): {
  readonly isNumber: boolean;
  readonly isEmpty: boolean;
  /** The first cell that holds no number where most do. */
  readonly odd?: Cell;
} {
  const cells = rows.flatMap(({ line, cells }) => {
    const cell = cells[index]!;
    return cell === "" ? [] : [{ line, cell }];
  });
  const others = cells.filter(({ cell }) => !Number.isFinite(Number(cell)));
  const isEmpty = cells.length === 0;
  if (others.length === 0) return { isNumber: true, isEmpty };
  const mostlyNumbers = 2 * others.length < cells.length;
  return { isNumber: false, isEmpty, ...(mostlyNumbers && { odd: others[0]! }) };
}

function invalid(file: string, line: number, what: string, remedy: string): SlicebookError {
  return new SlicebookError("COVARIATES_INVALID", `${file}:${line}: ${what}`, { remedy });
}
