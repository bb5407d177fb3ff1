// @ts-check
/** From a statistic's values to colours, in perceptual order: lightness never turns back. */

import {decades, number, quantity, tickLabels, ticks} from './format.js';

/**
 * @typedef {{kind: 'log' | 'linear' | 'signed', low: number, high: number, beyond: boolean, unit: string}} Scale
 * @typedef {[number, number, number]} Rgb
 */

const LEVELS = 256;
const LOG = /(norm|rms|ratio|absmax|std|std_min|std_max)$/;
const SIGNED = /(mean|skewness|kurtosis|_min|_max)$/;
const MOST_DECADES = 12;

/** @param {string} statistic @returns {Scale['kind']} */
export function kindOf(statistic) {
  if (LOG.test(statistic)) return 'log';
  return SIGNED.test(statistic) ? 'signed' : 'linear';
}

/** @param {string} statistic @param {string} unit @param {Float32Array} values @returns {Scale} */
export function scaleFor(statistic, unit, values) {
  const kind = kindOf(statistic);
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (kind === 'log' && value <= 0) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) [low, high] = kind === 'log' ? [1e-3, 1] : [0, 1];
  if (kind === 'log') return {kind, ...logBounds(low, high), unit};
  if (kind === 'signed') {
    const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return {kind, low: -size, high: size, beyond: false, unit};
  }
  if (unit === 'fraction' || unit === '0 or 1') return {kind, low: 0, high: 1, beyond: false, unit};
  return {kind, low: Math.min(0, low), high: high > 0 ? high : 1, beyond: false, unit};
}

/** @param {number} low @param {number} high @returns {{low: number, high: number, beyond: boolean}} beyond: some lie below */
function logBounds(low, high) {
  const bottom = Math.max(low, high * 10 ** -MOST_DECADES);
  if (high / bottom < 10) return {low: high / 10, high: high * 1.05, beyond: false};
  return {low: bottom, high, beyond: low < bottom};
}

/** @param {Scale} scale @param {number} value finite @returns {number} place on the scale, 0 to 1 */
export function place(scale, value) {
  if (scale.kind === 'log') {
    if (value <= 0) return 0;
    return clamp(Math.log(value / scale.low) / Math.log(scale.high / scale.low));
  }
  return clamp((value - scale.low) / (scale.high - scale.low));
}

/** @param {number} x */
const clamp = (x) => Math.min(1, Math.max(0, x));

/** @param {Scale} scale @returns {{at: number, label: string}[]} */
export function legendTicks(scale) {
  const values = scale.kind === 'log' ? decades(scale.low, scale.high, 4) : ticks(scale.low, scale.high, 4);
  const shown = values.length > 1 ? values : [scale.low, scale.high];
  const labels = scale.unit === 'fraction' ? shown.map((value) => quantity(value, 'fraction'))
    : scale.kind === 'log' ? shown.map(number) : tickLabels(shown);
  return shown.map((value, index) => ({
    at: place(scale, value),
    label: scale.beyond && index === 0 ? `≤ ${labels[index]}` : labels[index],
  }));
}

/** @param {Scale['kind']} kind @param {boolean} dark @returns {Uint32Array} 256 colours as canvas pixels (ABGR) */
export function palette(kind, dark) {
  const colours = new Uint32Array(LEVELS);
  for (let i = 0; i < LEVELS; i++) {
    const [r, g, b] = colour(kind, i / (LEVELS - 1), dark);
    colours[i] = 0xff000000 | (b << 16) | (g << 8) | r;
  }
  return colours;
}

/** Infinite values: outside the scale's hues on purpose. @type {Rgb} */
export const INFINITE = [230, 0, 80];

/** @param {Scale['kind']} kind @param {number} at 0 to 1 @param {boolean} dark @returns {Rgb} */
export function colour(kind, at, dark) {
  if (kind !== 'signed') return oklch(0.25 + 0.68 * at, 0.075 + 0.075 * Math.sin(Math.PI * (0.15 + 0.8 * at)), 300 - 200 * at);
  const side = 2 * at - 1;
  const size = Math.abs(side) ** 0.8;
  const lightness = dark ? 0.3 + 0.5 * size : 0.97 - 0.47 * size;
  return oklch(lightness, 0.16 * size, side < 0 ? 255 : 45);
}

/**
 * Björn Ottosson's OKLab, from polar coordinates to sRGB.
 * @param {number} l lightness, 0 to 1 @param {number} c chroma @param {number} hue degrees @returns {Rgb}
 */
function oklch(l, c, hue) {
  const a = c * Math.cos((hue * Math.PI) / 180);
  const b = c * Math.sin((hue * Math.PI) / 180);
  const [x, y, z] = [
    (l + 0.3963377774 * a + 0.2158037573 * b) ** 3,
    (l - 0.1055613458 * a - 0.0638541728 * b) ** 3,
    (l - 0.0894841775 * a - 1.291485548 * b) ** 3,
  ];
  return [
    gamma(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z),
    gamma(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z),
    gamma(-0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z),
  ];
}

/** @param {number} linear @returns {number} 0 to 255 */
function gamma(linear) {
  const x = clamp(linear);
  return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055));
}
