// @ts-check
/** How the gradient flow is drawn: a line from layer to layer, in the band of its window. */

import {isLost} from '../api.js';
import {decades, number} from '../format.js';
import {breaksOf, hasZero} from './depth.js';
import {labelsOf} from './labels.js';

/**
 * What is drawn: which rows, the outputs that each leads to (`own`), of the columns of the window the one `at` the scrubber, its values and those around it.
 * @typedef {{flow: import('./depth.js').Flow, healthy: [number, number] | null, frame: import('../api.js').Frame, names: string[], rows: number[], own: number[][], columns: number[],
 *   at: number, values: Float32Array, around: import('./depth.js').Spread, bounds: [number, number]}} Scene
 * @typedef {import('../vendor/uPlot.esm.js').default} Plot
 */

const HEIGHT = 330;
const AXIS_WIDTH = 50;
const FONT = '11px system-ui, sans-serif';

/** Pixels of a letter, and those that a leaning label and a point take of the width. */
const [LETTER, LABEL, POINT] = [6.2, 22, 9];
const EDGE = 8;

/** Pixels across the band of a single layer. */
const SPAN = 10;

/** @param {Scene} scene @returns {(number | null)[][]} depth, values, band, and at the edges what is zero, infinite or NaN */
export function flowData({frame, rows, at, values, around, bounds}) {
  /** @param {Float32Array} given */
  const drawn = (given) => Array.from(given, (value) => (value > 0 && Number.isFinite(value) ? value : null));
  const edges = Array.from(values, (value, index) =>
    (value === Infinity || isLost(frame, rows[index], at) ? bounds[1] : value === 0 ? bounds[0] : null));
  return [rows.map((_, index) => index), drawn(values), drawn(around.low), drawn(around.high), edges];
}

/**
 * @param {() => Scene} scene the one that is drawn @param {number} width
 * @param {(index: number | null) => void} point told which row is under the pointer @returns {object} uPlot's options
 */
export function flowOptions(scene, width, point) {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim();
  const {rows, own, bounds, healthy, around} = scene();
  const breaks = breaksOf(own);
  /** @param {Plot} chart @param {number} _ @param {number} __ @param {number} ___ @param {[number, number][]} empty */
  const gaps = (chart, _, __, ___, empty) => [...empty, ...breaks.map((index) => [chart.valToPos(index - 1, 'x', true), chart.valToPos(index, 'x', true)])]
    .sort(([one], [other]) => one - other);
  const zero = hasZero(around);
  const marks = zero ? [bounds[0], ...decades(10 * bounds[0], bounds[1], 7)] : decades(...bounds, 8);
  const axis = {font: FONT, stroke: colour('--dim')};
  const none = {stroke: 'transparent', width: 0, points: {show: false}, gaps};
  const dot = {show: rows.length * POINT < width, size: 6, fill: colour('--card'), width: 1.5};
  return {
    width, height: HEIGHT, padding: [10, 16, 0, 0], legend: {show: false},
    series: [{}, {stroke: colour('--line-1'), width: 2, points: dot, gaps}, none, none,
      {stroke: colour('--error'), width: 0, points: {show: true, size: 9, fill: colour('--error'), stroke: colour('--error')}}],
    bands: [{series: [3, 2], fill: `${colour('--line-1')}26`}],
    scales: {
      x: {time: false, range: () => [-0.5, rows.length - 0.5]},
      y: {distr: 3, range: () => bounds},
    },
    axes: [
      {...axis, ...layersAxis(scene(), width), grid: {show: false}, ticks: {stroke: colour('--edge'), size: 4}},
      {...axis, size: AXIS_WIDTH, gap: 4, grid: {stroke: colour('--grid'), width: 1}, ticks: {show: false},
        splits: () => marks, filter: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => splits,
        values: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => splits.map((value) => (zero && value === marks[0] ? '0' : number(value)))},
    ],
    cursor: {y: false, drag: {x: false, y: false}, points: {size: 9}},
    hooks: {
      draw: [
        ...(zero ? [(/** @type {Plot} */ chart) => drawZero(chart, bounds[0], colour('--dim'), colour('--grid'))] : []),
        ...(rows.length === 1 ? [(/** @type {Plot} */ chart) => drawSpan(chart, scene().around, `${colour('--line-1')}66`)] : []),
      ],
      drawClear: healthy ? [(/** @type {Plot} */ chart) => drawHealthy(chart, healthy, colour('--pass'))] : [],
      setCursor: [(/** @type {Plot} */ chart) => chart.cursor.event && point(chart.cursor.left < 0 ? null : chart.cursor.idx ?? null)],
    },
  };
}

/** The layers' names, as many as have room; they lean where they would touch. @param {Scene} scene @param {number} width */
function layersAxis(scene, width) {
  const count = scene.rows.length;
  const room = Math.max(1, width - AXIS_WIDTH);
  const gap = Math.max(1, Math.ceil((count * LABEL) / room));
  const shown = Array.from({length: Math.ceil(count / gap)}, (_, index) => index * gap);
  const all = labelsOf(scene.rows.map((row) => scene.names[row]));
  const longest = Math.max(...shown.map((index) => all[index].length));
  const leaning = longest * LETTER * shown.length > room;
  return {
    gap: 6, size: leaning ? 26 + 4 * longest : 28, rotate: leaning ? -38 : 0, splits: () => shown,
    values: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => splits.map((index) => all[index] ?? ''),
  };
}

/** The band of a single layer, which has no width. @param {Plot} chart @param {import('./depth.js').Spread} around @param {string} ink */
function drawSpan(chart, {low: [low], high: [high]}, ink) {
  if (!(low > 0) || !Number.isFinite(high)) return;
  const {ctx} = chart;
  const [x, bottom, top] = [chart.valToPos(0, 'x', true), chart.valToPos(low, 'y', true), chart.valToPos(high, 'y', true)];
  const width = SPAN * (window.devicePixelRatio || 1);
  ctx.save();
  ctx.fillStyle = ink;
  ctx.fillRect(x - width / 2, top, width, bottom - top);
  ctx.restore();
}

/** Parts the place of zero, which a logarithmic axis has none for, from the values. @param {Plot} chart @param {number} bottom @param {string} ink @param {string} ground */
function drawZero(chart, bottom, ink, ground) {
  const {ctx, bbox} = chart;
  const ratio = window.devicePixelRatio || 1;
  const edge = chart.valToPos(bottom * Math.sqrt(10), 'y', true);
  ctx.save();
  ctx.strokeStyle = ground;
  ctx.lineWidth = 2 * ratio;
  ctx.setLineDash([6 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, edge);
  ctx.lineTo(bbox.left + bbox.width, edge);
  ctx.stroke();
  ctx.fillStyle = ink;
  ctx.font = FONT.replace('11', String(11 * ratio));
  ctx.textAlign = 'right';
  ctx.textBaseline = 'bottom';
  ctx.fillText('exactly 0, below all of the axis', bbox.left + bbox.width - EDGE, edge - EDGE / 4);
  ctx.restore();
}

/** @param {Plot} chart @param {[number, number]} healthy @param {string} colour */
function drawHealthy(chart, healthy, colour) {
  const {ctx, bbox} = chart;
  const [bottom, top] = healthy.map((value) => chart.valToPos(value, 'y', true));
  ctx.save();
  ctx.globalAlpha = 0.14;
  ctx.fillStyle = colour;
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  ctx.globalAlpha = 1;
  ctx.font = FONT.replace('11', String(11 * (window.devicePixelRatio || 1)));
  ctx.textAlign = 'right';
  ctx.textBaseline = 'top';
  ctx.fillText(`usual where training goes well: log10 ${healthy.map((value) => number(Math.log10(value))).join(' … ')}`,
    bbox.left + bbox.width - EDGE, top + EDGE / 2);
  ctx.restore();
}
