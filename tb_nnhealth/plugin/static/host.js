// @ts-check
/** TensorBoard around the page: its messages, its address bar, its theme, and whether the tab is shown. */

const PREFIX = 'p.nnhealth.';

/**
 * Listens to TensorBoard. It expects an answer to each of its messages.
 * @param {Record<string, () => void>} listeners by message type
 */
export function listen(listeners) {
  const channel = new MessageChannel();
  channel.port1.onmessage = ({data}) => {
    const message = JSON.parse(data);
    if (message.isReply) return;
    listeners[message.type]?.();
    const {type, id} = message;
    channel.port1.postMessage(JSON.stringify({type, id, payload: null, error: null, isReply: true}));
  };
  window.parent.postMessage('experimental.bootstrap', '*', [channel.port2]);
}

/** Whether the tab is in front: TensorBoard gives the frame of a hidden tab no height. */
export const visible = () => window.innerHeight > 0 && document.visibilityState === 'visible';

/** @returns {Record<string, string>} what the address bar says of this tab: `#nnhealth&p.nnhealth.run=…` */
export function readAddress() {
  /** @type {Record<string, string>} */
  const found = {};
  for (const part of parentHash().slice(1).split('&')) {
    const [key, value] = part.split('=');
    if (value !== undefined && key.startsWith(PREFIX)) found[key.slice(PREFIX.length)] = decode(value);
  }
  return found;
}

/**
 * @param {Record<string, string | null>} values null = leave it out
 * @param {boolean} isNews whether the reader can go back on it
 */
export function writeAddress(values, isNews) {
  const others = parentHash().slice(1).split('&').filter((part) => part && !part.startsWith(PREFIX));
  if (others[0] !== 'nnhealth') return;
  const ours = Object.entries(values).flatMap(([key, value]) =>
    value === null ? [] : [`${PREFIX}${key}=${encodeURIComponent(value)}`],
  );
  const hash = `#${[...others, ...ours].join('&')}`;
  if (hash === parentHash()) return;
  try {
    const {history} = window.parent;
    if (isNews) history.pushState(history.state, '', hash);
    else history.replaceState(history.state, '', hash);
  } catch {
    // A host of another origin (a notebook) keeps its address to itself.
  }
}

/** @param {() => void} changed called when the reader goes back, forward, or to another link to this tab */
export function followAddress(changed) {
  try {
    for (const event of ['popstate', 'hashchange']) window.parent.addEventListener(event, changed);
  } catch {
    // A host of another origin (a notebook) keeps its address to itself.
  }
}

export function pageAddress() {
  try {
    return window.parent.location.href;
  } catch {
    return window.location.href;
  }
}

/** @param {() => void} changed called once now, and whenever TensorBoard's theme changes */
export function followTheme(changed) {
  const apply = () => {
    document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
    changed();
  };
  try {
    const observer = new MutationObserver(apply);
    observer.observe(window.parent.document.body, {attributes: true, attributeFilter: ['class']});
  } catch {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  }
  apply();
}

function isDark() {
  try {
    return window.parent.document.body.classList.contains('dark-mode');
  } catch {
    return matchMedia('(prefers-color-scheme: dark)').matches;
  }
}

function parentHash() {
  try {
    return window.parent.location.hash;
  } catch {
    return '';
  }
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Names the page and the frame that it stands in, for those who hear it. @param {string} name */
export function nameFrame(name) {
  document.title = name;
  try {
    if (window.frameElement) window.frameElement.setAttribute('title', name);
  } catch {
    // A host of another origin (a notebook) names its frames itself.
  }
}

/** @param {string} text @returns {Promise<boolean>} whether it was copied; http on a network has no clipboard API */
export async function copy(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'offscreen';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
