// @ts-check
/** What is shown, as words of the address: a link opens the same, and each choice can be gone back on. */

import * as host from './host.js';
import {MOST_COMPARED} from './views/runs.js';
import {VIEWS} from './views/timeline.js';

/**
 * @typedef {{first: number, last: number} | null} Range
 * @typedef {{view: string, flow: string | null, choice: import('./views/timeline.js').Choice | null, row: string | null, range: Range,
 *   log: boolean, rowFilter: string, page: string, sort: string, filter: string, compare: string[]}} Shown `log`: whether the steps
 *   stand on a logarithmic axis; `rowFilter` of the heat map's rows, `filter` of the table of runs
 */

/** One run, the table of all, a few of them side by side; the first one unless another is chosen. */
export const PAGES = ['run', 'runs', 'compare'];

/** By what the table of runs is sorted unless the reader chooses. */
const SORT = 'run';

const PAUSE_MILLISECONDS = 1000;

/** What is changed little by little: that is one choice. @type {(keyof Shown)[]} */
const GRADUAL = ['range', 'rowFilter'];

const LONGEST_FILTER = 500;

/** @param {Record<string, string>} words @returns {Shown} */
export function shownBy(words) {
  return {
    view: VIEWS.find(({name}) => name === words.view)?.name ?? VIEWS[0].name,
    flow: words.flow ?? null,
    choice: words.statistic ? {table: words.table ?? 'variables', statistic: words.statistic} : null,
    row: words.row ?? null,
    range: rangeOf(words.steps),
    log: words.axis === 'log',
    rowFilter: (words.rows ?? '').slice(0, LONGEST_FILTER),
    page: PAGES.find((name) => name === words.page) ?? PAGES[0],
    sort: words.sort ?? SORT,
    filter: words.filter ?? '',
    compare: namesOf(words.compare),
  };
}

/** @param {Shown & {run: string | null}} shown @returns {Record<string, string | null>} null = left out */
export function wordsOf({run, view, flow, choice, row, range, log, rowFilter, page, sort, filter, compare}) {
  return {
    run,
    view: view === VIEWS[0].name ? null : view,
    flow,
    table: choice?.table ?? null,
    statistic: choice?.statistic ?? null,
    row,
    steps: range ? `${range.first}-${range.last}` : null,
    axis: log ? 'log' : null,
    rows: rowFilter || null,
    page: page === PAGES[0] ? null : page,
    sort: sort === SORT ? null : sort,
    filter: filter || null,
    compare: compare.length ? JSON.stringify(compare) : null,
  };
}

/** @param {Shown & {run: string | null}} one @param {Shown & {run: string | null}} other */
export const same = (one, other) => JSON.stringify(wordsOf(one)) === JSON.stringify(wordsOf(other));

/** Keeps what is shown in TensorBoard's address bar: what the reader chose as something to go back on. */
export class Trail {
  constructor() {
    this.isNews = false;
    /** What was changed little by little, and when: keys that are held are one choice. @type {{name: string | undefined, when: number}} */
    this.gradual = {name: undefined, when: -Infinity};
  }

  /** @param {object} changes what the reader chose */
  note(changes) {
    const now = performance.now();
    const name = Object.keys(changes).length === 1 ? GRADUAL.find((key) => key in changes) : undefined;
    const held = name !== undefined && name === this.gradual.name && now - this.gradual.when < PAUSE_MILLISECONDS;
    this.gradual = {name, when: now};
    this.isNews ||= !held;
  }

  /** @param {Shown & {run: string | null}} shown */
  write(shown) {
    host.writeAddress(wordsOf(shown), this.isNews);
    this.isNews = false;
  }
}

/** @param {string | undefined} text "100-200" @returns {Range} */
function rangeOf(text) {
  const [, first, last] = /^(\d{1,15})-(\d{1,15})$/.exec(text ?? '') ?? [];
  return last && Number(last) > Number(first) ? {first: Number(first), last: Number(last)} : null;
}

/** @param {string | undefined} text a JSON list of runs: their names may hold any separator @returns {string[]} */
function namesOf(text) {
  try {
    const names = JSON.parse(text ?? '[]');
    return Array.isArray(names) ? [...new Set(names.filter((name) => typeof name === 'string'))].slice(0, MOST_COMPARED) : [];
  } catch {
    return [];
  }
}
