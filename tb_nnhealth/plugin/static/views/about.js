// @ts-check
/** What a layer, or a tensor of the batch, is: its facts, its variables, and the findings about it. */

import {h, icon, path, paths} from '../dom.js';
import {number, plural, short, steps, where, whole} from '../format.js';
import {titleOf} from './verdict.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{select: (row: string | null) => void, read: (finding: Json) => void}} Actions
 */

const MOST_FINDINGS = 6;

/** @param {string} row @param {Json | null} layer @param {() => void} close */
export function head(row, layer, close) {
  const told = layer
    ? [layer.class, layer.activation, layer.units ? plural(layer.units, 'unit') : '', `${short(layer.parameters)} parameters`,
        layer.trainable ? 'trainable' : 'frozen']
    : [];
  return [
    h('div.layer-name', {}, h('h3.mono', {title: layer?.path ?? row}, path(layer?.path ?? row)), h('span.dim', {}, told.filter(Boolean).join(' · '))),
    h('button', {type: 'button', 'data-key': 'close', onclick: close}, 'Close'),
  ];
}

/**
 * The findings that are about a row, its layer or one of the rows beside it, and those of which it is one of several signs.
 * @param {Json} card @param {string} row @param {Json | null} layer @returns {{finding: Json, isSign: boolean}[]} in order of cause
 */
function findingsOf(card, row, layer) {
  const names = new Set([row, ...(layer ? [layer.path, ...layer.variables, ...layer.rows] : [])]);
  return card.findings.flatMap((/** @type {Json} */ finding) => {
    const isOwn = [finding.variable, finding.layer, finding.tensor].some((name) => names.has(name));
    return isOwn || finding.others.some((/** @type {string} */ name) => names.has(name)) ? [{finding, isSign: !isOwn}] : [];
  });
}

/** @param {Json} card @param {string} row @param {Json | null} layer @param {(finding: Json) => void} read */
export function findingsList(card, row, layer, read) {
  const found = findingsOf(card, row, layer);
  const titles = new Map(card.rules.map((/** @type {Json} */ rule) => [rule.name, titleOf(rule)]));
  return h('section.about-findings', {'aria-label': `Findings about this ${layer ? 'layer' : 'tensor'}`},
    found.length ? null : h('p.dim', {}, `No finding is about this ${layer ? 'layer' : 'tensor'}.`),
    found.length ? h('ul', {}, found.slice(0, MOST_FINDINGS).map(({finding, isSign}, index) => h('li', {}, icon(finding.severity),
      h('button.link', {type: 'button', 'data-key': `read:${index}:${finding.rule}`, onclick: () => read(finding)}, titles.get(finding.rule)),
      h('span.dim', {}, isSign ? ['This is another sign of what was found at ', where(finding).length ? paths(where(finding)) : 'the whole run', '.']
        : [path(finding.message), finding.first_step === null ? '' : ` (${steps(finding.first_step, finding.last_step)})`])))) : null,
    found.length > MOST_FINDINGS ? h('p.dim', {}, `… and ${plural(found.length - MOST_FINDINGS, 'more finding')} in the list.`) : null);
}

/** @param {Json} about what `/layer` tells @returns {Node} */
export const layerFacts = (about) => h('div.about', {},
  pairs([
    ['Position', `${about.position + 1} of ${about.layers} in forward order${about.is_output ? ', an output of the model' : ''}`],
    ['Takes', about.inputs.length ? paths(about.inputs) : ''],
    ['Computes in', about.dtype],
    ['Rate', about.rate === null ? '' : number(about.rate)],
    ['Regularized', about.regularized ? 'yes: a penalty is part of the loss' : 'no'],
  ]),
  about.variables.length ? variables(about.variables) : h('p.dim', {}, 'It has no variables.'));

/** @param {Json} tensor of the batch */
export const tensorFacts = ({row, shape, dtype}) => h('div.about', {}, pairs([
  ['Is', {input: 'an input of the model', target: 'a target', prediction: 'what the model predicts'}[/** @type {string} */ (row.split('/')[0])] ?? ''],
  ['Shape', shapeOf(shape)],
  ['Type', dtype],
]));

/** @param {[string, any][]} told @returns {Node} those that are not empty */
const pairs = (told) => h('dl.facts', {}, told.filter(([, value]) => value !== '').map(([name, value]) =>
  h('div', {}, h('dt', {}, name), h('dd', {}, value))));

/** @param {(number | null)[]} shape */
const shapeOf = (shape) => `(${shape.map((size) => (size === null ? 'any' : size)).join(', ')})`;

/** @param {Json[]} own */
const variables = (own) => h('table.variables', {},
  h('thead', {}, h('tr', {}, ['Variable', 'Shape', 'Elements', 'Type', 'Initializer', 'Fan in, out', 'At the start', 'Trainable'].map((name) =>
    h('th', {scope: 'col'}, name)))),
  h('tbody', {}, own.map((variable) => h('tr', {}, h('th.mono', {scope: 'row', title: variable.path}, variable.role),
    [shapeOf(variable.shape), whole(variable.shape.reduce((/** @type {number} */ size, /** @type {number} */ side) => size * side, 1)), variable.dtype,
      path(variable.initializer ?? '–'), variable.fan_in === null ? '–' : `${whole(variable.fan_in)}, ${whole(variable.fan_out)}`,
      start(variable.initial), variable.trainable ? 'yes' : 'no'].map((text) => h('td', {}, text))))));

/** @param {Json} initial @returns {string} what a variable was like before the first step */
function start({std, frozen_std: frozen, constant, identical_units: identical}) {
  if (constant) return 'all the same';
  const spread = std ?? frozen;
  if (spread === undefined || spread === null) return '–';
  return `std ${number(spread)}${identical > 0 ? `, ${number(100 * identical)} % of the units alike` : ''}`;
}
