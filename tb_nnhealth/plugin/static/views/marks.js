// @ts-check
/** What is marked in a chart: where findings begin, where a line is NaN, and points without a line. */

import {isLost} from '../api.js';

/**
 * @typedef {import('./strip.js').Chart} Chart
 * @typedef {import('../vendor/uPlot.esm.js').default} uPlot
 */

/** Pixels of a mark where a line is NaN. */
const MARK = 4;

/** Pixels of the dashes of a line where a finding begins. */
const DASH = 3;

/** Draws a line where something begins. @param {uPlot} chart @param {NonNullable<Chart['marks']>} marks @param {(name: string) => string} colour */
export function drawMarks(chart, marks, colour) {
  const {ctx, bbox} = chart;
  const ratio = window.devicePixelRatio || 1;
  ctx.save();
  ctx.setLineDash([DASH * ratio, DASH * ratio]);
  ctx.lineWidth = ratio;
  for (const {step, state} of marks) {
    const x = Math.round(chart.valToPos(step, 'x', true)) + 0.5;
    ctx.strokeStyle = colour(`--${state}`);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** Marks along the lower edge where a line is NaN. @param {uPlot} chart @param {Chart} shown @param {string} colour */
export function drawLost(chart, shown, colour) {
  const {ctx, bbox} = chart;
  const ratio = window.devicePixelRatio || 1;
  ctx.save();
  ctx.fillStyle = colour;
  for (const {frame, row} of shown.lines) {
    for (let column = 0; column < frame.columns; column++) {
      if (!isLost(frame, row, column)) continue;
      const [left, right] = [frame.first[column], frame.last[column]].map((step) => chart.valToPos(step, 'x', true));
      if (right >= bbox.left && left <= bbox.left + bbox.width) {
        ctx.fillRect(left - MARK * ratio / 2, bbox.top + bbox.height - MARK * ratio, right - left + MARK * ratio, MARK * ratio);
      }
    }
  }
  ctx.restore();
}

/**
 * Which points are drawn: all where there is room for them, and else those that stand between two gaps, without a line.
 * @param {uPlot} chart @param {number} series @param {boolean} room @returns {number[] | null} null = all
 */
export function alone({data}, series, room) {
  if (room) return null;
  const values = data[series];
  const own = [...values.keys()].filter((i) => values[i] !== undefined); // The others are samples of another line.
  return own.filter((i, at) => values[i] !== null && (values[own[at - 1]] ?? null) === null && (values[own[at + 1]] ?? null) === null);
}
