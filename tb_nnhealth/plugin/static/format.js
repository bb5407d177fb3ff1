// @ts-check
/** Numbers, steps and names as people read them. */

const WHOLE = new Intl.NumberFormat('en', {maximumFractionDigits: 0});

/** Significant digits of a number, and of those that would read the same. */
const [DIGITS, MOST_DIGITS] = [3, 7];

/** @param {number | null | undefined} value @returns {string} three significant digits; "–" = not measured */
export const number = (value) => rounded(value, DIGITS);

/** @param {number | null | undefined} value @param {number} digits @returns {string} */
function rounded(value, digits) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e6 || size < 1e-3) return minus(value.toExponential(digits - 2).replace(/\.?0*e\+?/, 'e'));
  if (Number.isInteger(value) || size >= 1000) {
    const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
    return minus(decimals ? value.toLocaleString('en', {maximumFractionDigits: decimals}) : WHOLE.format(value));
  }
  return minus(String(Number(value.toPrecision(digits))));
}

/** What a finding has as the unit of its number, and is the name of it: it stands before the number. */
export const NAMES = ['label', 'target', 'learning rate', 'accuracy'];

const UNITLESS = ['', 'ratio', '0 or 1', ...NAMES];

/** Begins the unit of a share that tells of what it is one: "of the batches". */
const OF = 'of the ';

/** @param {number | null | undefined} value @param {string} [unit] */
export const quantity = (value, unit = '') => measure(value, unit, DIGITS);

/** @param {number | null | undefined} value @param {string} unit @param {number} digits */
function measure(value, unit, digits) {
  if (value === null || value === undefined || !Number.isFinite(value)) return number(value);
  if (unit === 'fraction') return `${rounded(100 * value, digits)} %`;
  if (unit.startsWith(OF)) return `${rounded(100 * value, digits)} % ${unit}`;
  const told = rounded(value, digits);
  return UNITLESS.includes(unit) ? told : `${told} ${told === '1' ? unit.replace(/(?<=[a-z])s$/, '') : unit}`;
}

/** @param {number[]} values that stand together @param {string} [unit] @returns {string[]} with as many digits as tell those apart that differ, as far as a float32 does */
export function quantities(values, unit = '') {
  const apart = new Set(values).size;
  const tries = Array.from({length: MOST_DIGITS - DIGITS + 1}, (_, more) => values.map((value) => measure(value, unit, DIGITS + more)));
  return tries.find((told) => new Set(told).size === apart) ?? tries[tries.length - 1];
}

/** @param {number} value @param {string} [unit] @returns {string} with all digits that a float32 is good for */
export function exact(value, unit = '') {
  if (unit.startsWith(OF)) return `${exact(value, 'fraction')} ${unit}`;
  const isShare = unit === 'fraction';
  const given = isShare ? 100 * value : value;
  if (!Number.isFinite(given) || Number.isInteger(given)) return quantity(value, unit);
  const size = Math.abs(given);
  const digits = Number(given.toPrecision(7));
  const text = minus(size >= 1e6 || size < 1e-3 ? digits.toExponential().replace('e+', 'e') : String(digits));
  return isShare ? `${text} %` : UNITLESS.includes(unit) ? text : `${text} ${unit}`;
}

/** @param {number} value */
export const whole = (value) => minus(WHOLE.format(value));

/** @param {number} count 50890 -> "50.9 k" */
export function short(count) {
  for (const [size, letter] of /** @type {[number, string][]} */ ([[1e9, 'G'], [1e6, 'M'], [1e3, 'k']])) {
    if (count >= size) return `${Number((count / size).toPrecision(3))} ${letter}`;
  }
  return String(count);
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 60) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 86400 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

/** @param {number} count @param {string} word @param {string} [several] */
export const plural = (count, word, several = `${word}s`) => `${whole(count)} ${Math.round(count) === 1 ? word : several}`;

/** @param {number | null} first @param {number | null} last */
export function steps(first, last) {
  if (first === null || first === undefined) return '';
  return last === null || last === undefined || last === first
    ? `step ${whole(first)}`
    : `steps ${whole(first)}–${whole(last)}`;
}

/** @param {string} name "update_ratio" -> "update ratio" */
export const words = (name) => name.replace(/[_-]/g, ' ');

/**
 * @param {Record<string, any>} found a finding, or a change of one
 * @returns {string[]} the places that people are told: the variable, or else its layer, and the tensor of the batch
 */
export const where = ({variable, layer, tensor}) => [variable ?? layer, tensor].filter(Boolean);

/** A name, shortened in its middle: its beginning and its end tell it from others. @param {string} text @param {number} [most] letters */
export function shortened(text, most = 200) {
  const letters = text.length > most ? [...text] : [];
  if (letters.length <= most) return text;
  const end = Math.ceil((most - 1) / 2);
  return `${letters.slice(0, most - 1 - end).join('')}…${letters.slice(-end).join('')}`;
}

/** @param {string} text @param {string} [end] @returns {string} with a capital (names stay), and a stop where it has no end */
export const sentence = (text, end = '.') =>
  text.replace(/^[a-z]+(?=[ ,-]|$)/, (word) => word[0].toUpperCase() + word.slice(1)) + (!text || /[.!?:…]$/.test(text) ? '' : end);

/** @param {string} text */
const minus = (text) => text.replace('-', text.includes('e') ? '-' : '−').replace(/^-/, '−');

/** Ticks of which at least two are looked for. */
const MOST_TRIED = 8;

/** @param {number} low @param {number} high @param {number} most @returns {number[]} round values between the two */
export function ticks(low, high, most) {
  const rough = (high - low) / Math.max(1, most);
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const gap = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const found = [];
  for (let i = Math.ceil(low / gap); i * gap <= high * (1 + 1e-12); i++) found.push(Number((i * gap).toPrecision(12)));
  return found.length > 1 || most > MOST_TRIED ? found : ticks(low, high, 2 * most); // One value tells no size.
}

/** @param {number[]} values evenly spaced @returns {string[]} with as many decimals as tell them apart */
export function tickLabels(values) {
  const gap = values.length > 1 ? Math.abs(values[1] - values[0]) : 0;
  const size = Math.max(...values.map(Math.abs));
  if (gap <= 0 || size >= 1e6 || gap < 1e-4) return values.map(number);
  const decimals = Math.max(0, -Math.floor(Math.log10(gap) + 1e-9));
  return values.map((value) => minus(value.toLocaleString('en', {minimumFractionDigits: decimals, maximumFractionDigits: decimals})));
}

/** @param {number} low @param {number} high both > 0 @param {number} most @returns {number[]} powers of ten, or 1, 2, 5 between */
export function decades(low, high, most) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const inside = (/** @type {number} */ value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const powers = Array.from({length: last - first + 1}, (_, i) => Number(`1e${first + i}`));
  const tens = powers.filter(inside);
  if (tens.length < 2) return powers.flatMap((power) => [power, 2 * power, 5 * power]).filter(inside);
  const gap = Math.ceil(tens.length / most);
  return tens.filter((_, i) => i % gap === 0);
}
