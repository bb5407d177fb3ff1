// @ts-check
/** What is fetched of a run for what the page shows of it. */

import * as api from './api.js';
import {matrixOf} from './matrix.js';
import {tableOf} from './places.js';
import {flowOf} from './views/depth.js';
import {classesOf, histogramsOf, relatives} from './views/charts.js';
import {isUnfolded} from './views/preflight.js';
import {within} from './views/shownsteps.js';
import {viewOf} from './views/timeline.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./views/charts.js').Place} Place
 * @typedef {{run: string | null, facts: Json | null, view: string, choice: import('./views/timeline.js').Choice | null,
 *   flow: string | null, row: string | null, range: api.Range, log: boolean, matrix: import('./matrix.js').Matrix | null, overview: api.Frame | null, step: number | null,
 *   preflight: boolean | null, flight: Json | null}} Wanted what is wanted, and what is there
 */

/** Rows of one table that a chart draws together. */
const MOST_LINES = 8;

const [LEAST_COLUMNS, MOST_COLUMNS] = [200, 1000];

/** Cells of the heat map that are asked for at once, as far as the fewest columns allow it: 2.6 MB. */
const MOST_CELLS = 320_000;

/** Steps that the scrubber of the gradient flow stops at. */
const MOST_STOPS = 240;

/** @returns {number} columns of an answer that the screen can show */
export const columnsOnScreen = () => Math.min(MOST_COLUMNS, Math.max(LEAST_COLUMNS, Math.round(window.innerWidth / 2)));

/** @param {number} rows @returns {number} columns of the heat map: fewer where there are many rows, each with the extremes of its samples */
const columnsOfRows = (rows) => Math.min(columnsOnScreen(), Math.max(LEAST_COLUMNS, Math.floor(MOST_CELLS / Math.max(1, rows))));

/** @param {Wanted} wanted */
export async function frames({run, facts, view: asked, choice, flow, row, range: part, log, matrix: there, overview: known, step, preflight, flight: flown}) {
  if (run === null || !facts) return {};
  const view = viewOf(facts, asked);
  const range = within(part, facts.training.steps - 1);
  const {table} = choice ?? {};
  const through = view === 'flow' ? flowOf(facts, flow) : null;
  const columns = columnsOnScreen();
  const {layer, rows: related} = row !== null && table ? measuredRelatives(facts, table, row) : {layer: null, rows: []};
  const series = (/** @type {Place[]} */ places) => Promise.all(places.map(async (place) =>
    ({...place, frame: await api.series(run, place.table, place.row, range, columns, log)})));
  const steps = (/** @type {api.Range} */ over, spacing = false) =>
    facts.tables.steps ? api.series(run, 'steps', facts.tables.steps.rows[0], over, columns, spacing) : null;
  const isPart = Boolean(range) || log;
  const [matrix, depth, overview, zoomed, sources, spreads, classes, about, flight, gallery] = await Promise.all([
    view === 'heatmap' && choice ? matrixOf(run, there, {
      table: choice.table, statistic: choice.statistic, range, columns: columnsOfRows(facts.tables[choice.table]?.rows.length ?? 0), log,
    }) : null,
    through ? flowFrame(run, through, range) : null,
    known ?? steps(null),
    isPart && view === 'curves' ? steps(range, log) : null,
    series(firstOfEachTable(related, row)),
    Promise.all(histogramsOf(facts, related, row).map(async ({title, kind, row: name}) =>
      ({title, frame: await api.histogram(run, kind, name, range, columns, log)}))),
    series(classesOf(facts, related)),
    layer ? api.layer(run, layer.path) : null,
    flown ?? (isUnfolded(facts, preflight) ? api.preflight(run) : null),
    view === 'examples' && facts.galleries ? api.gallery(run, step) : null,
  ]);
  return {matrix, depth, overview, loss: isPart ? zoomed : overview, sources, spreads, classes, about, flight, gallery};
}

/** @param {string} run @param {import('./views/depth.js').Flow} flow @param {api.Range} range */
const flowFrame = async (run, {table, statistic}, range) => ({...(await api.flow(run, table, statistic, range, MOST_STOPS)), statistic});

/** @param {Json} facts @param {string} table @param {string} row */
function measuredRelatives(facts, table, row) {
  const {layer, rows} = relatives(facts, tableOf(facts, table, row), row);
  return {layer, rows: rows.filter((other) => facts.tables[other.table]?.rows.includes(other.row))};
}

/** @param {Place[]} places @param {string | null} row the chosen one, which is always among them */
const firstOfEachTable = (places, row) => places.filter((place, index) => {
  const before = places.slice(0, index).filter(({table}) => table === place.table).length;
  return before < MOST_LINES || place.row === row;
});
