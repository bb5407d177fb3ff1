// @ts-check
/** What the page says where there is nothing to show: never a blank. */

import {h, icon} from '../dom.js';
import {sentence, shortened} from '../format.js';
import {title} from './header.js';

/** @param {string} title @param {...any} body */
const notice = (title, ...body) => h('section.card.notice', {}, h('h1', {}, title), body);

export const loading = () => h('p.loading', {role: 'status'}, 'Reading the run …');

/** @param {string | null} run that the link asks for */
export function noRuns(run) {
  return notice('No health data yet',
    run === null ? null : h('p', {}, 'The run ', name(run), ' is not here. It is shown as soon as TensorBoard has loaded it.'),
    h('p', {}, 'Add the callback to a training, with a directory below the one TensorBoard shows:'),
    h('pre', {}, 'from tb_nnhealth import HealthCallback\n\nmodel.fit(x, y, callbacks=[HealthCallback("logs/run1")])'),
    h('p.dim', {}, 'This page looks for new runs every few seconds.'));
}

/** @param {string} run that the link asks for */
export function missing(run) {
  return notice('This run is not here',
    h('p.sentence', {role: 'status'}, icon('no_data'), h('span', {}, 'TensorBoard has no health data of a run ', name(run), '.')),
    h('p', {}, 'It may not be loaded yet, be renamed, or lie in another log directory. It is shown as soon as it is there: '
      + 'this page looks every few seconds. Or choose another run above.'));
}

/** @param {string} row that the link asks for @param {() => void} close */
export function unknownRow(row, close) {
  return h('div.unknown', {},
    h('p.sentence', {role: 'status'}, icon('no_data'), h('span', {}, 'This run has no row ', h('bdi.mono', {}, shortened(row)),
      '. Choose one of the heat map: its charts stand here then.')),
    h('button', {type: 'button', onclick: close}, 'Close'));
}

/** @param {string} run */
const name = (run) => h('bdi.mono', {}, shortened(title(run)));

/** @param {(() => void) | null} again null where that would bring the same */
const askAgain = (again) => again ? h('button', {type: 'button', 'data-key': 'again', onclick: again}, 'Try again')
  : h('span.dim', {}, 'This page looks again as soon as TensorBoard has read more of the run.');

/** @param {string} text @param {(() => void) | null} again */
export function failed(text, again) {
  return notice('This run could not be shown',
    h('p.sentence', {role: 'alert'}, icon('error'), h('span', {}, sentence(text))),
    askAgain(again));
}

/** What is below is older than the error. @param {string} text @param {(() => void) | null} again */
export function stale(text, again) {
  return h('p.sentence.stale.card', {role: 'alert'}, icon('warning'), h('span', {}, `No news: ${sentence(text)}`),
    askAgain(again));
}
