// @ts-check
/** A few examples as the model got them, with targets and predictions, at the ends of some epochs. */

import {Slot, h, icon} from '../dom.js';
import {cards} from './examplecards.js';
import {table} from './exampletable.js';

/** @typedef {Record<string, any>} Json */

const NONE = 'No gallery was taken: HealthCallback("logs/run1", gallery=8) shows eight examples as the model gets them, with its predictions.';

export class ExamplesView {
  /** @param {(step: number | null) => void} choose a gallery by its step; null = the last one, also when others come */
  constructor(choose) {
    /** @type {Json | null} */
    this.shown = null;
    this.slider = h('input', {type: 'range', min: 0, step: 1, 'aria-label': 'When the gallery was taken', oninput: () => {
      const galleries = this.shown?.galleries ?? [];
      const place = Number(this.slider.value);
      this.tell(galleries[place]?.title ?? '');
      choose(place < galleries.length - 1 ? galleries[place].step : null);
    }});
    this.when = h('span.said', {'aria-hidden': 'true'});
    this.bar = h('div.scrubber', {}, this.slider, this.when);
    this.said = h('p.said', {role: 'status'});
    const [body, notes] = [h('div'), h('div')];
    this.slots = {body: new Slot(body), notes: new Slot(notes)};
    this.empty = h('p.dim');
    this.node = h('div.examples', {}, this.bar, this.said, body, notes, this.empty);
  }

  /** @param {Json} facts @param {Json | null} shown what the backend told of the galleries, null = nothing yet */
  update(facts, shown) {
    this.shown = shown;
    const gallery = shown?.gallery ?? null;
    this.empty.hidden = Boolean(gallery);
    this.empty.textContent = !facts.galleries ? NONE : shown ? 'None of the galleries could be read.' : 'Reading the gallery …';
    this.bar.hidden = !gallery;
    this.said.textContent = gallery?.said ?? '';
    const key = gallery && JSON.stringify(gallery);
    this.slots.body.show([key], () => gallery && (isOfPictures(gallery) ? cards : table)(gallery));
    this.slots.notes.show([key, String(shown?.problems)], () => shown && notes(gallery, shown.problems));
    if (!shown || !gallery) return;
    this.slider.max = String(shown.galleries.length - 1);
    this.slider.value = String(shown.shown);
    this.slider.disabled = shown.galleries.length < 2;
    this.tell(gallery.title);
  }

  /** @param {string} title */
  tell(title) {
    this.when.textContent = title;
    this.slider.setAttribute('aria-valuetext', title);
  }
}

/** @param {Json} gallery */
const isOfPictures = ({exhibits}) => exhibits.some((/** @type {Json} */ {stage, kind}) => kind === 'picture' && (stage === 'input' || stage === 'first'));

/** What each tensor is, and what is not shown. @param {Json | null} gallery @param {string[]} problems */
function notes(gallery, problems) {
  return h('div.example-notes', {},
    gallery ? h('dl', {}, gallery.exhibits.map((/** @type {Json} */ {heading, told}) => [h('dt', {}, h('bdi', {}, heading)), h('dd', {}, told)])) : null,
    [...(gallery?.left_out ?? []), ...problems].map((sentence) => h('p.sentence', {}, icon('info'), h('bdi', {}, sentence))));
}
