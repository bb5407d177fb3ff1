// @ts-check
/** What fails, with its evidence and what to try; then what passed, and what could not be judged and why. */

import {h, icon} from '../dom.js';
import {plural, quantity, steps, words} from '../format.js';
import {WORDS, failing, stateOf} from './verdict.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{show: (finding: Json) => void, toggle: (name: string, open: boolean) => void, copy: (text: string) => void}} Actions
 */

/** Evidence rows shown before "and … more". */
const MOST_PLACES = 8;

/**
 * @param {Json} card @param {string | null} category @param {ReadonlySet<string>} open names of the opened parts
 * @param {ReadonlySet<string>} closed names of those closed by hand @param {Actions} actions
 */
export function findings(card, category, open, closed, actions) {
  /** @param {Json} rule */
  const chosen = (rule) => !category || rule.category === category;
  const failed = failing(card).filter(chosen);
  const rest = card.rules.filter(chosen);
  const passed = rest.filter((/** @type {Json} */ rule) => rule.status === 'pass');
  const unjudged = rest.filter((/** @type {Json} */ rule) => stateOf(rule) === 'no_data');
  /** @param {string} name @param {boolean} initially */
  const isOpen = (name, initially) => (initially ? !closed.has(name) : open.has(name));
  return h('div.findings', {},
    h('h2', {}, category ? `Findings: ${words(category)}` : 'Findings'),
    failed.length ? null : h('p.none', {}, passed.length ? 'No check failed.' : 'No check could be judged yet.'),
    failed.map((rule, index) => failure(rule, card, isOpen(rule.name, index === 0), actions)),
    list('Could not be judged', 'no_data', unjudged, isOpen('no_data', !failed.length), actions),
    list('Passed', 'pass', passed, isOpen('pass', !failed.length), actions));
}

/** @param {string} name @param {boolean} open @param {Actions} actions @param {any[]} summary @param {...any} body */
function part(name, open, actions, summary, ...body) {
  return h('details.part', {
    open, 'data-part': name,
    ontoggle: (/** @type {Event} */ event) => actions.toggle(name, /** @type {HTMLDetailsElement} */ (event.target).open),
  }, h('summary', {'data-key': `part:${name}`}, summary), h('div.body', {}, body));
}

/** @param {Json} rule @param {Json} card @param {boolean} open @param {Actions} actions */
function failure(rule, card, open, actions) {
  const state = stateOf(rule);
  const prose = card.prose[rule.name] ?? {};
  const places = card.findings.filter((/** @type {Json} */ finding) => finding.rule === rule.name);
  const summary = [
    icon(state),
    h('span.title', {}, rule.title),
    h('span.badge', {'data-state': state}, WORDS[state]),
    h('span.message', {}, places[0]?.message ?? ''),
  ];
  const node = part(rule.name, open, actions, summary,
    places.slice(0, MOST_PLACES).map((/** @type {Json} */ finding, /** @type {number} */ index) => evidence(finding, index, actions)),
    places.length > MOST_PLACES ? h('p.more', {}, `… and ${plural(places.length - MOST_PLACES, 'more place')} in the JSON.`) : null,
    prose['Why it matters'] ? [h('h4', {}, 'Why it matters'), paragraphs(prose['Why it matters'])] : null,
    rule.remedies?.length ? [h('h4', {}, 'What to try'), h('ol.remedies', {}, rule.remedies.map((/** @type {string} */ text) => h('li', {}, inline(text))))] : null,
    learnMore(rule, prose, actions));
  node.dataset.state = state;
  return node;
}

/** @param {string} text with paragraphs, and items that begin with "* " */
const paragraphs = (text) => text.split(/\n\s*\n/).map((block) => {
  const [lead, ...items] = `\n${block.trim()}`.split(/\n\* /).map((part) => part.replace(/\s+/g, ' ').trim());
  return [
    lead ? h('p', {}, inline(lead)) : null,
    items.length ? h('ul.items', {}, items.map((item) => h('li', {}, inline(item)))) : null,
  ];
});

/** @param {string} text with `code` */
const inline = (text) => text.split('`').map((part, index) => (index % 2 ? h('code', {}, part) : part));

/** @param {Json} finding @param {number} index @param {Actions} actions */
function evidence(finding, index, actions) {
  const where = finding.variable ?? finding.layer;
  const what = words(finding.statistic ?? '');
  const others = finding.others ?? [];
  return h('div.evidence', {},
    index > 0 ? h('p', {}, finding.message) : null,
    h('dl', {},
      where ? [h('dt', {}, 'Where'), h('dd.mono', {title: where}, where)] : null,
      finding.first_step === null ? null : [h('dt', {}, 'When'), h('dd', {}, steps(finding.first_step, finding.last_step))],
      finding.observed === null ? null : [h('dt', {}, 'Measured'), h('dd', {}, h('b', {}, quantity(finding.observed, finding.unit)), what ? ` ${what}` : '')],
      finding.limit === null ? null : [h('dt', {}, 'Limit'), h('dd', {}, quantity(finding.limit, finding.unit))],
      others.length ? [h('dt', {}, 'Also'), h('dd', {}, otherPlaces(others))] : null),
    where || finding.first_step !== null
      ? h('button.link', {
          type: 'button', 'data-key': `show:${finding.rule}:${index}`, onclick: () => actions.show(finding),
        }, 'Show in the timeline')
      : null);
}

/** @param {any[]} others names, or records with a path */
function otherPlaces(others) {
  const names = others.map(nameOf).filter(Boolean);
  return h('details.others', {}, h('summary', {}, plural(names.length, 'other place')),
    h('ul', {}, names.slice(0, 100).map((name) => h('li.mono', {title: name}, name))));
}

/** @param {any} other @returns {string} */
export const nameOf = (other) =>
  typeof other === 'string' ? other : String(other?.variable ?? other?.layer ?? other?.path ?? other?.name ?? '');

/** @param {Json} rule @param {Json} prose by heading @param {Actions} actions */
function learnMore(rule, prose, actions) {
  const command = `nnhealth explain ${rule.name}`;
  return h('details.more', {}, h('summary', {}, 'How it is decided, and when it is wrong'),
    ['How it is decided', 'When it is wrong'].map((heading) => prose[heading] ? paragraphs(prose[heading]) : null),
    h('p.learn', {}, h('code', {}, command),
      h('button.quiet', {type: 'button', 'data-key': `copy:${rule.name}`, onclick: () => actions.copy(command)}, 'Copy')));
}

/** @param {string} heading @param {string} name @param {Json[]} rules @param {boolean} open @param {Actions} actions */
function list(heading, name, rules, open, actions) {
  if (!rules.length) return null;
  const summary = [icon(name), h('span.title', {}, heading), h('span.badge', {'data-state': name}, String(rules.length))];
  return part(name, open, actions, summary, h('ul.rules', {}, rules.map((rule) =>
    h('li', {}, h('span.title', {}, name === 'pass' ? rule.title : words(rule.name)),
      rule.reason ? h('span.reason', {}, rule.status === 'error' ? `The check itself failed: ${rule.reason}` : rule.reason) : null))));
}
