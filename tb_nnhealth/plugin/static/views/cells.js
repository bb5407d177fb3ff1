// @ts-check
/** The heat map's picture: its cells, the marks over them, and the steps below. */

import {whole} from '../format.js';
import {palette, place} from '../scale.js';
import {columnEdges} from './axis.js';
import {fit, hatch, mark, outline} from './canvas.js';

/**
 * @typedef {import('./axis.js').StepAxis} StepAxis
 * @typedef {import('./tree.js').Item} Item
 * @typedef {import('../scale.js').Scale} Scale
 * A mark over some pixels of one half of a row, or of both. @typedef {{kind: 'nonfinite' | 'zero', left: number, right: number, line: number, both: boolean}} Mark
 * The items in view: `from` is the place of the first in pixels, `row` the height of each.
 * @typedef {{items: Item[], from: number, row: number, width: number, height: number, dark: boolean}} Part
 */

const AXIS_HEIGHT = 22;

/** Pixels that a step takes on the axis, at least. */
const TICK = 80;

/** Pixels right of the last step, for the half of its label. */
export const RIGHT = 12;

/** Pixels of the screen that NaN takes at least: one bad sample among thousands is seen. */
const NARROWEST_MARK = 3;

/**
 * Draws the items in view. The upper half of a cell shows the highest of all values that it stands for, the lower half
 * the lowest: no spike is lost, to neither side.
 * @param {CanvasRenderingContext2D} context @param {import('./extremes.js').Summary} summary @param {StepAxis} axis
 * @param {Scale} scale @param {Part} part
 */
export function drawCells(context, summary, axis, scale, {items, from, row, width, height, dark}) {
  const {frame} = summary;
  const edges = columnEdges(frame);
  const [left, right] = [edges[0], Math.max(edges[frame.columns], axis.end)].map((step) => Math.min(Math.max(axis.toPixel(step, width), 0), width));
  if (!frame.columns || !items.length || right <= left) return;
  hatch(context, left, right, height, dark);
  const ratio = window.devicePixelRatio || 1;
  const across = Math.max(1, Math.round(width * ratio));
  const lines = 2 * items.length;
  const image = new OffscreenCanvas(across, lines);
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (image.getContext('2d'));
  const pixels = pen.createImageData(across, lines);
  const cells = new Uint32Array(pixels.data.buffer);
  const columns = columnsOf(edges, axis, across);
  const colours = palette(scale, dark);
  const marks = items.flatMap((item, index) => paint(cells, across, 2 * index, summary.of(item), columns, scale, colours));
  pen.putImageData(pixels, 0, 0);
  const upper = Math.ceil((row - 1) / 2);
  const lower = row - 1 - upper;
  const top = (/** @type {number} */ line) => from + (line >> 1) * row + (line % 2) * upper;
  context.imageSmoothingEnabled = false;
  for (let line = 0; line < lines; line++) context.drawImage(image, 0, line, across, 1, 0, top(line), width, line % 2 ? lower : upper);
  const grounds = {nonfinite: mark(context, 'nonfinite', dark), zero: mark(context, 'zero', dark)};
  for (const {kind, left: start, right: end, line, both} of marks) {
    context.fillStyle = grounds[kind];
    context.fillRect(start / ratio, top(line), (end - start) / ratio, both ? row - 1 : line % 2 ? lower : upper);
  }
  items.forEach((_, index) => context.clearRect(0, from + (index + 1) * row - 1, width, 1));
}

/**
 * Returns for each pixel the columns that it shows: from the first to before the end, both 0 where there is none.
 * @param {Float64Array} edges @param {StepAxis} axis @param {number} across
 */
function columnsOf(edges, axis, across) {
  const first = new Int32Array(across);
  const end = new Int32Array(across);
  for (let c = 0; c + 1 < edges.length; c++) {
    const left = Math.round(axis.toPixel(edges[c], across));
    const right = Math.max(left + 1, Math.round(axis.toPixel(edges[c + 1], across)));
    for (let x = Math.max(left, 0); x < Math.min(right, across); x++) {
      if (end[x] === 0) first[x] = c;
      end[x] = c + 1;
    }
  }
  return {first, end};
}

/**
 * Paints two lines of pixels: the highest values, and the lowest.
 * @param {Uint32Array} cells @param {number} across pixels of a line @param {number} line the upper one
 * @param {import('./extremes.js').Extremes} extremes @param {{first: Int32Array, end: Int32Array}} columns
 * @param {Scale} scale @param {Uint32Array} colours @returns {Mark[]}
 */
function paint(cells, across, line, {low, high, bad}, columns, scale, colours) {
  /** @type {Mark[]} */
  const broken = [];
  /** @type {Mark[][]} */
  const zeros = [[], []];
  for (let x = 0; x < across; x++) {
    let [lowest, highest, isBad] = [NaN, NaN, false];
    for (let c = columns.first[x]; c < columns.end[x]; c++) {
      if (low[c] < lowest || lowest !== lowest) lowest = low[c];
      if (high[c] > highest || highest !== highest) highest = high[c];
      isBad ||= (bad !== null && bad[c] > 0) || Math.abs(high[c]) === Infinity || Math.abs(low[c]) === Infinity;
    }
    if (isBad) extend(broken, {kind: 'nonfinite', left: x, right: x + 1, line, both: true});
    if (isBad || Number.isNaN(lowest)) continue;
    for (const half of [0, 1]) {
      const value = half ? lowest : highest;
      if (scale.log && value === 0) extend(zeros[half], {kind: 'zero', left: x, right: x + 1, line: line + half, both: false});
      else cells[(line + half) * across + x] = colours[Math.round(255 * place(scale, value))];
    }
  }
  for (const found of broken) found.right = Math.max(found.right, found.left + NARROWEST_MARK);
  return [...zeros.flat(), ...broken];
}

/** Widens the last mark by one that follows it, or adds that. @param {Mark[]} marks @param {Mark} found */
function extend(marks, found) {
  const last = marks[marks.length - 1];
  if (last?.right === found.left) last.right = found.right;
  else marks.push(found);
}

/**
 * Frames the items that hold a chosen row, and dashed the rows and steps of a finding.
 * @param {CanvasRenderingContext2D} context @param {Part} part @param {StepAxis} axis
 * @param {{chosen: (item: Item) => boolean, found: (item: Item) => boolean}} is @param {import('./heatmap.js').Focus | null} focus
 */
export function drawMarks(context, {items, from, row, width, dark}, axis, is, focus) {
  items.forEach((item, index) => {
    const y = from + index * row + 0.5;
    if (is.chosen(item)) outline(context, dark, [], 1, y, width - 2, row - 2);
    if (!focus || !is.found(item)) return;
    const left = focus.first === null ? 0 : Math.max(0, axis.toPixel(focus.first, width));
    const end = focus.last === null ? width : Math.min(width, axis.toPixel(focus.last, width));
    outline(context, dark, [5, 3], left + 1, y, Math.max(4, end - left - 2), row - 2);
  });
}

/** @param {HTMLCanvasElement} canvas @param {StepAxis} axis @param {number} width of the cells @param {boolean} dark */
export function drawAxis(canvas, axis, width, dark) {
  const context = fit(canvas, width + RIGHT, AXIS_HEIGHT);
  context.font = '11px system-ui, sans-serif';
  context.fillStyle = getComputedStyle(canvas).getPropertyValue('--dim');
  context.strokeStyle = dark ? '#4a5160' : '#c9ced8';
  for (const step of axis.ticks(width, Math.max(2, width / TICK))) {
    const x = axis.toPixel(step, width);
    if (x > width + 1) continue;
    context.beginPath();
    context.moveTo(Math.min(x, width - 0.5) + 0.5, 0);
    context.lineTo(Math.min(x, width - 0.5) + 0.5, 5);
    context.stroke();
    const size = context.measureText(whole(step)).width;
    context.fillText(whole(step), Math.max(0, Math.min(width + RIGHT - size, x - size / 2)), 16);
  }
}
