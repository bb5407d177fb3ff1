// @ts-check
/** A statistic against depth: which can be shown, of which rows, and their values at one step of the window. */

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('../api.js').Frame} Frame
 * A frame, and the statistic that it holds. @typedef {Frame & {statistic: string}} FlowFrame
 * @typedef {{table: string, statistic: string, title: string}} Flow
 * The extremes of each row over the window. @typedef {{low: Float32Array, high: Float32Array}} Spread
 */

/** @type {Flow[]} */
export const FLOWS = [
  {table: 'variables', statistic: 'gradient_rms', title: 'Gradient'},
  {table: 'activations', statistic: 'output_gradient_rms', title: 'Gradient into output'},
  {table: 'variables', statistic: 'update_ratio', title: 'Update ÷ weight'},
  {table: 'variables', statistic: 'gradient_ratio', title: 'Gradient ÷ weight'},
  {table: 'activations', statistic: 'activation_std', title: 'Output'},
];

/** Variables beside the weights proper: their scale is not that of their layer. */
const BESIDE = /(^|\/)(bias|beta|gamma|recurrent_bias)$/;

/** @param {Json} facts @param {Flow} flow */
export const isMeasured = (facts, {table, statistic}) =>
  Boolean(facts.tables[table]?.columns.some((/** @type {Json} */ column) => column.name === statistic && column.measured));

/** @param {Json} facts @param {string | null} wanted statistic @returns {Flow | null} it, or the first that was measured */
export function flowOf(facts, wanted) {
  const able = FLOWS.filter((flow) => isMeasured(facts, flow));
  return able.find((flow) => flow.statistic === wanted) ?? able[0] ?? null;
}

/** @param {string[]} rows @param {boolean} all @returns {number[]} those shown, by their number: weights alone, or all where there are none */
export function shownRows(rows, all) {
  const every = rows.map((_, index) => index);
  const weights = every.filter((index) => !BESIDE.test(rows[index]));
  return all || !weights.length ? every : weights;
}

/** @param {string[]} rows @returns {boolean} whether some stand beside the weights */
export const hasOthers = (rows) => rows.some((row) => BESIDE.test(row)) && !rows.every((row) => BESIDE.test(row));

/** @param {Json} facts @param {string} table @returns {number[][]} of each row the outputs that its layer leads to */
export function branchesOf({model, tables}, table) {
  const own = new Map(model.layers.flatMap((/** @type {Json} */ layer) =>
    [...layer.variables, ...layer.rows].map((row) => [row, layer.leads_to])));
  const every = model.layers.reduce((/** @type {number[]} */ most, /** @type {Json} */ {leads_to: branch}) => (branch.length > most.length ? branch : most), []);
  return tables[table].rows.map((/** @type {string} */ row) => own.get(row) ?? every);
}

/** @param {number[]} rows @param {number[][]} branches of all rows @returns {number[]} by depth: what several outputs come of, then each one's own together */
export const inDepth = (rows, branches) => [...rows].sort((a, b) => {
  const [one, other] = [branches[a], branches[b]];
  const at = one.findIndex((head, index) => head !== other[index]);
  return other.length - one.length || (at < 0 ? 0 : one[at] - other[at]);
});

/** @param {number[][]} own in the order of depth @returns {number[]} the places before which a line ends: what comes next stands beside them */
export const breaksOf = (own) => own.map((_, index) => index).slice(1)
  .filter((index) => !own[index].every((head) => own[index - 1].includes(head)));

/** @param {number[][]} own in the order of depth @returns {[number, number][]} the first and the last of what leads to each output */
export function endsOf(own) {
  const heads = [...new Set(own.flat())].sort((a, b) => a - b);
  const places = heads.map((head) => own.map((_, index) => index).filter((index) => own[index].includes(head)));
  const found = places.map((known) => JSON.stringify([known[0], known[known.length - 1]]));
  return [...new Set(found)].map((pair) => JSON.parse(pair));
}

/** @param {Frame} frame @param {import('../api.js').Range} range @returns {number[]} the columns that lie in the range, the one before it where none does */
export function columnsIn(frame, range) {
  const every = Array.from({length: frame.columns}, (_, column) => column);
  const inside = every.filter((column) => isIn(frame, column, range));
  return inside.length ? inside : [Math.max(0, every.filter((column) => frame.first[column] < (range?.first ?? 0)).length - 1)];
}

/** @param {Frame} frame @param {number} column @param {import('../api.js').Range} range */
export const isIn = (frame, column, range) => !range || (frame.last[column] >= range.first && frame.first[column] <= range.last);

/** @param {Frame} frame @param {number[]} rows @param {number[]} columns the window @returns {Spread} */
export function spread(frame, rows, columns) {
  const [, lowest, highest] = frame.planes;
  /** @param {Float32Array} plane @param {(a: number, b: number) => boolean} isFarther */
  const extreme = (plane, isFarther) => Float32Array.from(rows, (row) =>
    columns.reduce((found, column) => {
      const other = plane[row * frame.columns + column];
      return Number.isFinite(other) && !(found === found && !isFarther(other, found)) ? other : found;
    }, NaN));
  return {low: extreme(lowest, (a, b) => a < b), high: extreme(highest, (a, b) => a > b)};
}

/** @param {Frame} frame @param {number[]} rows @param {number} column @returns {Float32Array} the values of the rows at one step */
export const valuesAt = (frame, rows, column) => Float32Array.from(rows, (row) => frame.planes[0][row * frame.columns + column]);

/** @param {Json} facts @param {Flow} flow @returns {[number, number] | null} what its values are between in a training that goes well */
export function healthyOf({bands}, {statistic}) {
  const {usual = null, high = null} = bands[statistic] ?? {};
  return usual === null || high === null || usual >= high ? null : [usual, high];
}

/** @param {Spread} spread @returns {boolean} whether something was exactly zero */
export const hasZero = ({low}) => low.some((value) => value === 0);

/**
 * Returns whole decades that hold all that is above 0, and one more below them for what is 0.
 * @param {Spread} spread @param {[number, number] | null} healthy values of a training that goes well @returns {[number, number]}
 */
export function decadesOf(spread, healthy) {
  const positive = [...spread.low, ...spread.high, ...(healthy ?? [])].filter((value) => value > 0);
  const bottom = Math.floor(Math.log10(Math.min(...positive, positive.length ? Infinity : 0.1)) + 1e-6);
  const top = Math.ceil(Math.log10(Math.max(...positive, positive.length ? 0 : 1)) - 1e-6);
  return [10 ** (hasZero(spread) ? bottom - 1 : bottom), 10 ** Math.max(top, bottom + 1)];
}
