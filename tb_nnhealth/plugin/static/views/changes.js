// @ts-check
/** What changed from one run to each of the others: findings that are new, worse, better, gone. */

import {h, icon, path, paths} from '../dom.js';
import {plural, sentence, where, words} from '../format.js';
import {title} from './header.js';
import {WORDS} from './verdict.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('../sweep.js').Read} Read
 */

/** How a run stands to the other, the worst first: no time lies between runs, and they may be of other models. @type {[string, string][]} */
const KINDS = [['new', 'Only here'], ['worse', 'Worse here'], ['unjudged', 'Not judged here'], ['better', 'Better here'], ['gone', 'Not found here']];

/** Changes of a kind that stand open. */
const MOST = 20;

/** @param {number} place @returns {Node} the colour of a run */
export const swatch = (place) => h('span.swatch', {'aria-hidden': 'true', style: `background: var(--line-${place + 1})`});

/**
 * @param {Read[]} read runs that were judged, the one that the others are compared with first @param {Json[]} diffs of each of the others
 * @param {Map<string, number>} places of the runs, as their colours @param {(run: string) => void} rebase
 */
export function changes(read, diffs, places, rebase) {
  const [base, ...others] = read;
  if (!others.length || diffs.length !== others.length) return null;
  const picker = h('select', {id: 'base', 'data-key': 'base', onchange: () => rebase(picker.value)},
    read.map(({run}) => h('option', {value: run, selected: run === base.run}, title(run))));
  return h('section.changes', {'aria-label': 'What changed'},
    h('div.toolbar', {}, h('h2', {}, 'What changed'), h('label', {htmlFor: 'base'}, 'compared with'), picker),
    h('div.change-columns', {}, others.map(({run}, index) =>
      difference(run, diffs[index], places.get(run) ?? 0, titlesOf([base, others[index]])))));
}

/** @param {Read[]} read @returns {Map<string, string>} what a rule that fails in one of the runs is called */
const titlesOf = (read) => new Map(read.flatMap(({card}) =>
  (card?.rules ?? []).filter((/** @type {Json} */ rule) => rule.status === 'fail').map((/** @type {Json} */ rule) => [rule.name, rule.title])));

/** @param {string} run @param {Json} diff @param {number} place @param {Map<string, string>} titles */
function difference(run, diff, place, titles) {
  const kinds = KINDS.filter(([kind]) => diff[kind].length);
  return h('section.card.difference', {'aria-label': title(run)},
    h('h3', {}, swatch(place), h('span', {title: title(run)}, title(run))),
    kinds.length ? kinds.map(([kind, name]) => group(name, diff[kind], titles)) : h('p.dim', {}, 'The same findings.'));
}

/** @param {string} name @param {Json[]} found @param {Map<string, string>} titles */
const group = (name, found, titles) => [
  h('h4', {}, `${name} (${found.length})`),
  h('ul', {}, found.slice(0, MOST).map((changed) => change(changed, titles))),
  found.length > MOST ? h('p.dim', {}, `… and ${plural(found.length - MOST, 'more', 'more')}.`) : null,
];

/** @param {Json} changed @param {Map<string, string>} titles */
function change(changed, titles) {
  const {rule, before, after, message} = changed;
  const places = where(changed);
  const both = before && after;
  return h('li', {'data-state': after ?? before}, icon(after ?? before),
    h('div', {},
      h('span.title', {}, titles.get(rule) ?? sentence(words(rule), '')),
      h('span.badge', {'data-state': after ?? before}, both ? `${WORDS[before]} → ${WORDS[after]}` : WORDS[after ?? before]),
      places.length ? paths(places) : null,
      h('p.dim', {}, path(message))));
}
