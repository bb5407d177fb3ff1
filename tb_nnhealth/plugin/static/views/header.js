// @ts-check
/** The bar at the top: which run, how far it is, and what can be taken away. */

import {h} from '../dom.js';
import {duration, plural} from '../format.js';
import {downloadMenu} from './downloads.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{choose: (run: string) => void, page: (name: string) => void, link: () => void, downloads: () => import('./downloads.js').Group[]}} Actions
 */

/** Seconds without a sample after which a run that never said it had ended is no longer called training. */
export const SILENCE = 300;

/** @type {[string, string][]} */
export const PAGES = [['run', 'One run'], ['runs', 'All runs'], ['compare', 'Side by side']];

/** @param {string[]} runs @param {string | null} run @param {string} page @param {Actions} actions */
export function header(runs, run, page, actions) {
  const picker = h('select', {
    id: 'run', 'data-key': 'run', disabled: !runs.length,
    onchange: (/** @type {Event} */ event) => actions.choose(/** @type {HTMLSelectElement} */ (event.target).value),
  }, runs.map((name) => h('option', {value: name, selected: name === run}, title(name))));
  const one = page === 'run';
  return h('div.bar', {},
    run === null ? null : pages(page, actions),
    one ? [h('label', {htmlFor: 'run'}, 'Run'), picker] : null, h('span.progress'), h('span.space'),
    run === null ? null : [
      h('button', {type: 'button', 'data-key': 'link', onclick: actions.link}, 'Copy link'),
      downloadMenu(actions.downloads),
    ]);
}

/** @param {string} shown @param {Actions} actions */
const pages = (shown, actions) => h('nav.pages', {'aria-label': 'Pages'}, PAGES.map(([name, words]) => h('button', {
  type: 'button', 'data-key': `page:${name}`, 'aria-current': name === shown ? 'page' : null, onclick: () => actions.page(name),
}, words)));

/** A run's directory is `<log_dir>/health`: people know it by its log_dir. @param {string} name */
export const title = (name) => name.replace(/\/health$/, '');

/** Says how far the run is. @param {Element} bar @param {Json | null} facts */
export function showProgress(bar, facts) {
  const place = /** @type {HTMLElement} */ (bar.querySelector('.progress'));
  if (!facts) return place.replaceChildren();
  const {steps, finished, last_time: lastTime} = facts.training;
  const silent = lastTime ? Date.now() / 1000 - lastTime : 0;
  const state = finished ? 'finished' : silent > SILENCE ? 'silent' : 'training';
  const words = {finished: 'finished', silent: `no news for ${duration(silent)}`, training: 'training'}[state];
  place.dataset.progress = state;
  place.replaceChildren(
    ...(state === 'training' ? [h('span.pulse', {'aria-hidden': 'true'})] : []),
    steps ? `${words} · ${plural(steps, 'step')}` : words);
}
