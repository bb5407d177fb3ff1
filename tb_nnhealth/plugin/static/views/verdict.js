// @ts-check
/** The top of the page: one sentence, the score, the categories, and how the run was measured. */

import {h, icon, svg} from '../dom.js';
import {duration, inSentence, number, plural, sentence, short, whole, words} from '../format.js';

/** @typedef {Record<string, any>} Json */

const LIST = new Intl.ListFormat('en-GB', {type: 'conjunction'});

/** The worst first. */
export const SEVERITIES = ['error', 'warning', 'info'];

/** What each state is called beside its icon. @type {Record<string, string>} */
export const WORDS = {pass: 'healthy', error: 'error', warning: 'warning', info: 'note', no_data: 'not judged'};

/** How the sentence at the top begins. @type {Record<string, string>} */
const OPENINGS = {
  error: 'This run will not train as it stands',
  warning: 'Training is probably hurt',
};

/**
 * The state shown for a rule: one that broke has judged nothing, one that passes may still have something worth knowing.
 * @param {Json} rule @returns {string}
 */
export function stateOf(rule) {
  if (rule.status === 'fail') return rule.severity ?? 'warning';
  if (rule.status === 'pass') return rule.severity === 'info' ? 'info' : 'pass';
  return 'no_data';
}

/** @param {{rules: Json[], findings: Json[]} | Json} card @returns {Json[]} the rules that have findings, the one to mend first ahead */
export function noted(card) {
  const names = card.findings.map((/** @type {Json} */ finding) => finding.rule);
  /** @param {Json} rule */
  const place = (rule) => names.indexOf(rule.name);
  return card.rules.filter((/** @type {Json} */ rule) => SEVERITIES.includes(stateOf(rule)))
    .sort((/** @type {Json} */ a, /** @type {Json} */ b) => place(a) - place(b));
}

/** @param {Json} card @returns {Json[]} those that fail, the one to mend first ahead */
const failing = (card) => noted(card).filter((rule) => rule.status === 'fail');

/** @param {Json[]} rules that fail @returns {string | undefined} */
const worst = (rules) => SEVERITIES.find((severity) => rules.some((rule) => stateOf(rule) === severity));

/** @param {Json} card @param {Json} category */
export const stateOfCategory = (card, category) =>
  worst(failing(card).filter((rule) => rule.category === category.name)) ?? (category.status === 'pass' ? 'pass' : 'no_data');

/** @param {Json} card @param {boolean} finished @returns {{state: string, sentence: string}} */
export function headline(card, finished) {
  const found = failing(card);
  const state = worst(found);
  if (state) return {state, sentence: `${OPENINGS[state]}: ${inSentence(found[0]?.title)}.`};
  const judged = card.rules.filter((/** @type {Json} */ rule) => rule.status === 'pass').length;
  const broken = card.rules.find((/** @type {Json} */ rule) => rule.status === 'error');
  if (broken) return {state: 'no_data', sentence: `The run has no score: the check of ${words(broken.name)} itself failed.`};
  const nothing = `nothing wrong was found in the ${plural(judged, 'check')} that could be judged`;
  if (card.status === 'pass') return {state: 'pass', sentence: sentence(nothing)};
  const soFar = judged ? nothing : `none of the ${plural(card.rules.length, 'check')} could be judged`;
  if (!finished) return {state: 'no_data', sentence: `Too early to tell: ${soFar} yet.`};
  return {state: 'no_data', sentence: judged ? `The run is too short to be called healthy: ${soFar}.` : `The run holds too little data: ${soFar}.`};
}

/**
 * @param {Json} card @param {Json} facts @param {string | null} chosen category
 * @param {(category: string | null) => void} choose
 */
export function verdict(card, facts, chosen, choose) {
  const {state, sentence} = headline(card, facts.training.finished);
  return h('section.verdict.card', {'aria-label': 'Verdict', 'data-state': state},
    dial(card.score, state),
    h('div.summary', {},
      h('h1', {}, sentence),
      h('p.counts', {}, counts(card)),
      h('div.categories', {role: 'group', 'aria-label': 'Categories'},
        card.categories.map((/** @type {Json} */ category) => chip(card, category, chosen, choose))),
      notes(card, facts)),
    measured(facts));
}

/** @param {number | null} score @param {string} state */
function dial(score, state) {
  const radius = 42;
  const around = 2 * Math.PI * radius;
  const share = (score ?? 0) / 100;
  const ring = {cx: 52, cy: 52, r: radius, fill: 'none', 'stroke-width': 8};
  const label = score === null ? 'no score' : `score ${number(Math.round(score))} of 100`;
  return h('div.dial', {role: 'img', 'aria-label': label, 'data-state': state},
    svg('svg', {viewBox: '0 0 104 104', 'aria-hidden': 'true'},
      svg('circle', {...ring, class: 'track'}),
      svg('circle', {...ring, class: 'arc', 'stroke-dasharray': `${share * around} ${around}`, transform: 'rotate(-90 52 52)'})),
    h('span.score', {}, score === null ? '–' : String(Math.round(score))),
    h('span.of', {}, score === null ? 'no score' : 'of 100'));
}

/** @param {Json} card */
function counts(card) {
  const states = card.rules.map(stateOf);
  /** @param {string} state @param {string} word @param {string} [several] */
  const part = (state, word, several) => {
    const count = states.filter((/** @type {string} */ other) => other === state).length;
    return count ? h('span.count', {}, icon(state), plural(count, word, several)) : null;
  };
  return [
    part('error', 'error'),
    part('warning', 'warning'),
    part('info', 'note'),
    part('pass', 'check passed', 'checks passed'),
    part('no_data', 'could not be judged', 'could not be judged'),
  ];
}

/** @param {Json} card @param {Json} category @param {string | null} chosen @param {(category: string | null) => void} choose */
function chip(card, category, chosen, choose) {
  const state = stateOfCategory(card, category);
  const pressed = chosen === category.name;
  const score = category.score === null ? '' : `${Math.round(category.score)} · `;
  return h('button.chip', {
    type: 'button', 'data-key': `category:${category.name}`, 'data-state': state, 'aria-pressed': String(pressed),
    title: pressed ? 'Show all findings' : `Show the checks of ${words(category.name)} only`,
    onclick: () => choose(pressed ? null : category.name),
  }, icon(state), h('span.name', {}, words(category.name)), h('span.state', {}, score, WORDS[state]));
}

/** @param {Json} card @param {Json} facts */
function notes(card, facts) {
  const sentences = [...facts.problems];
  if (card.training.thinned) {
    sentences.push('Some rows of this run are missing here (TensorBoard sampled them, or they were lost): short events may not show.');
  }
  const items = [
    ...sentences.map((sentence) => h('li', {}, icon('warning'), sentence)),
    ...unjudged(card).map((sentence) => h('li', {}, icon('no_data'), sentence)),
  ];
  return items.length ? h('ul.notes', {}, items) : null;
}

/** @param {Json} card @returns {string[]} why categories have no verdict, those with the same reason together */
function unjudged(card) {
  /** @type {Map<string, string[]>} */
  const reasons = new Map();
  for (const category of card.categories) {
    if (stateOfCategory(card, category) !== 'no_data') continue;
    const reason = whyNot(card.rules.filter((/** @type {Json} */ rule) => rule.category === category.name));
    reasons.set(reason, [...(reasons.get(reason) ?? []), words(category.name)]);
  }
  return [...reasons].map(([reason, names]) => sentence(`${LIST.format(names)} could not be judged: ${reason}`));
}

/** @param {Json[]} rules of a category that has no verdict @returns {string} the reason that most of them give */
function whyNot(rules) {
  const broken = rules.find((rule) => rule.status === 'error');
  if (broken) return `the check of ${words(broken.name)} itself failed (${broken.reason})`;
  const reasons = rules.map((rule) => rule.reason).filter(Boolean);
  /** @param {string} reason */
  const count = (reason) => reasons.filter((other) => other === reason).length;
  return inSentence([...new Set(reasons)].sort((a, b) => count(b) - count(a))[0] ?? 'none of its checks could be judged');
}

/** @param {Json} facts */
function measured(facts) {
  const {model, training} = facts;
  const {compile, sampling, training: seconds} = training.costs;
  const optimizer = model.compile.optimizer;
  const losses = (model.compile.losses ?? []).map((/** @type {Json} */ loss) => loss.class_name).filter(Boolean);
  const rows = [
    ['Model', `${model.name} · ${short(model.parameters)} parameters`],
    ['Optimizer', optimizer ? [optimizer.class_name, optimizer.learning_rate ? `lr ${number(optimizer.learning_rate)}` : ''].filter(Boolean).join(' · ') : null],
    ['Loss', [...new Set(losses)].join(', ')],
    ['Steps', `${whole(training.steps)} · ${plural(training.samples, 'sample')}`],
    ['Measuring', seconds > 0 && sampling >= 0 ? `${duration(sampling)} · ${number((100 * sampling) / seconds)} % of training` : null],
    ['Compiling', compile > 0 ? `${duration(compile)} once` : null],
  ];
  return h('dl.measured', {}, rows.flatMap(([name, value]) =>
    value ? [h('dt', {}, name), h('dd', {title: value}, value)] : []));
}
