// @ts-check
/** From a statistic's values to colours, in perceptual order: lightness never turns back. */

import {decades, number, quantity, tickLabels, ticks} from './format.js';

/**
 * `kind` chooses the colours: those of a band are neutral in it, and apart on its two sides. `beyond`: some values lie below.
 * Between which limits the rules leave a statistic alone; null = no limit on that side. `worst`: above `high`, from where on a rule may find an error.
 * @typedef {{low: number | null, high: number | null, worst?: number | null}} Band
 * @typedef {{kind: 'log' | 'linear' | 'signed' | 'band', log: boolean, low: number, high: number, beyond: boolean, unit: string, band: Band | null}} Scale
 * @typedef {[number, number, number]} Rgb
 */

const LEVELS = 256;
const LOG = /(norm|rms|ratio|absmax|std|std_min|std_max)$/;
const SIGNED = /(mean|skewness|kurtosis|_min|_max)$/;
const MOST_DECADES = 12;

/** Between two labels of a legend. */
const LEAST_ROOM = 0.1;

/** How far outside a band the colours are strongest: a hundred times. */
const FAR = 100;

/** @param {string} statistic @returns {'log' | 'linear' | 'signed'} */
export function kindOf(statistic) {
  if (LOG.test(statistic)) return 'log';
  return SIGNED.test(statistic) ? 'signed' : 'linear';
}

/** @param {string} statistic @param {string} unit @param {Float32Array[]} planes of a matrix: the farthest values first @param {Band | null} band @returns {Scale} */
export function scaleFor(statistic, unit, planes, band) {
  const kind = kindOf(statistic);
  const log = kind === 'log';
  const isFixed = log && band?.low && band.high;
  const {low, high} = boundsOf(isFixed ? [] : planes, log);
  if (band) return {kind: 'band', log, ...aroundBand(band, log, unit, low, high), beyond: false, unit, band};
  if (log) return {kind, log, ...logBounds(low, high), unit, band};
  return {kind, log, ...linearBounds(kind, unit, low, high), beyond: false, unit, band};
}

/** @param {Float32Array[]} planes @param {boolean} log @returns {{low: number, high: number}} of what is finite, and above 0 on a logarithmic scale */
function boundsOf(planes, log) {
  let low = Infinity;
  let high = -Infinity;
  for (const plane of planes.slice(0, 2)) {
    for (let i = 0; i < plane.length; i++) {
      const value = plane[i];
      if (!Number.isFinite(value) || (log && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low <= high) return {low, high};
  return log ? {low: 1e-3, high: 1} : {low: 0, high: 1};
}

/** @param {'linear' | 'signed'} kind @param {string} unit @param {number} low @param {number} high @returns {{low: number, high: number}} */
function linearBounds(kind, unit, low, high) {
  const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
  if (kind === 'signed') return {low: -size, high: size};
  if (isShare(unit)) return {low: 0, high: 1};
  return {low: Math.min(0, low), high: high > 0 ? high : 1};
}

/** @param {string} unit */
const isShare = (unit) => unit === 'fraction' || unit === '0 or 1';

/** @param {Band} band @param {boolean} log @param {string} unit @param {number} low @param {number} high of the values @returns {{low: number, high: number}} */
function aroundBand(band, log, unit, low, high) {
  if (isShare(unit)) return {low: 0, high: 1};
  if (log) return {low: (band.low ?? low) / FAR, high: (band.high ?? high) * FAR};
  return {low: Math.min(0, low), high: Math.max(high, 2 * (band.high ?? 1))};
}

/** @param {number} low @param {number} high @returns {{low: number, high: number, beyond: boolean}} beyond: some lie below */
function logBounds(low, high) {
  const bottom = Math.max(low, high * 10 ** -MOST_DECADES);
  return {low: Math.min(bottom, high / 10), high, beyond: low < bottom};
}

/** @param {Scale} scale @param {number} value finite @returns {number} place on the scale, 0 to 1 */
export function place(scale, value) {
  if (scale.log) {
    if (value <= 0) return 0;
    return clamp(Math.log(value / scale.low) / Math.log(scale.high / scale.low));
  }
  return clamp((value - scale.low) / (scale.high - scale.low));
}

/** @param {number} x */
export const clamp = (x) => Math.min(1, Math.max(0, x));

/** @param {Scale} scale @param {number} at 0 to 1 along the legend @param {boolean} dark @returns {Rgb} */
export const legendColour = (scale, at, dark) => colour(scale, scale.unit === '0 or 1' ? Math.round(at) : at, dark);

/** @param {Scale} scale @returns {{at: number, label: string}[]} */
export function legendTicks(scale) {
  if (scale.unit === '0 or 1') return [{at: 0.25, label: '0'}, {at: 0.75, label: '1'}];
  if (scale.band) return bandTicks(scale, scale.band);
  const values = scale.log ? decades(scale.low, scale.high, 4) : ticks(scale.low, scale.high, 4);
  const shown = values.length > 1 ? values : [scale.low, scale.high];
  const labels = scale.unit === 'fraction' ? shown.map((value) => quantity(value, 'fraction'))
    : scale.log ? shown.map(number) : tickLabels(shown);
  return shown.map((value, index) => ({
    at: place(scale, value),
    label: scale.beyond && index === 0 ? `≤ ${labels[index]}` : labels[index],
  }));
}

/** @param {Scale} scale @param {Band} band @returns {{at: number, label: string}[]} its ends, and the limits */
function bandTicks(scale, band) {
  const isBounded = isShare(scale.unit);
  /** @type {[number | null, string][]} */
  const values = [[scale.low, scale.log ? '≤ ' : ''], [band.low, ''], [band.high, ''], [band.worst ?? null, ''], [scale.high, isBounded ? '' : '≥ ']];
  let taken = -1;
  return values.flatMap(([value, sign]) => {
    const at = value === null ? 0 : place(scale, value);
    if (value === null || at - taken < LEAST_ROOM) return [];
    taken = at;
    return [{at, label: sign + quantity(value, scale.unit)}];
  });
}

/** @param {Scale} scale @param {boolean} dark @returns {Uint32Array} 256 colours as canvas pixels (ABGR) */
export function palette(scale, dark) {
  const colours = new Uint32Array(LEVELS);
  for (let i = 0; i < LEVELS; i++) {
    const [r, g, b] = colour(scale, i / (LEVELS - 1), dark);
    colours[i] = 0xff000000 | (b << 16) | (g << 8) | r;
  }
  return colours;
}

/** @param {Scale} scale @param {number} at 0 to 1 @param {boolean} dark @returns {Rgb} */
export function colour(scale, at, dark) {
  if (scale.band) return bandColour(scale, scale.band, at, dark);
  if (scale.kind !== 'signed') return oklch(0.25 + 0.68 * at, 0.075 + 0.075 * Math.sin(Math.PI * (0.15 + 0.8 * at)), 300 - 200 * at);
  const side = 2 * at - 1;
  const size = Math.abs(side) ** 0.8;
  const lightness = dark ? 0.3 + 0.5 * size : 0.97 - 0.47 * size;
  return oklch(lightness, 0.16 * size, side < 0 ? BELOW : ABOVE);
}

/** Hues, in degrees, that people tell apart who do not see red, green or blue: blue and orange. */
const [BELOW, ABOVE] = [255, 45];

/** How much of its colour a value has that is as bad as a warning at most: a step beyond that limit is no finding yet. */
const FAINT = 0.12;

/** Inside the band one grey; outside it a colour, faint up to the worst limit, then the stronger the farther. @param {Scale} scale @param {Band} band @param {number} at @param {boolean} dark */
function bandColour(scale, band, at, dark) {
  const from = band.low === null ? 0 : place(scale, band.low);
  const to = band.high === null ? 1 : place(scale, band.high);
  if (at >= from && at <= to) return dark ? oklch(0.36, 0.012, 250) : oklch(0.915, 0.01, 250);
  const size = at < from ? (from - at) / from : strength(at, to, Math.max(to, band.worst ? place(scale, band.worst) : to));
  return oklch(dark ? 0.38 + 0.46 * size : 0.9 - 0.44 * size, 0.02 + 0.15 * size, at < from ? BELOW : ABOVE);
}

/** @param {number} at 0 to 1 @param {number} limit @param {number} worst @returns {number} 0 to 1 */
const strength = (at, limit, worst) =>
  at <= worst ? (worst > limit ? (FAINT * (at - limit)) / (worst - limit) : 0) : FAINT + ((1 - FAINT) * (at - worst)) / (1 - worst);

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
