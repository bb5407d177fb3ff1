// @ts-check
/** Numbers, steps and names as people read them. */

const WHOLE = new Intl.NumberFormat('en', {maximumFractionDigits: 0});

/** @param {number | null | undefined} value @returns {string} three significant digits; "–" = not measured */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e6 || size < 1e-3) return minus(value.toExponential(1).replace('.0e', 'e').replace('e+', 'e'));
  if (Number.isInteger(value) || size >= 1000) return minus(WHOLE.format(value));
  return minus(String(Number(value.toPrecision(3))));
}

/** @param {number | null | undefined} value @param {string} [unit] */
export function quantity(value, unit = '') {
  if (value === null || value === undefined || !Number.isFinite(value)) return number(value);
  if (unit === 'fraction') return `${number(100 * value)} %`;
  return ['', 'ratio', '0 or 1'].includes(unit) ? number(value) : `${number(value)} ${unit}`;
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
export const plural = (count, word, several = `${word}s`) => `${whole(count)} ${count === 1 ? word : several}`;

/** @param {number | null} first @param {number | null} last */
export function steps(first, last) {
  if (first === null || first === undefined) return '';
  return last === null || last === undefined || last === first
    ? `step ${whole(first)}`
    : `steps ${whole(first)}–${whole(last)}`;
}

/** @param {string} name "update_ratio" -> "update ratio" */
export const words = (name) => name.replace(/[_-]/g, ' ');

/** @param {string} text "Gradients vanish" -> "gradients vanish", but "NaN …" stays */
export const inSentence = (text) => (/^[A-Z][a-z]+\b/.test(text) ? text[0].toLowerCase() + text.slice(1) : text);

/** @param {string} text */
const minus = (text) => text.replace('-', text.includes('e') ? '-' : '−').replace(/^-/, '−');

/** @param {number} low @param {number} high @param {number} most @returns {number[]} round values between the two */
export function ticks(low, high, most) {
  const rough = (high - low) / Math.max(1, most);
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const gap = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const found = [];
  for (let i = Math.ceil(low / gap); i * gap <= high * (1 + 1e-12); i++) found.push(Number((i * gap).toPrecision(12)));
  return found;
}

/** @param {number} low @param {number} high both > 0 @param {number} most @returns {number[]} powers of ten */
export function decades(low, high, most) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const gap = Math.max(1, Math.ceil((last - first + 1) / most));
  const found = [];
  for (let e = first; e <= last; e += gap) found.push(10 ** e);
  return found;
}
