// @ts-check
/** One chart over the shared steps: its name and values in the gutter, its lines on the right. */

import uPlot from '../vendor/uPlot.esm.js';
import {isLost} from '../api.js';
import {h} from '../dom.js';
import {decades, number, quantities, tickLabels, ticks} from '../format.js';
import {columnAt, columnBefore} from './axis.js';
import {drawAxis} from './cells.js';
import {alone, drawLost, drawMarks} from './marks.js';
import {lastTaken, lostSince} from './taken.js';
import {floorOf, raised} from './zero.js';

/**
 * A line: a row of a frame whose planes are value, lowest and highest. `whole` is its name where that is shortened; `lasts`: a value holds
 * until the next one.
 * @typedef {{name: string, whole?: string, frame: import('../api.js').Frame, row: number, colour?: number, lasts?: boolean}} Line
 * `marks`: steps at which something of a state begins.
 * @typedef {{title: string, unit: string, log: boolean, lines: Line[], height: number, bounds?: [number, number], meaning?: string,
 *   marks?: {step: number, state: string}[]}} Chart
 */

/** Pixels that the values' axis takes left of the lines, and that stay free right of them. */
const [LEFT, RIGHT] = [50, 12];

/** How far a logarithmic axis goes on below the place of zero. */
const BELOW_ZERO = 0.6;
const COLOURS = 6;

/** Pixels that two numbers on the axis are apart at least. */
const LABEL = 14;

export class Strip {
  /** @param {import('./axis.js').StepAxis} axis */
  constructor(axis) {
    this.axis = axis;
    /** @type {uPlot | null} */
    this.chart = null;
    /** @type {Chart | null} */
    this.shown = null;
    this.shape = '';
    /** Whether there is no value to draw: then no number stands on the axis. */
    this.nothing = false;
    /** Where zero stands on a logarithmic axis. @type {number | null} */
    this.floor = null;
    this.legend = h('div.legend');
    this.title = h('div.strip-title');
    this.plot = h('div.strip-plot');
    this.node = h('div.strip', {}, h('div.gutter', {}, this.title, this.legend), this.plot);
    this.listener = (/** @type {number | null} */ step, /** @type {unknown} */ source) => this.follow(step, source);
    axis.listeners.add(this.listener);
  }

  destroy() {
    this.axis.listeners.delete(this.listener);
    this.chart?.destroy();
  }

  /** @param {Chart} shown @param {boolean} dark */
  update(shown, dark) {
    this.shown = shown;
    this.node.style.setProperty('--height', `${shown.height}px`);
    this.title.textContent = shown.title;
    this.title.title = shown.meaning ?? '';
    const width = this.plot.clientWidth;
    if (width <= 0) return;
    const colours = shown.lines.map((line, index) => [line.name, colourOf(shown, index)]);
    const isPoint = shown.lines.every(({frame}) => frame.columns < 2);
    const shape = JSON.stringify([colours, shown.log, shown.height, dark, this.axis.log, isPoint]);
    if (shape !== this.shape) this.chart?.destroy();
    if (shape !== this.shape || !this.chart) {
      this.shape = shape;
      this.chart = new uPlot(this.options(shown, width), this.data(shown), this.plot);
    } else {
      if (this.chart.width !== width) this.chart.setSize({width, height: shown.height});
      this.chart.setData(this.data(shown));
    }
    this.values(null);
  }

  /** @param {Chart} shown @param {number} width @returns {object} uPlot's options */
  options(shown, width) {
    const style = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const colour = (name) => style.getPropertyValue(name).trim();
    const grid = {stroke: colour('--grid'), width: 1};
    const series = shown.lines.flatMap((line, index) => {
      const stroke = colour(colourOf(shown, index));
      const edge = {stroke: 'transparent', width: 0, points: {show: false}};
      const points = line.frame.columns > 1 ? {size: 4, ...(line.lasts ? {} : {filter: alone})} : {size: 9, fill: stroke};
      return [{stroke, width: 1.5, spanGaps: line.lasts ?? false, points}, edge, edge];
    });
    const bands = shown.lines.map((_, index) => ({
      series: [3 * index + 3, 3 * index + 2], fill: `${colour(colourOf(shown, index))}2e`,
    }));
    return {
      width, height: shown.height, padding: [11, RIGHT, 9, 0], legend: {show: false}, series: [{}, ...series], bands,
      scales: {
        x: {time: false, ...this.spacing(), range: () => [this.axis.first, this.axis.last]},
        y: {distr: shown.log ? 3 : 1, range: (/** @type {unknown} */ _, /** @type {number} */ low, /** @type {number} */ high) => this.range(low, high)},
      },
      axes: [
        {show: false, grid},
        {
          size: LEFT, gap: 4, font: '11px system-ui, sans-serif', stroke: colour('--dim'), grid, ticks: {show: false},
          splits: (/** @type {unknown} */ _, /** @type {unknown} */ __, /** @type {number} */ low, /** @type {number} */ high) => this.splits(low, high),
          filter: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => splits,
          values: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => this.labels(splits),
        },
      ],
      cursor: {y: false, drag: {x: true, y: false, setScale: false}, points: {size: 6}},
      hooks: {
        drawAxes: [(/** @type {uPlot} */ chart) => drawMarks(chart, this.shown?.marks ?? [], colour)],
        draw: [(/** @type {uPlot} */ chart) => this.shown && drawLost(chart, this.shown, colour('--error'))],
        setCursor: [(/** @type {uPlot} */ chart) => this.pointed(chart)],
        setSelect: [(/** @type {uPlot} */ chart) => this.selected(chart)],
        ready: [(/** @type {uPlot} */ chart) => chart.over.addEventListener('dblclick', () => this.axis.onzoom(null))],
      },
    };
  }

  /** @returns {object} how uPlot is to place the steps */
  spacing() {
    const {axis} = this;
    return axis.log ? {distr: 100, fwd: (/** @type {number} */ step) => axis.place(step), bwd: (/** @type {number} */ place) => axis.stepAt(place)} : {};
  }

  /** @param {number} low @param {number} high NaN or null where there are no values @returns {[number, number]} */
  range(low, high) {
    if (this.shown?.bounds) return this.shown.bounds;
    this.nothing = !Number.isFinite(low) || !Number.isFinite(high);
    if (this.nothing) return this.shown?.log ? [0.1, 1] : [0, 1];
    if (this.shown?.log) {
      const bottom = Math.floor(Math.log10(low));
      return [this.floor === null ? 10 ** bottom : this.floor * BELOW_ZERO, 10 ** Math.max(Math.ceil(Math.log10(high)), bottom + 1)];
    }
    const room = (high - low || Math.abs(high) || 1) * 0.08;
    return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
  }

  /** @param {number} low @param {number} high */
  splits(low, high) {
    if (this.nothing) return [];
    const most = Math.max(2, Math.floor((this.shown?.height ?? 80) / 30));
    if (!this.shown?.log) return ticks(low, high, most);
    const {floor} = this;
    if (floor === null) return decades(low, high, most);
    const apart = (high / low) ** (LABEL / (this.shown.height - 20));
    return [floor, ...decades(10 * floor, high, most).filter((value) => value >= floor * apart)];
  }

  /** @param {number[]} splits @returns {string[]} */
  labels(splits) {
    if (this.shown?.log) return splits.map((value) => (value === this.floor ? '0' : number(value)));
    return this.shown?.unit === 'fraction' ? tickLabels(splits.map((value) => 100 * value)).map((text) => `${text} %`) : tickLabels(splits);
  }

  /** @param {Chart} shown @returns {(number | null)[][]} */
  data(shown) {
    if (!shown.lines.length) return [[]];
    const [x, ...lines] = uPlot.join(shown.lines.map(({frame, row}) =>
      [Array.from(frame.first), ...frame.planes.slice(0, 3).map((plane) => drawable(plane.subarray(row * frame.columns, (row + 1) * frame.columns), shown.log))]));
    this.floor = shown.log ? floorOf(lines) : null;
    return [x, ...(this.floor === null ? lines : raised(lines, this.floor))];
  }

  /** @param {uPlot} chart */
  pointed(chart) {
    const {left} = chart.cursor;
    if (!chart.cursor.event) return;
    const step = left < 0 ? null : chart.posToVal(left, 'x');
    this.values(step);
    this.axis.point(step, this);
  }

  /** @param {uPlot} chart */
  selected(chart) {
    const {left, width} = chart.select;
    if (width < 4) return;
    this.axis.zoom(chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x'));
    chart.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
  }

  /** @param {number | null} step @param {unknown} source */
  follow(step, source) {
    if (source === this || !this.chart) return;
    const left = step === null ? -10 : this.chart.valToPos(step, 'x');
    this.chart.cursor.event = null;
    this.chart.setCursor({left, top: -10}, false);
    this.values(step);
  }

  /** What the legend says now, in one sentence. */
  get told() {
    const values = [...this.legend.children].map((line) => [...line.children].map(({textContent}) => textContent).join(' ').trim());
    return `${this.title.textContent}: ${values.join(', ')}`;
  }

  /** Writes each line's value at the step, the last one shown where there is none. @param {number | null} step */
  values(step) {
    const shown = /** @type {Chart} */ (this.shown);
    const columns = shown.lines.map(({frame, row, lasts}) =>
      lastTaken(frame, row, step === null || lasts ? columnBefore(frame, step ?? this.axis.last) : columnAt(frame, step)));
    const values = quantities(shown.lines.map(({frame, row}, index) =>
      (columns[index] < 0 ? NaN : frame.planes[0][row * frame.columns + columns[index]])), shown.unit);
    this.legend.replaceChildren(...shown.lines.map(({name, whole: full = name, frame, row}, index) => {
      const column = columns[index];
      const gone = column >= 0 && isLost(frame, row, column);
      return h('div.line', {title: full}, name ? h('span.swatch', {style: `background: var(${colourOf(shown, index)})`}) : null,
        h('span.name', {}, name), gone ? h('b.lost', {title: lostSince(frame, row, column)}, 'NaN') : h('b', {}, values[index]));
    }));
  }
}

/** @param {Chart} chart @param {number} index of a line @returns {string} the name of its colour */
const colourOf = ({lines}, index) => `--line-${((lines[index].colour ?? index) % COLOURS) + 1}`;

/** @param {Float32Array} values @param {boolean} log @returns {(number | null)[]} */
const drawable = (values, log) => Array.from(values, (value) => (Number.isFinite(value) && !(log && value < 0) ? value : null));

/**
 * Brings a list of parts to a length, with their nodes.
 * @template {{node: HTMLElement, destroy: () => void}} Part
 * @param {Part[]} parts @param {number} length @param {() => Part} make @param {HTMLElement} host
 */
export function resize(parts, length, make, host) {
  for (const part of parts.splice(length)) {
    part.node.remove();
    part.destroy();
  }
  while (parts.length < length) {
    const part = make();
    parts.push(part);
    host.append(part.node);
  }
}

/** @param {Strip} strip @returns {number} pixels that its lines have */
export const plotWidth = (strip) => strip.plot.clientWidth - LEFT - RIGHT;

/** Draws the steps' axis below strips, whose lines it stands under. @param {HTMLCanvasElement} canvas @param {Strip[]} strips @param {import('./axis.js').StepAxis} axis @param {boolean} dark */
export function drawSteps(canvas, strips, axis, dark) {
  const width = strips.length ? plotWidth(strips[0]) : 0;
  if (width > 0) drawAxis(canvas, axis, width, dark);
}
