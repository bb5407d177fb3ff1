// @ts-check
/** The steps' axis that the loss, the heat map and the layer's charts share. */

/**
 * The part of the steps on the screen, and the step under the pointer, for all that draw over it.
 * @typedef {(step: number | null, source: unknown) => void} Listener
 */
export class StepAxis {
  constructor() {
    this.first = 0;
    this.last = 1;
    /** @type {Set<Listener>} */
    this.listeners = new Set();
    /** @type {(range: {first: number, last: number} | null) => void} */
    this.onzoom = () => {};
  }

  /** @param {number} first @param {number} last */
  set(first, last) {
    this.first = first;
    this.last = Math.max(last, first + 1);
  }

  /** @param {number} step @param {number} width pixels */
  toPixel(step, width) {
    return ((step - this.first) / (this.last - this.first)) * width;
  }

  /** @param {number} pixel @param {number} width pixels */
  toStep(pixel, width) {
    return this.first + (pixel / width) * (this.last - this.first);
  }

  /** @param {number | null} step null = the pointer has left @param {unknown} source */
  point(step, source) {
    for (const listener of this.listeners) listener(step, source);
  }

  /** @param {number} from step @param {number} to step */
  zoom(from, to) {
    const first = Math.max(0, Math.floor(Math.min(from, to)));
    const last = Math.ceil(Math.max(from, to));
    if (last - first >= 2) this.onzoom({first, last});
  }
}

/**
 * Returns the column nearest to a step, -1 where there is none.
 * @param {import('../api.js').Frame} frame @param {number} step
 */
export function columnAt(frame, step) {
  let low = 0;
  let high = frame.columns - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (frame.first[middle] <= step) low = middle;
    else high = middle - 1;
  }
  if (low + 1 < frame.columns && frame.first[low + 1] - step < step - frame.last[low]) return low + 1;
  return frame.columns ? low : -1;
}

/**
 * Returns where each column begins on the axis: half-way to the one before; one more entry, the end.
 * @param {import('../api.js').Frame} frame
 */
export function columnEdges(frame) {
  const {columns, first, last} = frame;
  const edges = new Float64Array(columns + 1);
  for (let c = 1; c < columns; c++) edges[c] = (last[c - 1] + first[c]) / 2;
  if (!columns) return edges;
  const before = columns > 1 ? edges[1] - last[0] : 0.5;
  const after = columns > 1 ? first[columns - 1] - edges[columns - 1] : 0.5;
  edges[0] = Math.max(0, first[0] - before);
  edges[columns] = last[columns - 1] + after;
  return edges;
}
