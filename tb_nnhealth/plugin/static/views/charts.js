// @ts-check
/** Which charts a layer, a tensor of the batch and the whole step have. */

import {words} from '../format.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('../api.js').Frame} Frame
 * @typedef {import('./strip.js').Chart} Chart
 * @typedef {{table: string, row: string, name: string}} Place a row of a table, and its name within its layer
 * @typedef {Place & {frame: Frame}} Source
 * A chart of a row: each statistic with its name in the legend.
 * @typedef {{table: string, title: string, statistics: Record<string, string>, log?: boolean, bounds?: [number, number], onlyAbove?: number}} Plan
 */

const HEIGHT = 84;

/** @type {Plan[]} */
const PLANS = [
  {table: 'variables', title: 'Gradient rms', statistics: {gradient_rms: ''}, log: true},
  {table: 'variables', title: 'Update ratio', statistics: {update_ratio: ''}, log: true},
  {table: 'variables', title: 'Weight rms', statistics: {value_rms: ''}, log: true},
  {table: 'activations', title: 'Output', statistics: {activation_mean: 'mean', activation_std: 'std'}},
  {
    table: 'activations', title: 'Units', bounds: [0, 1],
    statistics: {dead_unit_fraction: 'dead', saturated_fraction: 'saturated', activation_zero_fraction: 'zero'},
  },
  {table: 'activations', title: 'Gradient into output', statistics: {output_gradient_rms: 'rms'}, log: true},
  {table: 'data', title: 'Values', statistics: {data_mean: 'mean', data_std: 'std'}},
  {table: 'data', title: 'Extremes', statistics: {data_min: 'smallest', data_max: 'largest'}},
  {table: 'data', title: 'Zeros', statistics: {data_zero_fraction: 'share'}, bounds: [0, 1]},
  {table: 'variables', title: 'NaN and Inf', statistics: {value_nonfinite: 'value', gradient_nonfinite: 'gradient'}, onlyAbove: 0},
  {table: 'activations', title: 'NaN and Inf', statistics: {activation_nonfinite: 'output', output_gradient_nonfinite: 'gradient'}, onlyAbove: 0},
  {table: 'data', title: 'NaN and Inf', statistics: {data_nonfinite: 'elements'}, onlyAbove: 0},
];

/**
 * The rows that belong to a row of the heat map: its layer's variables and outputs.
 * @param {Json} facts @param {string} table @param {string} row
 * @returns {{layer: Json | null, rows: Place[]}}
 */
export function relatives(facts, table, row) {
  const own = table === 'activations' ? 'rows' : 'variables';
  const layer = table === 'data' ? null : facts.model.layers.find((/** @type {Json} */ other) => other[own].includes(row));
  if (!layer) return {layer: null, rows: [{table, row, name: ''}]};
  /** @param {string} name @param {string[]} wanted */
  const rows = (name, wanted) => {
    const present = new Set(facts.tables[name]?.rows ?? []);
    return wanted.filter((path) => present.has(path)).map((path) => ({table: name, row: path, name: tail(layer.path, path)}));
  };
  return {layer, rows: [...rows('variables', layer.variables), ...rows('activations', layer.rows)]};
}

/** @param {string} layer @param {string} path "block/dense", "block/dense/kernel" -> "kernel" */
function tail(layer, path) {
  if (path.startsWith(`${layer}/`)) return path.slice(layer.length + 1);
  if (path.startsWith(`${layer}#`)) return `call ${path.slice(layer.length + 1)}`;
  return path === layer ? '' : path.slice(path.lastIndexOf('/') + 1);
}

/** What a table's tensors have histograms of, with the words for it. @type {Record<string, Record<string, string>>} */
const HISTOGRAMS = {
  variables: {value: 'values', gradient: 'gradient', update: 'update'},
  activations: {activation: 'output'},
};

/** @param {Json} facts @param {Place} place @returns {[string, string][]} kind and word of each histogram that it has */
const histogramKinds = (facts, {table, row}) =>
  Object.entries(HISTOGRAMS[table] ?? {}).filter(([kind]) => facts.histograms[kind]?.includes(row));

/** @param {Json} facts @param {Place[]} places @param {string | null} row @returns {Place | null} the row's, or the first that has any */
export function spreadPlace(facts, places, row) {
  const able = withHistograms(facts, places);
  return able.find((place) => place.row === row) ?? able[0] ?? null;
}

/** @param {Json} facts @param {Place[]} places */
export const withHistograms = (facts, places) => places.filter((place) => histogramKinds(facts, place).length);

/**
 * What there are no histograms of, of what is shown.
 * @param {Json} facts @param {Place[]} places @param {string | null} row @returns {string[]}
 */
export function missingHistograms(facts, places, row) {
  const place = spreadPlace(facts, places, row) ?? places.find(({table}) => HISTOGRAMS[table]);
  if (!place) return [];
  const kinds = new Map(histogramKinds(facts, place));
  return Object.entries(HISTOGRAMS[place.table] ?? {}).filter(([kind]) => !kinds.has(kind)).map(([, word]) => word);
}

/**
 * The histograms that are shown of a row and its relatives: all of one tensor, and those of the layer's output beside them.
 * @param {Json} facts @param {Place[]} places @param {string | null} row @returns {{title: string, kind: string, row: string}[]}
 */
export function histogramsOf(facts, places, row) {
  const place = spreadPlace(facts, places, row);
  const output = place?.table === 'variables' ? withHistograms(facts, places).find(({table}) => table === 'activations') : null;
  return [place, output].flatMap((one) => one ? histogramKinds(facts, one).map(([kind, word]) =>
    ({kind, row: one.row, title: [one.name, word].filter(Boolean).join(' ')})) : []);
}

/**
 * The counted classes that belong to a tensor of the batch: the targets', and the predictions' beside them.
 * @param {Json} facts @param {Place[]} places @returns {Place[]}
 */
export function classesOf(facts, places) {
  const tensor = places.find(({table, row}) => table === 'data' && /^(target|prediction)\//.test(row));
  const output = tensor?.row.replace(/^\w+\//, '');
  const counted = output === undefined ? [] : facts.tables.classes?.rows ?? [];
  return ['target', 'prediction'].map((kind) => ({table: 'classes', row: `${kind}/${output}`, name: `${kind}s`}))
    .filter(({row}) => counted.includes(row));
}

/** @param {Json} facts @param {Source[]} sources @returns {Chart[]} */
export const rowCharts = (facts, sources) => PLANS.flatMap((plan) => chart(facts, plan, sources));

/** @param {Json} facts @param {Plan} plan @param {Source[]} sources @returns {Chart[]} */
function chart(facts, plan, sources) {
  const columns = facts.tables[plan.table]?.columns ?? [];
  const lines = sources.filter((source) => source.table === plan.table).flatMap(({name, frame}) =>
    Object.entries(plan.statistics).flatMap(([statistic, label]) => {
      const row = columns.findIndex((/** @type {Json} */ column) => column.name === statistic);
      return holds(frame, row, plan.onlyAbove) ? [{name: `${name} ${label}`.trim(), frame, row}] : [];
    }));
  const unit = plan.bounds ? 'fraction' : '';
  return lines.length ? [{title: plan.title, unit, log: plan.log ?? false, lines, height: heightFor(lines, HEIGHT), bounds: plan.bounds}] : [];
}

/** @param {unknown[]} lines @param {number} least pixels @returns {number} pixels in which the legend has a line for each */
export const heightFor = (lines, least) => Math.max(least, 28 + 16 * lines.length);

/** @param {Frame} frame @param {number} row @param {number} [above] */
export const holds = (frame, row, above = -Infinity) =>
  row >= 0 && frame.planes.slice(2, above === -Infinity ? 4 : 3).some((plane, isLost) =>
    plane.subarray(row * frame.columns, (row + 1) * frame.columns).some((value) => value > (isLost ? 0 : above)));

/**
 * The loss of the sampled steps, with the validation's at the ends of epochs.
 * @param {Json} facts @param {Frame} frame the step's series @returns {Chart}
 */
export const lossChart = (facts, frame) => stepChart(facts, frame, 'Loss', {loss: 'training batch'}, 'val_loss');

/** Of what the values of the training curves are. */
export const OF_WHAT = 'Losses are of single batches, metrics are means over the epoch so far, validation is at its end.';

/**
 * The charts of the whole step: only what was measured, and the parts of a loss where it has several.
 * @param {Json} facts @param {Frame} frame the step's series @param {boolean} log whether losses stand on a logarithmic scale
 * @returns {Chart[]}
 */
export function curveCharts(facts, frame, log) {
  const names = facts.tables.steps.columns.map((/** @type {Json} */ column) => column.name);
  /** @param {string} prefix @returns {string[]} */
  const those = (prefix) => names.filter((/** @type {string} */ name) => name.startsWith(prefix));
  const outputs = those('output_loss/');
  const regularized = holds(frame, names.indexOf('regularization_loss'), 0);
  const parts = {
    ...(regularized ? {data_loss: 'data', regularization_loss: 'regularization'} : {}),
    ...(outputs.length > 1 ? Object.fromEntries(outputs.map((name) => [name, tailOf(name)])) : {}),
  };
  const charts = [
    {...lossChart(facts, frame), height: 150, log},
    {...stepChart(facts, frame, 'Loss parts of the batch', parts), log},
    ...those('metric/').map((name) => stepChart(facts, frame, words(tailOf(name)), {[name]: 'training mean'}, `val_${tailOf(name)}`)),
    stepChart(facts, frame, 'Learning rate', {learning_rate: ''}),
    {...stepChart(facts, frame, 'Gradient norm', {gradient_global_norm: ''}), log: true},
    ...(holds(frame, names.indexOf('clipped_fraction'), 0)
      ? [{...stepChart(facts, frame, 'Clipped away', {clipped_fraction: ''}), unit: 'fraction', bounds: /** @type {[number, number]} */ ([0, 1])}] : []),
    {...stepChart(facts, frame, 'Loss scale', {loss_scale: ''}), log: true},
    stepChart(facts, frame, 'Examples a second within steps', {examples_per_second: ''}),
  ];
  return charts.filter(({lines}) => lines.length);
}

/** @param {string} name "metric/accuracy" -> "accuracy" */
const tailOf = (name) => name.slice(name.indexOf('/') + 1);

/**
 * @param {Json} facts @param {Frame} frame @param {string} title @param {Record<string, string>} statistics with their names in the legend
 * @param {string} [validation] the name in Keras' logs @returns {Chart}
 */
function stepChart(facts, frame, title, statistics, validation) {
  const columns = facts.tables.steps.columns;
  /** @type {Chart['lines']} */
  const lines = Object.entries(statistics).flatMap(([statistic, name]) => {
    const row = columns.findIndex((/** @type {Json} */ column) => column.name === statistic);
    return row >= 0 && columns[row].measured ? [{name, frame, row}] : [];
  });
  const validated = validation ? validationFrame(facts.epochs, validation) : null;
  if (validated) lines.push({name: 'validation', frame: validated, row: 0, lasts: true});
  return {title, unit: '', log: false, lines, height: 120};
}

/** @param {Json[]} epochs @param {string} name @returns {Frame | null} what Keras logged at the ends of epochs, each at its own step */
export function validationFrame(epochs, name) {
  const logged = epochs.filter(({logs}) => logs[name] !== undefined);
  const steps = Float64Array.from(logged, ({step}) => step - 1);
  const values = Float32Array.from(logged, ({logs}) => logs[name] ?? NaN);
  const lost = values.map((value) => (Number.isNaN(value) ? 1 : 0));
  return logged.length ? {rows: 1, columns: logged.length, first: steps, last: steps, planes: [values, values, values, lost]} : null;
}
