// @ts-check
/** A run as a row of the table of runs: what each of its cells shows, and what it is sorted by. */

import {h, icon, svg} from '../dom.js';
import {number, sentence, whole} from '../format.js';
import {agoText} from '../freshness.js';
import {title} from './header.js';
import {parted} from './runname.js';
import {WORDS} from './verdict.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{open: (run: string) => void, choose: (run: string, chosen: boolean) => void}} Actions
 */

/** What a state is called in the table, the worst first. @type {Record<string, string>} */
const STATES = {error: WORDS.error, warning: WORDS.warning, unread: 'unreadable', no_data: 'not judged', pass: WORDS.pass};

/** What stands in place of "not judged" where there was a preflight alone. */
const UNTRAINED = 'not trained';

const THINNED = 'Some of its samples are not here: findings may be missing or wrong';

const ORDER = Object.keys(STATES);
const NAMES = new Intl.Collator('en');

/** Numbers within names: "lr=0.01" stands before "lr=0.1" and "seed=9" before "seed=10". */
const NUMBER = /(\d+(?:\.\d+)?(?:e[-+]?\d+)?)/i;

/** Losses that differ by more than this stand on a logarithmic scale. */
const WIDE = 1000;
const [WIDTH, HEIGHT, INSET] = [120, 26, 2];

/** What a row is sorted by; null stands behind all others. @type {Record<string, (row: Json) => string | number | null>} */
const KEYS = {
  run: (row) => title(row.run),
  score: (row) => row.score ?? null,
  state: (row) => (row.state ? ORDER.indexOf(row.state) : null),
  finding: (row) => (row.finding ? `${ORDER.indexOf(row.finding.severity)} ${row.finding.title}` : null),
  steps: (row) => row.steps,
  last: (row) => row.last_time ?? null,
  loss: (row) => lastLoss(row),
};

/** @param {Json[]} rows @param {string} sort a key, with "-" before it the largest first @returns {Json[]} */
export function sorted(rows, sort) {
  const key = KEYS[sort.replace(/^-/, '')] ?? KEYS.run;
  const sign = sort.startsWith('-') ? -1 : 1;
  const named = key === KEYS.run;
  const keyed = rows.map((row) => ({row, value: key(row), name: title(row.run).split(NUMBER)}));
  return keyed.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null) || byName(a.name, b.name);
    const order = named ? 0 : typeof a.value === 'string' ? NAMES.compare(a.value, String(b.value)) : a.value - Number(b.value);
    return sign * order || (named ? sign : 1) * byName(a.name, b.name);
  }).map(({row}) => row);
}

/** @param {string[]} one text and numbers in turn @param {string[]} other */
function byName(one, other) {
  for (let i = 0; i < Math.min(one.length, other.length); i++) {
    const order = i % 2 ? Number(one[i]) - Number(other[i]) : NAMES.compare(one[i], other[i]);
    if (order) return order;
  }
  return one.length - other.length;
}

/** @param {Json} row @returns {number | null} */
const lastLoss = (row) => row.loss?.broken ? null : row.loss?.values.findLast((/** @type {number | null} */ value) => value !== null) ?? null;

/** One row of the table; it stays the same node while the run does. */
export class RunRow {
  /** @param {string} run @param {Actions} actions */
  constructor(run, actions) {
    /** @type {Json | null} */
    this.shown = null;
    this.check = h('input', {
      type: 'checkbox', tabIndex: -1, 'aria-label': `Show ${title(run)} side by side`,
      onchange: () => actions.choose(run, this.check.checked),
    });
    this.name = h('button.run-name', {
      type: 'button', tabIndex: -1, title: title(run), 'aria-label': title(run), onclick: () => actions.open(run),
    }, parted(title(run)));
    this.cells = Object.fromEntries(['score', 'state', 'finding', 'steps', 'last', 'loss'].map((key) => [key, h(`td.${key}`)]));
    this.node = h('tr', {
      'data-run': run,
      onclick: (/** @type {MouseEvent} */ event) => {
        if (event.target instanceof Element && !event.target.closest('button, label, input')) actions.open(run);
      },
    }, h('td.chosen', {}, h('label', {}, this.check)), h('th', {scope: 'row'}, this.name), Object.values(this.cells));
  }

  /** @param {Json} row @param {{chosen: boolean, able: boolean, current: boolean}} place */
  update(row, {chosen, able, current}) {
    this.check.checked = chosen;
    this.check.disabled = !able;
    this.node.classList.toggle('is-chosen', chosen);
    for (const part of [this.check, this.name]) part.tabIndex = current ? 0 : -1;
    this.updateTime(row);
    if (row === this.shown) return;
    this.shown = row;
    this.node.dataset.state = row.state ?? 'waiting';
    for (const [key, content] of Object.entries(contents(row))) this.cells[key].replaceChildren(...content);
  }

  /** @param {Json} row */
  updateTime({last_time: last, finished, untrained, silence}) {
    const age = last ? Math.max(0, Date.now() / 1000 - last) : null;
    const live = finished === false && !untrained && age !== null && age < silence;
    const told = age === null ? '–' : agoText(age);
    if (this.cells.last.textContent === told && Boolean(this.cells.last.firstElementChild) === live) return;
    this.cells.last.title = last ? new Date(1000 * last).toLocaleString() : '';
    this.cells.last.replaceChildren(...(live ? [h('span.pulse', {role: 'img', 'aria-label': 'training'})] : []), told);
  }
}

/** @param {Json} row @returns {Record<string, (Node | string)[]>} */
function contents(row) {
  const {state, finding, failing, untrained} = row;
  const word = untrained && state === 'no_data' ? UNTRAINED : STATES[state];
  const shape = state === 'unread' ? 'warning' : state;
  return {
    score: [row.score === null || row.score === undefined ? '–' : String(Math.round(row.score))],
    state: state ? [icon(shape), h('span', {}, word)] : [h('span.dim', {}, 'waiting …')],
    finding: finding ? [h('div.first-finding', {},
      icon(finding.severity), h('span.what', {title: finding.message}, finding.title),
      failing > 1 ? h('span.more-findings', {title: `${failing} checks fail`}, `+${failing - 1}`) : null)] : row.reason ? [h('span.what.dim', {title: row.reason}, sentence(row.reason))] : [],
    steps: [row.steps ? whole(row.steps) : '–', ...under(row)],
    loss: row.loss ? [picture(row.loss), h('span', {}, row.loss.broken ?? number(lastLoss(row)))] : [],
  };
}

/** @param {Json} row @returns {Node[]} what its steps are worth, below their number */
const under = ({untrained, thinned}) => untrained ? [h('span.thinned', {title: 'The first steps, as the preflight took them'}, 'preflight')]
  : thinned ? [h('span.thinned', {title: THINNED}, 'thinned')] : [];

/** @param {Json} loss @returns {Element} its curve in the band of what each point stands for */
function picture({values, low, high}) {
  const known = [...low, ...high].filter((value) => value !== null);
  if (!known.length) return svg('svg', {class: 'loss-curve', 'aria-hidden': 'true'});
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const log = least > 0 && most / least > WIDE;
  const scale = (/** @type {number} */ value) => (log ? Math.log(value) : value);
  const span = scale(most) - scale(least) || 1;
  const bottom = most > least ? scale(least) : scale(least) - span / 2;
  /** @param {number} index */
  const x = (index) => (values.length > 1 ? (index / (values.length - 1)) * WIDTH : WIDTH / 2);
  /** @param {number} value */
  const y = (value) => INSET + (HEIGHT - 2 * INSET) * (1 - (scale(value) - bottom) / span);
  /** @param {(number | null)[]} line @returns {[number, number][]} */
  const points = (line) => line.flatMap((value, index) => (value === null ? [] : [[x(index), y(value)]]));
  const curve = values.map((/** @type {number | null} */ value, /** @type {number} */ index) => value === null ? ''
    : `${index > 0 && values[index - 1] !== null ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  const band = [...points(high), ...points(low).reverse()].map((point) => point.map((c) => c.toFixed(1)).join(' ')).join('L');
  const first = values.find((/** @type {number | null} */ value) => value !== null);
  return svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'loss-curve', preserveAspectRatio: 'none', role: 'img',
    'aria-label': `Loss from ${number(first)}, between ${number(least)} and ${number(most)}${log ? ', on a logarithmic scale' : ''}`,
  }, svg('path', {class: 'band', d: band ? `M${band}Z` : ''}), svg('path', {class: 'curve', d: curve.includes('L') ? curve : `${curve}h0.1`}));
}
