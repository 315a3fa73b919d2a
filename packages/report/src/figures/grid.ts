import { type Canvas, type Colour, canvasPng, createCanvas, drawTile, fill, type Tile } from "./canvas.ts";
import { distinctColours, grey, inferno } from "./colour.ts";
import { svgText, textWidth, wrapText } from "./font.ts";
import { ink } from "./palette.ts";

/** Greyscale images, [images, height, width], from 0 (black) to 1 (white). */
export interface ImageStack {
  readonly data: Float32Array;
  readonly shape: readonly [images: number, height: number, width: number];
}

/** Grids of code indices, [grids, rows, columns]. */
export interface CodeStack {
  readonly data: Int32Array;
  readonly shape: readonly [grids: number, rows: number, columns: number];
}

export interface GridOptions {
  /** Over the whole picture. */
  readonly title?: string;
  /** Smaller, under the title. */
  readonly subtitle?: string;
  /** Over each image; one each. */
  readonly captions?: readonly string[];
  /** Pixels; at least one image fits whatever it says. Default 1800. */
  readonly maxWidth?: number;
}

export interface ReconstructionGridOptions extends GridOptions {
  /** Each slice's SSIM, shown beside its caption. */
  readonly ssim?: ArrayLike<number>;
  /** Whether to add the map of absolute errors. Default true. */
  readonly errors?: boolean;
}

/** Images shown under one heading. */
export interface Section {
  readonly title: string;
  readonly images: ImageStack;
  readonly captions?: readonly string[];
}

/** One picture of a block: a column of tiles under a caption. */
interface Cell {
  readonly caption: string;
  readonly note: string;
  readonly tiles: readonly Tile[];
}

interface Block {
  readonly heading?: string;
  /** Beside the first, second, … tile of the cells. */
  readonly rowLabels: readonly string[];
  readonly cells: readonly Cell[];
}

interface ColourBar {
  readonly label: string;
  readonly maximum: number;
  readonly colour: (share: number) => Colour;
}

const MARGIN = 24;
const GAP = 10;
const CAPTION = 12;
const LINE = 16;
/** Small images are enlarged by whole factors as long as their longer side stays within this. */
const COMFORTABLE_SIDE = 300;
const NARROWEST_CELL = 132;

/**
 * Originals over their reconstructions over maps of the absolute error with a colour bar, a column for each slice.
 *
 * Both stacks must have one shape and one scale: the originals' own range mapped to [0, 1]. Gives a PNG.
 */
export async function reconstructionGrid(
  originals: ImageStack,
  reconstructions: ImageStack,
  options: ReconstructionGridOptions = {},
): Promise<Uint8Array> {
  const { ssim, errors = true, captions } = options;
  if (originals.shape.join() !== reconstructions.shape.join()) {
    throw new RangeError(
      `originals [${originals.shape.join(", ")}] and reconstructions [${reconstructions.shape.join(", ")}] differ in shape`,
    );
  }
  const differences: ImageStack = {
    data: originals.data.map((value, index) => Math.abs(value - reconstructions.data[index]!)),
    shape: originals.shape,
  };
  const maximum = errorMaximum(differences.data);
  const cells = Array.from({ length: originals.shape[0] }, (_, index) => ({
    caption: captions?.[index] ?? "",
    note: ssim === undefined ? "" : `SSIM ${ssim[index]!.toFixed(3)}`,
    tiles: [
      imageTile(originals, index, grey),
      imageTile(reconstructions, index, grey),
      ...(errors ? [imageTile(differences, index, (error) => inferno(error / maximum))] : []),
    ],
  }));
  const rowLabels = ["original", "reconstruction", ...(errors ? ["error"] : [])];
  return draw(
    [{ rowLabels, cells }],
    options,
    errors
      ? { label: "absolute error, as a share of the slice's range", maximum, colour: inferno }
      : undefined,
  );
}

/**
 * Images over maps of what a prior's codes cost at each place, with a colour bar in bits per pixel. Gives a PNG.
 */
export async function likelihoodGrid(
  images: ImageStack,
  maps: ImageStack,
  options: GridOptions & { readonly notes?: readonly string[] } = {},
): Promise<Uint8Array> {
  const { captions, notes } = options;
  const maximum = errorMaximum(maps.data);
  const cells = Array.from({ length: images.shape[0] }, (_, index) => ({
    caption: captions?.[index] ?? "",
    note: notes?.[index] ?? "",
    tiles: [imageTile(images, index, grey), imageTile(maps, index, (bits) => inferno(bits / maximum))],
  }));
  const bar = { label: "bits per pixel: bright is what the prior did not expect", maximum, colour: inferno };
  return draw([{ rowLabels: ["slice", "bits per pixel"], cells }], options, bar);
}

/** Images over others that they are to be compared with, a column for each pair. Gives a PNG. */
export async function pairGrid(
  upper: { readonly label: string; readonly images: ImageStack },
  lower: { readonly label: string; readonly images: ImageStack },
  options: GridOptions & { readonly notes?: readonly string[] } = {},
): Promise<Uint8Array> {
  const { captions, notes } = options;
  const cells = Array.from({ length: upper.images.shape[0] }, (_, index) => ({
    caption: captions?.[index] ?? "",
    note: notes?.[index] ?? "",
    tiles: [imageTile(upper.images, index, grey), imageTile(lower.images, index, grey)],
  }));
  return draw([{ rowLabels: [upper.label, lower.label], cells }], options);
}

/** Images side by side in rows, such as samples. Gives a PNG. */
export async function imageGrid(images: ImageStack, options: GridOptions = {}): Promise<Uint8Array> {
  return draw([{ rowLabels: [], cells: imageCells(images, options.captions) }], options);
}

/** Images in sections with headings, such as the splits of a data set. Gives a PNG. */
export async function contactSheet(
  sections: readonly Section[],
  options: Omit<GridOptions, "captions"> = {},
): Promise<Uint8Array> {
  const blocks = sections.map(({ title, images, captions }) => ({
    heading: title,
    rowLabels: [],
    cells: imageCells(images, captions),
  }));
  return draw(blocks, options);
}

/**
 * Code grids in colour; with the images they stand for, if given, over them. Gives a PNG.
 *
 * @param options.colours a colour for each code (`codebookColours`); by default hues that only tell codes apart
 */
export async function codeGrid(
  codes: CodeStack,
  options: GridOptions & { readonly colours?: readonly Colour[]; readonly images?: ImageStack } = {},
): Promise<Uint8Array> {
  const { colours, images, captions } = options;
  const [count, rows, columns] = codes.shape;
  const palette = colours ?? distinctColours(codes.data.reduce((most, code) => Math.max(most, code), 0) + 1);
  const cells = Array.from({ length: count }, (_, index) => ({
    caption: captions?.[index] ?? "",
    note: "",
    tiles: [
      ...(images === undefined ? [] : [imageTile(images, index, grey)]),
      {
        values: codes.data.subarray(index * rows * columns, (index + 1) * rows * columns),
        rows,
        columns,
        colour: (code: number) => palette[code] ?? 0,
      },
    ],
  }));
  return draw([{ rowLabels: images === undefined ? [] : ["slice", "codes"], cells }], options);
}

/** A tile of one image of a stack. */
export function imageTile(stack: ImageStack, index: number, colour: (value: number) => Colour): Tile {
  const [, rows, columns] = stack.shape;
  return {
    values: stack.data.subarray(index * rows * columns, (index + 1) * rows * columns),
    rows,
    columns,
    colour,
  };
}

function imageCells(images: ImageStack, captions: readonly string[] | undefined): readonly Cell[] {
  return Array.from({ length: images.shape[0] }, (_, index) => ({
    caption: captions?.[index] ?? "",
    note: "",
    tiles: [imageTile(images, index, grey)],
  }));
}

/** The end of the error's colour bar: a round number that 99.5 % of all errors stay under. */
function errorMaximum(errors: Float32Array): number {
  const sorted = Float32Array.from(errors).sort();
  const high = sorted[Math.floor(0.995 * (sorted.length - 1))] ?? 0;
  return [0.02, 0.05, 0.1, 0.2, 0.3, 0.5].find((round) => high <= round) ?? 1;
}

interface PlacedBlock extends Block {
  readonly columns: number;
  readonly cellWidth: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly captionLines: number;
  readonly hasNotes: boolean;
}

async function draw(
  blocks: readonly Block[],
  options: Pick<GridOptions, "title" | "subtitle" | "maxWidth">,
  bar?: ColourBar,
): Promise<Uint8Array> {
  const { title, subtitle, maxWidth = 1800 } = options;
  const gutter = Math.max(0, ...blocks.flatMap((block) => block.rowLabels.map(labelWidth)));
  const available = maxWidth - 2 * MARGIN - gutter;
  const placed = blocks.filter((block) => block.cells.length > 0).map((block) => place(block, available));

  const widths = placed.map((block) => gutter + block.columns * (block.cellWidth + GAP) - GAP);
  const texts = [
    textWidth(title ?? "", 20, "bold"),
    textWidth(subtitle ?? "", 14),
    ...(bar === undefined ? [] : [BAR_WIDTH]),
    ...placed.map((block) => textWidth(block.heading ?? "", 15, "bold")),
  ];
  const width = Math.ceil(2 * MARGIN + Math.max(0, ...widths, ...texts));
  const header = (title === undefined ? 0 : 30) + (subtitle === undefined ? 0 : 22);
  const height =
    2 * MARGIN +
    header +
    placed.reduce((sum, block) => sum + blockHeight(block), 0) +
    (bar === undefined ? 0 : 48);

  const canvas = createCanvas(width, height);
  let top = MARGIN;
  if (title !== undefined) {
    canvas.overlay.push(svgText(title, { x: MARGIN, y: top + 17, size: 20, weight: "bold", fill: ink.text }));
    top += 30;
  }
  if (subtitle !== undefined) {
    canvas.overlay.push(svgText(subtitle, { x: MARGIN, y: top + 12, size: 14, fill: ink.muted }));
    top += 22;
  }
  for (const block of placed) {
    drawBlock(canvas, block, gutter, top);
    top += blockHeight(block);
  }
  if (bar !== undefined) drawColourBar(canvas, bar, MARGIN + gutter, top);
  return canvasPng(canvas);
}

function place(block: Block, available: number): PlacedBlock {
  const tiles = block.cells.flatMap((cell) => cell.tiles);
  const side = Math.max(...tiles.map((tile) => Math.max(tile.rows, tile.columns)));
  const scale = Math.max(1, Math.floor(COMFORTABLE_SIDE / side));
  const tileWidth = scale * Math.max(...tiles.map((tile) => tile.columns));
  const tileHeight = scale * Math.max(...tiles.map((tile) => tile.rows));
  const hasCaptions = block.cells.some((cell) => cell.caption !== "" || cell.note !== "");
  const cellWidth = hasCaptions ? Math.max(tileWidth, NARROWEST_CELL) : tileWidth;
  const most = Math.max(1, Math.floor((available + GAP) / (cellWidth + GAP)));
  const rows = Math.ceil(block.cells.length / most);
  return {
    ...block,
    columns: Math.ceil(block.cells.length / rows),
    cellWidth,
    tileWidth,
    tileHeight,
    captionLines: Math.max(...block.cells.map((cell) => captionLines(cell.caption, cellWidth).length)),
    hasNotes: block.cells.some((cell) => cell.note !== ""),
  };
}

function captionLines(caption: string, width: number): readonly string[] {
  return caption === "" ? [] : wrapText(caption, width, CAPTION, 2);
}

function labelWidth(label: string): number {
  return Math.ceil(textWidth(label, 13)) + 14;
}

function rowHeight(block: PlacedBlock): number {
  const tiles = Math.max(...block.cells.map((cell) => cell.tiles.length));
  const text = LINE * (block.captionLines + (block.hasNotes ? 1 : 0));
  return (text > 0 ? text + 6 : 0) + tiles * (block.tileHeight + 4) - 4;
}

function blockHeight(block: PlacedBlock): number {
  const rows = Math.ceil(block.cells.length / block.columns);
  const isDense = block.captionLines === 0 && !block.hasNotes;
  return (
    (block.heading === undefined ? 4 : 34) + rows * rowHeight(block) + (rows - 1) * (isDense ? GAP : 20) + 8
  );
}

function drawBlock(canvas: Canvas, block: PlacedBlock, gutter: number, blockTop: number): void {
  const isDense = block.captionLines === 0 && !block.hasNotes;
  const textHeight = rowHeight(block) - tilesHeight(block);
  let top = blockTop + 4;
  if (block.heading !== undefined) {
    canvas.overlay.push(
      svgText(block.heading, { x: MARGIN, y: top + 16, size: 15, weight: "bold", fill: ink.text }),
    );
    top += 30;
  }
  for (let first = 0; first < block.cells.length; first += block.columns) {
    const tilesTop = top + textHeight;
    block.rowLabels.forEach((label, index) => {
      const y = tilesTop + index * (block.tileHeight + 4) + block.tileHeight / 2 + 4;
      canvas.overlay.push(
        svgText(label, { x: MARGIN + gutter - 14, y, size: 13, anchor: "end", fill: ink.muted }),
      );
    });
    block.cells.slice(first, first + block.columns).forEach((cell, column) => {
      const left = MARGIN + gutter + column * (block.cellWidth + GAP);
      const lines = captionLines(cell.caption, block.cellWidth);
      lines.forEach((line, index) => {
        canvas.overlay.push(
          svgText(line, { x: left, y: top + 12 + LINE * index, size: CAPTION, fill: ink.muted }),
        );
      });
      if (cell.note !== "") {
        const y = top + 12 + LINE * block.captionLines;
        canvas.overlay.push(
          svgText(cell.note, { x: left, y, size: CAPTION, weight: "bold", fill: ink.text }),
        );
      }
      cell.tiles.forEach((tile, index) => {
        // Tiles of one cell may have sides in a whole ratio (a slice and its code grid) and are shown equally large.
        const scale = Math.max(
          1,
          Math.floor(Math.min(block.tileWidth / tile.columns, block.tileHeight / tile.rows)),
        );
        drawTile(canvas, tile, left, tilesTop + index * (block.tileHeight + 4), scale);
      });
    });
    top += rowHeight(block) + (isDense ? GAP : 20);
  }
}

function tilesHeight(block: PlacedBlock): number {
  const tiles = Math.max(...block.cells.map((cell) => cell.tiles.length));
  return tiles * (block.tileHeight + 4) - 4;
}

const BAR_WIDTH = 320;

function drawColourBar(canvas: Canvas, bar: ColourBar, left: number, top: number): void {
  for (let x = 0; x < BAR_WIDTH; x++) {
    fill(canvas, left + x, top, 1, 12, bar.colour(x / (BAR_WIDTH - 1)));
  }
  const ticks = [
    { share: 0, text: "0", anchor: "start" },
    { share: 0.5, text: String(bar.maximum / 2), anchor: "middle" },
    { share: 1, text: bar.maximum === 1 ? "1" : `≥ ${bar.maximum}`, anchor: "end" },
  ] as const;
  for (const { share, text, anchor } of ticks) {
    const x = left + share * BAR_WIDTH;
    canvas.overlay.push(svgText(text, { x, y: top + 27, size: 12, anchor, fill: ink.muted }));
  }
  canvas.overlay.push(svgText(bar.label, { x: left, y: top + 44, size: 12, fill: ink.text }));
}
