// @ts-check
/** What the rows of a frame come to, column by column: of one row its own extremes, of several the extremes of all. */

/**
 * `bad`: elements that are NaN or infinite; null where there are none.
 * @typedef {{low: Float32Array, high: Float32Array, bad: Float32Array | null}} Extremes
 */

/** The extremes of a matrix, computed when they are first asked for. */
export class Summary {
  /** @param {import('../api.js').Frame} frame the farthest values, the other extremes and, where there are some, the NaN and Inf */
  constructor(frame) {
    this.frame = frame;
    /** @type {Map<string, Extremes>} */
    this.known = new Map();
  }

  /** @param {{key: string, rows: number[]}} item @returns {Extremes} */
  of({key, rows}) {
    const id = `${rows.length} ${key}`;
    const known = this.known.get(id);
    if (known) return known;
    const extremes = this.over(rows);
    this.known.set(id, extremes);
    return extremes;
  }

  /** @param {number[]} rows @returns {Extremes} */
  over(rows) {
    const {columns, planes: [far, near, counts]} = this.frame;
    const low = new Float32Array(columns).fill(NaN);
    const high = new Float32Array(columns).fill(NaN);
    const bad = counts ? new Float32Array(columns) : null;
    for (const row of rows) {
      const start = row * columns;
      for (let c = 0; c < columns; c++) {
        const [one, other] = [far[start + c], near[start + c]];
        if (!(low[c] <= one)) low[c] = one === one ? one : low[c];
        if (!(low[c] <= other)) low[c] = other === other ? other : low[c];
        if (!(high[c] >= one)) high[c] = one === one ? one : high[c];
        if (!(high[c] >= other)) high[c] = other === other ? other : high[c];
        if (bad && counts[start + c] > bad[c]) bad[c] = counts[start + c];
      }
    }
    return {low, high, bad};
  }

  /** @param {number[]} rows @param {number} column @param {number} value @returns {number | null} the first row that has it */
  whose(rows, column, value) {
    const {columns, planes: [far, near]} = this.frame;
    return rows.find((row) => far[row * columns + column] === value || near[row * columns + column] === value) ?? null;
  }
}
