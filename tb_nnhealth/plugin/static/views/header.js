// @ts-check
/** The bar at the top: which run, how far it is, and what can be taken away. */

import {h} from '../dom.js';
import {duration, whole} from '../format.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{choose: (run: string) => void, link: () => void}} Actions
 */

/** Seconds without a sample after which a run that never said it had ended is no longer called training. */
const SILENCE = 300;

/**
 * @param {string[]} runs @param {string | null} run @param {Json | null} facts @param {string} download address
 * @param {Actions} actions
 */
export function header(runs, run, facts, download, actions) {
  const picker = h('select', {
    id: 'run', 'data-key': 'run', disabled: !runs.length,
    onchange: (/** @type {Event} */ event) => actions.choose(/** @type {HTMLSelectElement} */ (event.target).value),
  }, runs.map((name) => h('option', {value: name, selected: name === run}, name)));
  return h('div.bar', {},
    h('label', {htmlFor: 'run'}, 'Run'), picker,
    facts ? progress(facts) : null,
    h('span.space', {}),
    run ? h('button', {type: 'button', 'data-key': 'link', onclick: actions.link}, 'Copy link') : null,
    run && facts ? h('a.button', {href: download, download: '', 'data-key': 'download'}, 'Download JSON') : null);
}

/** @param {Json} facts */
function progress(facts) {
  const {steps, finished, last_time: lastTime} = facts.training;
  const silent = lastTime ? Date.now() / 1000 - lastTime : 0;
  const at = steps ? ` · ${whole(steps)} steps` : '';
  if (finished) return h('span.progress', {'data-progress': 'finished'}, `finished${at}`);
  if (silent > SILENCE) return h('span.progress', {'data-progress': 'silent'}, `no news for ${duration(silent)}${at}`);
  return h('span.progress', {'data-progress': 'training'}, h('span.pulse', {'aria-hidden': 'true'}), `training${at}`);
}
