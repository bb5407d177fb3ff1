// @ts-check
/** Examples with pictures: a card for each. */

import {h} from '../dom.js';
import {value} from './exhibit.js';

/** @typedef {Record<string, any>} Json */

/** @param {Json} gallery */
export const cards = (gallery) => h(`ol.example-cards${isWide(gallery) ? '.wide' : ''}`, {}, Array.from({length: gallery.examples}, (_, place) => card(gallery, place)));

/** @param {Json} gallery @param {number} place */
function card({exhibits, right}, place) {
  const pictures = picturesOf({exhibits});
  const others = exhibits.filter((/** @type {Json} */ {kind}) => kind !== 'picture');
  const isRight = right[place];
  return h('li.example', {'aria-label': `Example ${place + 1}`, 'data-right': isRight === null ? null : String(isRight)},
    h('div.example-pictures', {}, pictures.map((/** @type {Json} */ exhibit) => h('figure', {},
      value(exhibit, place), pictures.length > 1 ? h('figcaption', {}, h('bdi', {}, exhibit.heading)) : null))),
    others.length ? h('dl', {}, others.map((/** @type {Json} */ exhibit) => [
      h('dt', {}, h('bdi', {}, label(exhibit, others))),
      h('dd', {}, value(exhibit, place, exhibit.stage === 'prediction' && isRight !== null ? isRight : undefined)),
    ])) : null);
}

/** @param {Json} gallery @returns {Json[]} */
const picturesOf = ({exhibits}) => exhibits.filter((/** @type {Json} */ {kind}) => kind === 'picture');

/** @param {Json} gallery @returns {boolean} whether a card shows more than a picture, its target and prediction */
const isWide = ({exhibits}) => picturesOf({exhibits}).length > 1 || exhibits.length > 3;

/** @param {Json} exhibit @param {Json[]} others @returns {string} an output's name only where there are several */
function label({stage, heading}, others) {
  const alike = others.filter((other) => other.stage === stage);
  return alike.length > 1 || !['target', 'prediction'].includes(stage) ? heading : stage;
}
