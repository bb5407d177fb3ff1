// @ts-check
/** The page's state: one object, from which all is drawn. */

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import('./api.js').Frame} Frame
 * @typedef {ReturnType<typeof initial>} State
 */

/** @param {import('./address.js').Shown} shown what the address asks for */
export const initial = (shown) => ({
  /** @type {string[] | null} */ runs: null,
  /** @type {string | null} */ run: null,
  version: '',
  /** @type {Json | null} */ facts: null,
  /** @type {Json | null} */ card: null,
  /** @type {(Json | null)[]} */ curves: [],
  /** @type {Json} */ prose: {},
  /** @type {string | null} */ error: null,
  /** Whether to ask again would bring the same error. */ isFinal: false,
  ...shown,
  /** @type {import('./views/heatmap.js').Focus | null} */ focus: null,
  /** What the reader opened and closed. @type {Map<string, boolean>} */ toggled: new Map(),
  /** @type {import('./matrix.js').Matrix | null} */ matrix: null,
  /** @type {import('./views/depth.js').FlowFrame | null} */ depth: null,
  /** The step's series: over the whole run, and in the range. @type {Frame | null} */ overview: null,
  /** @type {Frame | null} */ loss: null,
  /** @type {import('./views/charts.js').Source[]} */ sources: [],
  /** @type {import('./views/distribution.js').Spread[]} */ spreads: [],
  /** @type {import('./views/charts.js').Source[]} */ classes: [],
  /** What the preflight found, once it was unfolded. @type {Json | null} */ flight: null,
  /** The chosen row's layer. @type {Json | null} */ about: null,
  /** What is told of the galleries. @type {Json | null} */ gallery: null,
  /** @type {ReadonlyMap<string, string>} */ states: new Map(),
  dark: false,
});

/** What is known of a run that was not read yet. */
export const UNREAD = {
  version: '', facts: null, card: null, curves: [], error: null, isFinal: false,
  matrix: null, depth: null, overview: null, loss: null, sources: [], spreads: [], classes: [], about: null, flight: null, gallery: null,
};
