// @ts-check
/** What is shown, as words of the address: a link opens the same, and each choice can be gone back on. */

import * as host from './host.js';
import {VIEWS} from './views/timeline.js';

/**
 * @typedef {{first: number, last: number} | null} Range
 * @typedef {{view: string, flow: string | null, choice: import('./views/timeline.js').Choice | null, row: string | null, range: Range,
 *   log: boolean, filter: string}} Shown `log`: whether the steps stand on a logarithmic axis; `filter` of the heat map's rows
 */

const PAUSE_MILLISECONDS = 1000;

/** What is changed little by little: that is one choice. @type {(keyof Shown)[]} */
const GRADUAL = ['range', 'filter'];

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
    filter: (words.rows ?? '').slice(0, LONGEST_FILTER),
  };
}

/** @param {Shown & {run: string | null}} shown @returns {Record<string, string | null>} null = left out */
export function wordsOf({run, view, flow, choice, row, range, log, filter}) {
  return {
    run,
    view: view === VIEWS[0].name ? null : view,
    flow,
    table: choice?.table ?? null,
    statistic: choice?.statistic ?? null,
    row,
    steps: range ? `${range.first}-${range.last}` : null,
    axis: log ? 'log' : null,
    rows: filter || null,
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
