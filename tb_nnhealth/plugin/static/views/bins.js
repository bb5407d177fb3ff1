// @ts-check
/** The bins of a histogram as they are shown: logarithmic to both sides of zero, and all that is next to nothing in one bin around it. */

import {decades, number} from '../format.js';

/**
 * The bins that are shown, from the lowest values up: the middle one is `centre`, -1 where there is none; those above it begin at 2 ** `inner`.
 * `shares[bin * columns + column]` is the share of the elements in it, `most` the largest.
 * @typedef {{bounds: [number, number][], centre: number, inner: number, columns: number, shares: Float32Array, most: number}} Bins
 */

const LOWEST_EXPONENT = -32;
const EXPONENTS = 48;
const ZERO = EXPONENTS;

/** Share of the elements that may stand in the middle although they are not zero: at no step are more of them as small. */
const NEXT_TO_NOTHING = 0.005;

/**
 * Returns the bins of a frame whose rows are those of `vocabulary.py`: all that ever held something, and those between.
 * @param {import('../api.js').Frame} frame @returns {Bins}
 */
export function binsOf({columns, planes: [values]}) {
  const row = (/** @type {number} */ bin) => values.subarray(bin * columns, (bin + 1) * columns);
  const used = (/** @type {number} */ sign) => Array.from({length: EXPONENTS}, (_, e) => e).filter((e) => row(ZERO + sign * (e + 1)).some((share) => share > 0));
  const [negative, positive] = [used(-1), used(1)];
  const small = new Float64Array(columns);
  let inner = 0;
  while (inner < EXPONENTS - 1 && row(ZERO - inner - 1).every((share, c) => !(small[c] + share + row(ZERO + inner + 1)[c] > NEXT_TO_NOTHING))) {
    row(ZERO - inner - 1).forEach((share, c) => (small[c] += (share || 0) + (row(ZERO + inner + 1)[c] || 0)));
    inner += 1;
  }
  const upTo = (/** @type {number[]} */ exponents) => Math.max(0, (exponents[exponents.length - 1] ?? -1) - inner + 1);
  const [below, above] = [upTo(negative), upTo(positive)];
  const merged = small.some((share) => share > 0);
  const hasCentre = merged || (below > 0 && above > 0) || !(below + above) || row(ZERO).some((share) => share > 0);
  const edge = (/** @type {number} */ e) => 2 ** (LOWEST_EXPONENT + inner + e);
  const centre = hasCentre ? below : -1;
  /** @type {[number, number][]} */
  const bounds = [];
  for (let e = below - 1; e >= 0; e--) bounds.push([-edge(e + 1), -edge(e)]);
  if (hasCentre) bounds.push(merged ? [-edge(0), edge(0)] : [0, 0]);
  for (let e = 0; e < above; e++) bounds.push([edge(e), edge(e + 1)]);
  const shares = new Float32Array(bounds.length * columns);
  bounds.forEach((_, bin) => {
    const from = bin < below ? ZERO - (inner + below - bin) : ZERO + inner + 1 + bin - below - Number(hasCentre);
    shares.set(bin === centre ? row(ZERO).map((share, c) => share + small[c]) : row(from), bin * columns);
  });
  const most = shares.reduce((best, share) => (share > best ? share : best), 0) || 1;
  return {bounds, centre, inner: LOWEST_EXPONENT + inner, columns, shares, most};
}

/** @param {import('../api.js').Frame} frame @param {import('./axis.js').StepAxis} axis @returns {number[]} the columns in view that hold a histogram */
export const columnsInView = ({columns, first, last, planes: [shares]}, axis) => Array.from({length: columns}, (_, column) => column)
  .filter((column) => last[column] >= axis.first && first[column] <= axis.last && !Number.isNaN(shares[column]));

/** @param {Bins} bins @param {number} bin @returns {string} what its elements are */
export function binText({bounds, centre}, bin) {
  const [low, high] = bounds[bin];
  if (bin === centre) return high === 0 ? 'exactly 0' : `within ±${number(high)}`;
  return `${number(low)} to ${number(high)}`;
}

/** @param {Bins} bins @param {number} value above zero, or below it @returns {number} its place on the axis: the bin b goes from b to b + 1 */
export function placeOf({centre, inner, bounds}, value) {
  const distance = Math.log2(Math.abs(value)) - inner;
  const below = centre < 0 ? bounds.filter(([low]) => low < 0).length : centre;
  return value < 0 ? below - distance : below + Number(centre >= 0) + distance;
}

/** @param {Bins} bins @param {number} apart bins that labels are apart at least @returns {{at: number, label: string}[]} what is written at the axis */
export function ticksOf(bins, apart) {
  const {bounds, centre} = bins;
  const [positive, negative] = [1, -1].map((sign) => {
    const sizes = bounds.filter(([low, high]) => sign * low >= 0 && sign * high >= 0 && low !== high).flat().map(Math.abs);
    return sizes.length ? decades(Math.min(...sizes), Math.max(...sizes), EXPONENTS).reverse().map((size) => sign * size) : [];
  });
  const found = centre < 0 ? [] : [{at: centre + 0.5, label: '0'}];
  for (const value of [...positive, ...negative]) {
    const at = placeOf(bins, value);
    if (found.every((other) => Math.abs(other.at - at) >= apart)) found.push({at, label: number(value)});
  }
  return found;
}

/** @param {Bins} bins @param {number} column @param {number} share @returns {[number, number] | null} the bin up to which that share of the elements lies, null where there is none */
function quantile({bounds, columns, shares}, column, share) {
  let sum = 0;
  for (let bin = 0; bin < bounds.length && column >= 0; bin++) {
    sum += shares[bin * columns + column];
    if (sum >= share - 1e-6) return bounds[bin];
  }
  return null;
}

/** @param {Bins} bins @param {number} column @returns {[string, string][]} what a histogram says in a few numbers, as far as its bins tell */
export function summary(bins, column) {
  const [few, half, most] = [0.05, 0.5, 0.95].map((share) => quantile(bins, column, share));
  if (!few || !half || !most) return [];
  const middle = Number(((half[0] + half[1]) / 2).toPrecision(1));
  return [['95 % below', number(most[1])], ['median', half[0] === half[1] ? '0' : `about ${number(middle)}`], ['95 % above', number(few[0])]];
}

/** @param {number} share */
export const shareText = (share) => (share > 0 && share < 0.001 ? 'under 0.1 %' : `${number(100 * Number(share.toPrecision(2)))} %`);
