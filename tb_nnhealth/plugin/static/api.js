// @ts-check
/** The backend: the one module that knows its addresses and formats (docs/http_api.md). */

/**
 * A matrix over buckets of steps: `planes[p][r * columns + c]`; NaN = not measured, or taken and not finite: `isLost` tells.
 * @typedef {{rows: number, columns: number, first: Float64Array, last: Float64Array, planes: Float32Array[]}} Frame
 * @typedef {{first: number, last: number} | null} Range
 * @typedef {Record<string, any>} Json
 */

const FRAME_FORMAT = 1;
const HEADER_BYTES = 16;

/** Answers that were asked for ahead, by address: the first one who wants one takes it. @type {Map<string, Promise<any>>} */
const ahead = new Map();

/** @param {Frame} frame of values, lowest and highest @param {number} row @param {number} column @returns {boolean} whether the value was taken and is NaN */
export const isLost = ({columns, planes}, row, column) => (planes[3]?.[row * columns + column] ?? 0) > 0;

/** An answer that says in one sentence what is wrong. */
export class ApiError extends Error {
  /** @param {string} sentence @param {number} code HTTP status, 0 where there was no answer */
  constructor(sentence, code) {
    super(sentence);
    this.code = code;
  }
}

/** @param {unknown} error @returns {boolean} whether to ask once more would bring the same */
export const isRefusal = (error) => error instanceof ApiError && error.code >= 400 && error.code < 500;

/** @returns {Promise<string[]>} */
export const runs = async () => (await json('runs', {})).runs;

/**
 * The rows of all runs that are newer than the last answer, and some more judged meanwhile.
 * @param {string} since the last answer's serial, "" for the first one @returns {Promise<{serial: string, rows: Json[], pending: number}>}
 */
export const table = (since) => json('table', since ? {since} : {});

/** @param {string} run @param {string} against @returns {Promise<Json>} what changed from the other run to this one */
export const diff = (run, against) => json('diff', {run, against});

/** @param {string} run @param {string} against @returns {Promise<Record<string, string>>} rows of the run by what the other one calls them, where that is another name */
export const names = async (run, against) => (await json('names', {run, against})).names;

/** @param {string} run @returns {Promise<string>} */
export const version = async (run) => (await json('version', {run})).version;

/** @param {string} run @returns {Promise<Json>} its scorecard, but for the layers */
export const scorecard = (run) => json('scorecard', {run, layers: '0'});

/** @param {string} run @param {number | null} step null = the last one @returns {Promise<Json>} which galleries there are, and the one that had been taken by the step */
export const gallery = (run, step) => json('gallery', {run, ...(step === null ? {} : {step: String(step)})});

/** @param {string} run @param {string} path @returns {Promise<Json>} all that is known of a layer */
export const layer = (run, path) => json('layer', {run, layer: path});

/** @param {string} run @returns {Promise<Json>} what its preflight found */
export const preflight = (run) => json('preflight', {run});

/** @param {string} run @returns {Promise<Json>} its tables have no names but their own: the address may ask for any */
export async function facts(run) {
  const told = await json('run', {run});
  return {...told, tables: Object.assign(Object.create(null), told.tables)};
}

/**
 * Asks for what the page is going to show first, while its own modules still come.
 * @param {string | null} asked the run that the address names, null for the first one there is
 */
export async function askAhead(asked) {
  const there = await early('runs', {}).then((answered) => answered.runs, () => []);
  const run = asked === null ? there[0] : there.find((/** @type {string} */ name) => name === asked);
  if (!run) return;
  early('version', {run});
  early('run', {run});
  early('scorecard', {run, layers: '0'});
  early('evidence', {run});
  early('rules', {});
}

/** @param {string} route @param {Record<string, string>} query @returns {Promise<any>} */
function early(route, query) {
  const answered = json(route, query);
  answered.catch(() => null); // It is told to the one who takes it.
  ahead.set(address(route, query), answered);
  return answered;
}

/** @param {string} run @returns {Promise<(Json | null)[]>} of each finding the curve behind it */
export const evidence = async (run) => (await json('evidence', {run})).evidence;

/** @returns {Promise<Json>} the prose of each rule by its heading */
export const rules = async () => (await json('rules', {})).rules;

/** @param {string} run */
export const downloadAddress = (run) => address('scorecard', {run, download: '1'});

/** @param {string} run */
export const reportAddress = (run) => address('report', {run});

/** @param {string} run @param {Record<string, string>} query which chart's data @param {Range} range */
export const csvAddress = (run, query, range) => address('csv', {run, ...query, ...bounds(range)});

/** @param {string} run @returns {string} where the losses of its preflight by learning rate are, as CSV */
export const ratesAddress = (run) => address('csv', {run, of: 'rates'});

/** @returns {string} where the table of all runs is, as CSV */
export const runsAddress = () => address('csv', {of: 'runs'});

/** @param {string} name @param {string} theme @returns {string} where a rule's page is */
export const rulePage = (name, theme) => address('rule', {name, theme});

/** @param {string} run @param {string} table @param {string} statistic @param {Range} range @param {number} columns @param {boolean} log */
export const matrix = (run, table, statistic, range, columns, log) =>
  frame('matrix', {run, table, statistic, ...window_(range, columns, log)});

/** @param {string} run @param {string} table @param {string} statistic @returns {Promise<Float32Array>} the lowest, the least above 0 and the highest of the whole run, as far as there are any */
export const extent = async (run, table, statistic) => {
  const {low, least, high} = await json('extent', {run, table, statistic});
  return Float32Array.from([low, least, high].filter((value) => value !== null));
};

/** @param {string} run @param {string} table @param {string} statistic @param {Range} range @param {number} columns */
export const flow = (run, table, statistic, range, columns) =>
  frame('flow', {run, table, statistic, ...window_(range, columns)});

/** @param {string} run @param {string} table @param {string} row @param {Range} range @param {number} columns @param {boolean} [log] */
export const series = (run, table, row, range, columns, log) =>
  frame('series', {run, table, row, ...window_(range, columns, log)});

/** @param {string} run @param {string} kind @param {string} row @param {Range} range @param {number} columns @param {boolean} log */
export const histogram = (run, kind, row, range, columns, log) =>
  frame('histograms', {run, kind, row, ...window_(range, columns, log)});

/** @param {Range} range @param {number} columns @param {boolean} [log] spaced as on a logarithmic axis @returns {Record<string, string>} */
const window_ = (range, columns, log = false) => ({...bounds(range), columns: String(columns), ...(log ? {spacing: 'log'} : {})});

/** @param {Range} range @returns {Record<string, string>} */
const bounds = (range) => (range ? {first: String(Math.floor(range.first)), last: String(Math.ceil(range.last))} : {});

/** @param {string} route @param {Record<string, string>} query */
const address = (route, query) => [`./${route}`, String(new URLSearchParams(query))].filter(Boolean).join('?');

/** @param {string} route @param {Record<string, string>} query @returns {Promise<any>} */
async function json(route, query) {
  const asked = address(route, query);
  const answered = ahead.get(asked);
  ahead.delete(asked);
  return answered ?? (await answer(route, query)).json();
}

/** @param {string} route @param {Record<string, string>} query @returns {Promise<Frame>} */
async function frame(route, query) {
  return decode(await (await answer(route, query)).arrayBuffer());
}

/** @param {string} route @param {Record<string, string>} query */
async function answer(route, query) {
  const response = await fetch(address(route, query)).catch(() => {
    throw new ApiError('TensorBoard does not answer. Is it still running?', 0);
  });
  if (response.ok) return response;
  const type = response.headers.get('Content-Type') ?? '';
  const sentence = type.startsWith('text/plain') ? await response.text() : `TensorBoard answered ${response.status}.`;
  throw new ApiError(sentence.replace(/^(Not found|Invalid argument): /, ''), response.status);
}

/** @param {ArrayBuffer} buffer @returns {Frame} */
export function decode(buffer) {
  const [format, planes, rows, columns] = new Uint32Array(buffer, 0, 4);
  if (format !== FRAME_FORMAT) throw new ApiError('This page is older than the server: reload TensorBoard.', 0);
  const values = HEADER_BYTES + 16 * columns;
  return {
    rows,
    columns,
    first: new Float64Array(buffer, HEADER_BYTES, columns),
    last: new Float64Array(buffer, HEADER_BYTES + 8 * columns, columns),
    planes: Array.from(
      {length: planes},
      (_, plane) => new Float32Array(buffer, values + 4 * plane * rows * columns, rows * columns),
    ),
  };
}

/** @param {unknown} error @returns {string} what to tell of it */
export function explained(error) {
  if (error instanceof ApiError) return error.message;
  console.error(error);
  return 'The page failed to show this; the browser’s console names the cause.';
}
