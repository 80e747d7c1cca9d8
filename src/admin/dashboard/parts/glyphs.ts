import type { StateWord } from "../../facts/target-facts.ts";
import { STATE_NAMES } from "../../facts/summary.ts";
import { html, raw, type Html } from "../html.ts";

const ARCH = '<path class="a" d="M2.75 26.5V12a9.25 9.25 0 0 1 18.5 0v14.5Z"/>';
const CLIP = 'clip-path="url(#g)"';

/** The inside of each state's gate, view box 0 0 24 28. */
const DRAWINGS: Readonly<Record<StateWord, string>> = {
  asleep: ARCH,
  paused: `${ARCH}<path class="b" d="M9.5 12v7M14.5 12v7"/>`,
  closed: `${ARCH}<path class="m" d="M12 3v23"/><circle class="k" cx="9.2" cy="17" r="1.1"/><circle class="k" cx="14.8" cy="17" r="1.1"/>`,
  waking: `${ARCH}<circle class="bob" cx="12" cy="26" r="5.5" fill="#ffd27a" ${CLIP}/>${rim()}`,
  starting: `${ARCH}<path class="d" d="M2 18h20v9H2z" ${CLIP}/><circle class="bob" cx="12" cy="18.5" r="4.5" fill="#ffd27a"/>${rim()}`,
  awake: `${ARCH}<circle cx="12" cy="13" r="4" fill="#fff8ea"/>`,
  stopping: `${ARCH}<circle cx="12" cy="27" r="5.5" fill="#f0937a" ${CLIP}/>${rim()}<path d="m8.5 10 3.5 3.5 3.5-3.5" fill="none" stroke="#fff" stroke-opacity=".85" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/>`,
  failed: `${ARCH}<path class="e" d="M12 9.5v7.5"/><circle class="f" cx="12" cy="21" r="1.4"/>`,
  unknown: `${ARCH}<path class="q" d="M9.8 12.3a2.3 2.3 0 1 1 3.4 2c-.8.5-1.2 1-1.2 1.9"/><circle class="k" cx="12" cy="19.4" r="1.1"/>`,
  gone: `${ARCH}<path class="q" d="M9.8 12.3a2.3 2.3 0 1 1 3.4 2c-.8.5-1.2 1-1.2 1.9"/><circle class="k" cx="12" cy="19.4" r="1.1"/>`,
};

/** The outline once more, above what is clipped. */
function rim(): string {
  return '<path class="o" d="M2.75 26.5V12a9.25 9.25 0 0 1 18.5 0v14.5Z"/>';
}

/** A small gate. Hidden from assistive technology when `spoken` is false, because the word stands beside it. */
export function glyph(state: StateWord, spoken = true): Html {
  const label = spoken ? html`role="img" aria-label="${STATE_NAMES[state]}"` : raw('aria-hidden="true"');
  return html`<svg class="glyph s-${state}" viewBox="0 0 24 28" ${label}>${raw(DRAWINGS[state])}</svg>`;
}

/** The bare drawing, to stand inside another picture. */
export function glyphAt(state: StateWord, x: number, y: number, width: number): Html {
  return html`<svg
    class="glyph s-${state}"
    viewBox="0 0 24 28"
    x="${x}"
    y="${y}"
    width="${width}"
    height="${(width * 28) / 24}"
  >
    ${raw(DRAWINGS[state])}
  </svg>`;
}

/** Clip paths and gradients that the drawings share; once in each document. */
export const SHARED_DEFS: Html = raw(
  '<svg class="vh" aria-hidden="true"><defs><clipPath id="g"><path d="M2.75 26.5V12a9.25 9.25 0 0 1 18.5 0v14.5Z"/></clipPath>' +
    '<clipPath id="arch"><path d="M0 224V92a92 92 0 0 1 184 0V224Z"/></clipPath>' +
    '<linearGradient id="strip" x2="0" y2="1"><stop class="s0"/><stop class="s1" offset=".22"/><stop offset=".38" stop-color="#4d4684"/><stop offset=".52" stop-color="#86598f"/><stop offset=".66" stop-color="#c9718a"/><stop offset=".78" stop-color="#f0937a"/><stop offset=".9" stop-color="#fbbf7c"/><stop offset="1" stop-color="#ffe0a0"/></linearGradient>' +
    '<linearGradient id="day" x2="0" y2="1"><stop stop-color="#ffa94d"/><stop offset=".6" stop-color="#ffc96f"/><stop offset="1" stop-color="#ffe7b0"/></linearGradient>' +
    '<linearGradient id="shut" x2="0" y2="1"><stop class="h0"/><stop class="h1" offset="1"/></linearGradient>' +
    '<radialGradient id="glow"><stop stop-color="#fff0c4" stop-opacity=".85"/><stop offset=".35" stop-color="#ffd98c" stop-opacity=".4"/><stop offset="1" stop-color="#ffc665" stop-opacity="0"/></radialGradient></defs></svg>',
);

const icon = (className: string, d: string): Html =>
  raw(`<svg class="icon ${className}" viewBox="0 0 16 16" aria-hidden="true"><path d="${d}"/></svg>`);

/** The icons, 16 grid. */
export const icons = {
  find: raw(
    '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3 3"/></svg>',
  ),
  theme: raw(
    '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="5.5"/><path d="M8 2.5a5.5 5.5 0 0 1 0 11Z" fill="currentColor"/></svg>',
  ),
  pin: icon("pin", "M5.5 2h5l-.7 4.5L12 9H4l2.2-2.5ZM8 9v5"),
  back: icon("", "m9.5 4-4 4 4 4"),
  out: icon("", "M6 3.5h6.5V10M12.5 3.5 4 12"),
  menu: icon("", "m4 6 4 4 4-4"),
};

const mark = (className: string, d: string): Html =>
  raw(`<svg class="icon chk ${className}" viewBox="0 0 16 16" aria-hidden="true"><path d="${d}"/></svg>`);

/** What became of a check: each is told by its shape. */
export const marks = {
  ok: mark("ok", "m3 8.5 3.5 3.5L13 4.5"),
  warning: mark("wa", "M8 2.5v7M8 13v.1"),
  problem: mark("pr", "m3.5 3.5 9 9M12.5 3.5l-9 9"),
  skipped: mark("sk", "M3.5 8h9"),
};

const tab = (d: string): Html =>
  raw(`<svg class="tabicon" viewBox="0 0 20 20" aria-hidden="true"><path d="${d}"/></svg>`);

/** The icons of the phone's tabs, 20 grid. */
export const tabIcons = {
  targets: tab("M5 17V9.5a5 5 0 0 1 10 0V17ZM2.5 17h15"),
  events: tab("M4 5.5h12M4 10h12M4 14.5h7"),
  doctor: tab("M2.5 10.5h4l2-5 3.5 9 2-4h3.5"),
};

/** The mark beside the name. */
export const MARK: Html = raw(
  '<svg class="mark" viewBox="0 0 17 21" aria-hidden="true"><path class="ma" d="M1.5 19.5V8.5a7 7 0 0 1 14 0v11Z"/><circle cx="8.5" cy="9.5" r="3" fill="#fff8ea"/><path class="mg" d="M-2 20h21"/></svg>',
);

/** The tab's icon; with a red dot while something needs a person. */
export function tabIcon(failing: boolean): string {
  const dot = failing ? '<circle cx="26" cy="6" r="5" fill="#b92c27"/>' : "";
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M6 30V15a10 10 0 0 1 20 0v15Z" fill="#f2a531"/><circle cx="16" cy="14" r="4.5" fill="#fff8ea"/>${dot}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
