// @ts-check
/** Where things stand: the table, statistic and rows in which the heat map shows a choice, a row or a finding. */

import {relatives} from './views/charts.js';
import {within} from './views/shownsteps.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./views/timeline.js').Choice} Choice
 */

/** Tables whose rows can be chosen. */
const TABLES = ['variables', 'activations', 'data'];

/** What the heat map shows first, as far as it was measured. @type {Choice[]} */
export const PREFERRED = [
  {table: 'variables', statistic: 'update_ratio'},
  {table: 'variables', statistic: 'gradient_rms'},
  {table: 'activations', statistic: 'activation_std'},
];

/** @param {Json} facts @param {Choice | null} wanted @returns {Choice | null} it, or the first that was measured */
export function measured(facts, wanted) {
  /** @param {Choice} choice */
  const is = ({table, statistic}) =>
    facts.tables[table]?.columns.some((/** @type {Json} */ column) => column.name === statistic && column.measured);
  if (wanted && is(wanted)) return wanted;
  return PREFERRED.find(is) ?? null;
}

/** @param {Json} facts @param {string} table the one shown @param {string} row @returns {string} the table that has the row */
export const tableOf = (facts, table, row) =>
  [table, ...TABLES].find((name) => facts.tables[name]?.rows.includes(row)) ?? table;

/** @param {Json} facts @param {string} row @returns {boolean} whether the run has the row */
export const hasRow = (facts, row) => TABLES.some((table) => facts.tables[table]?.rows.includes(row));

/**
 * What a run keeps of the layer and the steps that another showed: as far as it has them.
 * @param {Json} facts @param {{row: string | null, range: import('./api.js').Range}} shown
 */
export const carried = (facts, {row, range}) =>
  ({row: row !== null && hasRow(facts, row) ? row : null, range: within(range, facts.training.steps - 1)});

/**
 * Where the heat map shows a finding: its statistic's table, or its tensor's, or the one shown; its own rows first, then the others'.
 * @param {Json} facts @param {Json} finding @param {Choice | null} current
 */
export function placeOf(facts, finding, current) {
  const table = TABLES.find((name) =>
    facts.tables[name]?.columns.some((/** @type {Json} */ column) => column.name === finding.statistic));
  const choice = table ? {table, statistic: finding.statistic} : ofTensor(facts, finding) ?? current;
  const names = [finding.variable, finding.layer, finding.tensor, ...finding.others].filter(Boolean);
  const rows = choice ? names.flatMap((name) => rowsOf(facts, choice.table, name)) : [];
  return {choice, rows: [...new Set(rows)]};
}

/** @param {Json} facts @param {Json} finding @returns {Choice | null} the first statistic of the batch, where the finding is of nothing else */
function ofTensor({tables: {data}}, {variable, layer, tensor}) {
  const column = variable || layer || !data?.rows.includes(tensor) ? null : data.columns.find((/** @type {Json} */ one) => one.measured);
  return column ? {table: 'data', statistic: column.name} : null;
}

/** @param {Json} facts @param {string} table @param {string} name of a variable, a layer or a row @returns {string[]} */
function rowsOf(facts, table, name) {
  const rows = facts.tables[table].rows;
  if (rows.includes(name)) return [name];
  const layer = facts.model.layers.find((/** @type {Json} */ other) => other.path === name || other.variables.includes(name));
  const related = layer ? (table === 'activations' ? layer.rows : layer.variables) : [];
  return related.filter((/** @type {string} */ row) => rows.includes(row));
}

/** @param {Json} facts @param {Json} card @returns {Map<string, string>} the worst severity of the findings at each row */
export function rowStates(facts, card) {
  const states = new Map();
  for (const severity of ['info', 'warning', 'error']) {
    for (const finding of card.findings.filter((/** @type {Json} */ other) => other.severity === severity)) {
      for (const table of TABLES) {
        if (!facts.tables[table]) continue;
        const {rows} = placeOf(facts, {...finding, statistic: null}, {table, statistic: ''});
        rows.forEach((row) => states.set(row, severity));
      }
    }
  }
  return states;
}

/**
 * The rows that are marked where a row is chosen: itself, or its layer's where another table is shown.
 * @param {Json} facts @param {string} table the one shown @param {string | null} row @returns {Set<string>}
 */
export function selectedRows(facts, table, row) {
  const shown = facts.tables[table]?.rows ?? [];
  if (row === null || shown.includes(row)) return new Set(row === null ? [] : [row]);
  const {rows} = relatives(facts, tableOf(facts, table, row), row);
  return new Set(rows.map((other) => other.row).filter((name) => shown.includes(name)));
}
