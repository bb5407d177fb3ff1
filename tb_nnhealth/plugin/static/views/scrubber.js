// @ts-check
/** A slider over the sampled steps, and a button that plays them. */

import {h, svg} from '../dom.js';

const MILLISECONDS = 120;

/** For those who asked for reduced motion: a few stills, slowly. */
const [STILLS, CALM_MILLISECONDS] = [10, 1000];

const SHAPES = {Play: 'M5 3.5v9l7.5-4.5Z', Pause: 'M4.5 3.5h2.4v9H4.5ZM9.1 3.5h2.4v9H9.1Z'};

export class Scrubber {
  /** @param {(position: number) => void} moved @param {() => void} settled where it stands for now: not while it plays */
  constructor(moved, settled) {
    this.moved = moved;
    this.settled = settled;
    this.timer = 0;
    this.button = h('button.play', {type: 'button', onclick: () => (this.isPlaying ? this.stop() : this.play())});
    this.slider = h('input', {type: 'range', min: 0, step: 1, 'aria-label': 'Step', oninput: () => {
      const position = Number(this.slider.value);
      this.pause();
      moved(position);
      settled();
    }});
    this.said = h('span.said', {'aria-hidden': 'true'});
    this.node = h('div.scrubber', {}, this.button, this.slider, this.said);
    this.pause();
  }

  /** @param {number} count of positions @param {number} position @param {string} text what stands there */
  update(count, position, text) {
    this.slider.max = String(Math.max(0, count - 1));
    this.slider.value = String(position);
    this.slider.disabled = this.button.disabled = count < 2;
    this.slider.setAttribute('aria-valuetext', text);
    this.said.textContent = text;
  }

  play() {
    const last = Number(this.slider.max);
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const stride = calm ? Math.max(1, Math.ceil(last / STILLS)) : 1;
    if (Number(this.slider.value) >= last) this.moved(0);
    this.timer = setInterval(() => {
      const at = Number(this.slider.value);
      if (at >= Number(this.slider.max) || !this.node.isConnected || !this.node.offsetHeight) return this.stop();
      this.moved(Math.min(at + stride, Number(this.slider.max)));
    }, calm ? CALM_MILLISECONDS : MILLISECONDS);
    this.say('Pause');
  }

  get isPlaying() {
    return this.timer !== 0;
  }

  stop() {
    this.pause();
    this.settled();
  }

  pause() {
    clearInterval(this.timer);
    this.timer = 0;
    this.say('Play');
  }

  /** @param {'Play' | 'Pause'} what the button does next */
  say(what) {
    if (this.button.title === what) return;
    this.button.title = what;
    this.button.setAttribute('aria-label', `${what} the steps`);
    this.button.replaceChildren(svg('svg', {viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true'}, svg('path', {class: 'solid', d: SHAPES[what]})));
  }
}
