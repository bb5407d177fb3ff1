// @ts-check
/** All runs, and a few of them side by side: fetches what these two pages show, and draws them. */

import * as api from './api.js';
import * as host from './host.js';
import {Slot, h} from './dom.js';
import {columnsOnScreen} from './frames.js';
import {PREFERRED} from './places.js';
import {Compare, rowsOf, standing} from './views/compare.js';
import {noRuns, stale} from './views/empty.js';
import {RunsTable} from './views/runs.js';
import {within} from './views/shownsteps.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./state.js').State} State
 * `wander` changes what is shown; quietly where it is nothing to go back on.
 * @typedef {{open: (run: string) => void, wander: (changes: Partial<State>, quiet?: boolean) => void, changed: () => void}} Actions
 * A run that stands side by side with others: its facts and scorecard, or what is wrong with it.
 * @typedef {{run: string, version: string, facts: Json | null, card: Json | null, error: string | null, own?: Map<string, string>}} Read
 */

/** Kept answers about series and differences. */
const MOST_KEPT = 60;

export class Sweep {
  /** @param {State} state @param {Actions} actions */
  constructor(state, actions) {
    this.state = state;
    this.actions = actions;
    /** @type {Map<string, Json>} */
    this.rows = new Map();
    this.serial = '';
    this.pending = 0;
    /** @type {Map<string, Read>} */
    this.read = new Map();
    /** @type {Map<string, Promise<any>>} */
    this.kept = new Map();
    /** @type {Partial<import('./views/compare.js').Shown>} */
    this.compared = {};
    /** @type {string | null} */
    this.error = null;
    this.busy = this.again = false;
    const {open, wander} = actions;
    this.table = new RunsTable({open, wander, compare: () => wander({page: 'compare'})});
    this.compare = new Compare({open, wander});
    const message = h('div.message');
    this.message = new Slot(message);
    this.place = h('div');
    this.node = h('main.sweep', {hidden: true}, message, this.place);
  }

  /** Looks for news of what is shown; asked again meanwhile, it looks once more. */
  async refresh() {
    this.again = true;
    if (this.busy) return;
    this.busy = true;
    while (this.again && host.visible()) {
      this.again = false;
      try {
        if (this.state.page === 'runs') await this.lookAtAll();
        if (this.state.page === 'compare') await this.lookAtChosen();
        this.error = null;
      } catch (error) {
        this.error = api.explained(error);
      }
      this.actions.changed();
    }
    this.busy = false;
  }

  /** Asks for rows until all runs are judged, or another page is shown. */
  async lookAtAll() {
    do {
      const {serial, rows, pending} = await api.table(this.serial);
      for (const row of rows) this.rows.set(row.run, row.state ? row : {...this.rows.get(row.run), ...row});
      Object.assign(this, {serial, pending, error: null});
      this.actions.changed();
    } while (this.pending && this.state.page === 'runs' && host.visible());
  }

  async lookAtChosen() {
    const names = standing(this.state.compare, this.state.runs ?? []);
    const read = await Promise.all(names.map((run) => this.readRun(run)));
    const [first, ...others] = read.filter(({card}) => card);
    const sound = first ? [first, ...await Promise.all(others.map((one) => this.alike(one, first)))] : [];
    const places = this.places(sound);
    const base = first?.run ?? null;
    const kept = base === this.compared.base ? {} : {diffs: []};
    this.compared = {...places, ...this.compared, ...kept, read: read.map((one) => sound.find(({run}) => run === one.run) ?? one), base};
    this.actions.changed();
    const {log} = this.state;
    const range = within(this.state.range, Math.max(...sound.map(({facts}) => facts?.training.steps - 1)));
    const columns = columnsOnScreen();
    /** @param {Read} one @param {string} table @param {string | undefined} row */
    const series = async ({run, version, facts, own}, table, row) => {
      if (!row || !facts?.tables[table]?.rows.includes(row)) return null;
      const name = own?.get(row) ?? row;
      const frame = await this.keep(['series', run, version, table, name, range, columns, log], () => api.series(run, table, name, range, columns, log));
      return {run, facts, frame};
    };
    const {table, row} = places;
    const [losses, charts, diffs] = await Promise.all([
      Promise.all(sound.map((one) => series(one, 'steps', one.facts?.tables.steps?.rows[0]))),
      Promise.all(sound.map((one) => series(one, table, row ?? undefined))),
      Promise.all(sound.slice(1).map((one) => this.difference(one, sound[0]))),
    ]);
    this.compared = {...this.compared, ...places, losses: losses.flatMap(known), charts: charts.flatMap(known), diffs};
  }

  /** @param {string} run @returns {Promise<Read>} as it is now */
  async readRun(run) {
    const before = this.read.get(run);
    let version = '';
    try {
      version = await api.version(run);
      if (before?.version === version) return before;
      const [facts, card] = await Promise.all([api.facts(run), api.scorecard(run)]);
      this.read.set(run, {run, version: facts.version, facts, card, error: null});
    } catch (error) {
      this.read.set(run, {run, version: api.isRefusal(error) ? version : '', facts: null, card: null, error: api.explained(error)});
    }
    return /** @type {Read} */ (this.read.get(run));
  }

  /** Calls the rows of a run what the base calls them: Keras numbers the names that it gives on. @param {Read} one @param {Read} base @returns {Promise<Read>} */
  async alike(one, base) {
    const names = await this.keep(['names', one.run, one.version, base.run, base.version], () => api.names(one.run, base.run));
    const known = new Map(Object.entries(names));
    if (!one.facts || !known.size) return one;
    const tables = Object.fromEntries(Object.entries(one.facts.tables).map(([table, facts]) =>
      [table, {...facts, rows: facts.rows.map((/** @type {string} */ row) => known.get(row) ?? row)}]));
    return {...one, facts: {...one.facts, tables}, own: new Map([...known].map(([own, name]) => [name, own]))};
  }

  /** @param {Read} one @param {Read} base */
  difference(one, base) {
    return this.keep(['diff', one.run, one.version, base.run, base.version], () => api.diff(one.run, base.run));
  }

  /** Asks once. @template T @param {unknown[]} key @param {() => Promise<T>} ask @returns {Promise<T>} */
  keep(key, ask) {
    const name = JSON.stringify(key);
    const answer = this.kept.get(name) ?? ask();
    this.kept.delete(name);
    this.kept.set(name, answer);
    answer.catch(() => this.kept.delete(name));
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MOST_KEPT) break;
      this.kept.delete(oldest);
    }
    return answer;
  }

  /** @param {Read[]} read @returns {{table: string, statistic: string, row: string | null}} what is laid over one another */
  places(read) {
    /** @param {import('./views/timeline.js').Choice} choice */
    const has = (choice) => read.some(({facts}) => facts?.tables[choice.table]?.columns.some((/** @type {Json} */ column) =>
      column.name === choice.statistic && column.measured));
    const wanted = this.state.choice;
    const choice = wanted && has(wanted) ? wanted : PREFERRED.find(has) ?? PREFERRED[0];
    const rows = rowsOf(read, choice.table);
    const shared = rows.find((name) => read.every(({facts}) => facts?.tables[choice.table]?.rows.includes(name)));
    const {row} = this.state;
    const layer = row?.replace(/[/#][^/#]*$/, '') ?? '';
    const related = row === null ? undefined : rows.find((name) => name === layer || name.startsWith(`${layer}/`));
    return {...choice, row: row !== null && rows.includes(row) ? row : related ?? shared ?? rows[0] ?? null};
  }

  draw() {
    const {page, runs, sort, filter, compare, range, log, logLoss, dark} = this.state;
    this.node.hidden = page === 'run';
    if (page === 'run') return this.place.replaceChildren();
    const none = runs?.length === 0;
    this.message.show([this.error, none], () =>
      none ? noRuns(null) : this.error === null ? null : stale(this.error, () => this.refresh()));
    if (none) return this.place.replaceChildren();
    const view = page === 'runs' ? this.table : this.compare;
    const returned = view.node !== this.place.firstElementChild;
    if (returned) this.place.replaceChildren(view.node);
    const there = new Set(runs);
    const rows = new Map([...this.rows].filter(([run]) => there.has(run)));
    if (page === 'runs') this.table.update({rows, pending: this.pending, sort, filter, compare});
    else this.compare.update({...this.compared, runs: runs ?? [], compare, range, log, logLoss, dark});
    if (returned && page === 'runs') this.table.reveal();
  }

  /** @returns {string} what is shown, for whoever waits for it */
  get told() {
    if (this.state.page === 'runs') return `runs ${this.rows.size} ${this.pending}`;
    return `compare ${this.compared.charts?.length ?? 0}`;
  }
}

/** @template T @param {T | null} one @returns {T[]} */
const known = (one) => (one === null ? [] : [one]);
