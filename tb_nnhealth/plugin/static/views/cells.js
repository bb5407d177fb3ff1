// @ts-check
/** The heat map's picture: its cells, the marks over them, and the steps below. */

import {ticks, whole} from '../format.js';
import {INFINITE, palette, place} from '../scale.js';
import {columnEdges} from './axis.js';
import {fit, outline} from './canvas.js';

/**
 * @typedef {import('../api.js').Frame} Frame
 * @typedef {import('./axis.js').StepAxis} StepAxis
 * @typedef {import('./heatmap.js').Shown} Shown
 */

const AXIS_HEIGHT = 22;

/** Pixels right of the last step, for the half of its label. */
export const RIGHT = 12;

/**
 * @param {Frame} frame @param {import('../scale.js').Scale} scale @param {boolean} dark
 * @returns {HTMLCanvasElement} one pixel a cell
 */
export function paint(frame, scale, dark) {
  const image = document.createElement('canvas');
  image.width = Math.max(1, frame.columns);
  image.height = Math.max(1, frame.rows);
  const context = /** @type {CanvasRenderingContext2D} */ (image.getContext('2d'));
  const pixels = context.createImageData(image.width, image.height);
  const cells = new Uint32Array(pixels.data.buffer);
  const colours = palette(scale.kind, dark);
  const infinite = 0xff000000 | (INFINITE[2] << 16) | (INFINITE[1] << 8) | INFINITE[0];
  frame.planes[0].forEach((value, cell) => {
    if (Number.isNaN(value)) return;
    cells[cell] = Number.isFinite(value) ? colours[Math.round(255 * place(scale, value))] : infinite;
  });
  context.putImageData(pixels, 0, 0);
  return image;
}

/**
 * Stretches the painted cells over the steps and rows.
 * @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} image @param {Frame} frame
 * @param {StepAxis} axis @param {number} width @param {number} row height of a row
 */
export function drawCells(context, image, frame, axis, width, row) {
  const edges = columnEdges(frame);
  const gap = row >= 12 ? 1 : 0;
  context.imageSmoothingEnabled = false;
  context.save();
  context.beginPath();
  for (let r = 0; r < frame.rows; r++) context.rect(0, r * row, width, row - gap);
  context.clip();
  for (let c = 0; c < frame.columns; c++) {
    const left = Math.round(axis.toPixel(edges[c], width));
    const right = Math.max(left + 1, Math.round(axis.toPixel(edges[c + 1], width)));
    if (right > 0 && left < width) context.drawImage(image, c, 0, 1, frame.rows, left, 0, right - left, frame.rows * row);
  }
  context.restore();
}

/**
 * Frames the chosen rows, and dashed the rows and steps of a finding.
 * @param {CanvasRenderingContext2D} context @param {Shown} shown
 * @param {StepAxis} axis @param {number} width @param {number} row height of a row
 */
export function drawMarks(context, {rows, selected, focus, dark}, axis, width, row) {
  rows.forEach((name, index) => {
    if (selected.has(name)) outline(context, dark, [], 1, index * row + 0.5, width - 2, row - 2);
    if (!focus?.rows.has(name)) return;
    const left = focus.first === null ? 0 : Math.max(0, axis.toPixel(focus.first, width));
    const end = focus.last === null ? width : Math.min(width, axis.toPixel(focus.last, width));
    outline(context, dark, [5, 3], left + 1, index * row + 0.5, Math.max(4, end - left - 2), row - 2);
  });
}

/** @param {HTMLCanvasElement} canvas @param {StepAxis} axis @param {number} width of the cells @param {boolean} dark */
export function drawAxis(canvas, axis, width, dark) {
  const context = fit(canvas, width + RIGHT, AXIS_HEIGHT);
  context.font = '11px system-ui, sans-serif';
  context.fillStyle = getComputedStyle(canvas).getPropertyValue('--dim');
  context.strokeStyle = dark ? '#4a5160' : '#c9ced8';
  for (const step of ticks(axis.first, axis.last, Math.max(2, width / 110))) {
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
