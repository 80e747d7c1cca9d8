// What changes between two answers of the server: numbers that tick and moments on a clock.
// One source for both sides: the server imports this file, the page carries it inside its module script.

// Where the sunrise stands after `elapsed` of `eta` ms: the same curve as the keyframes of loading.css.
export function progressAt(elapsed, eta) {
  const x = eta > 0 ? Math.max(0, elapsed / eta) : 0;
  if (x <= 0.9) return x;
  if (x <= 1.2) return 0.9 + (x - 0.9) * 0.1;
  if (x <= 2) return 0.93 + (x - 1.2) * 0.0375;
  return Math.min(0.98, 0.96 + (x - 2) * 0.01);
}

const spans = [86400, 3600, 60, 1];

// Whole seconds as "1 min 5 s", two units at most. `units` are four names or pairs [one, many].
export function inUnits(seconds, units) {
  let rest = Math.max(0, seconds);
  const out = [];
  let first = -1;
  spans.forEach((span, i) => {
    const n = Math.floor(rest / span);
    rest -= n * span;
    if (n > 0 && first < 0) first = i;
    if (first >= 0 && i - first < 2 && n > 0) out.push(n + "\u00a0" + name(units[i], n));
  });
  return out.length ? out.join(" ") : "0\u00a0" + name(units[3], 0);
}

const name = (unit, n) => (typeof unit === "string" ? unit : unit[n === 1 ? 0 : 1]);

// Time left, said as coarsely as an estimate deserves.
export function roughly(ms, units) {
  const s = Math.max(1, Math.ceil(ms / 1000));
  if (s >= 90) return inUnits(Math.ceil(s / 60) * 60, units);
  return (s <= 20 ? s : Math.ceil(s / 5) * 5) + "\u00a0" + units[3];
}

const dayOf = (at) => new Date(at).setHours(0, 0, 0, 0);

const formats = new Map();

// Made once: each takes some 100 KB. Visitors choose the locale, so only a few are kept.
function formatOf(locale, options) {
  const key = locale + JSON.stringify(options);
  if (!formats.has(key)) {
    if (formats.size > 31) formats.clear();
    formats.set(key, new Intl.DateTimeFormat(locale, options));
  }
  return formats.get(key);
}

// A moment in the zone of whoever runs this: "s" 14:03:27, "m" 14:40, "at" and "since" with the day's name.
export function clockText(at, as, now, words) {
  const form = (options) => formatOf(words.locale, options).format(at);
  const time = form({ hour: "2-digit", minute: "2-digit", second: as === "s" ? "2-digit" : undefined, hourCycle: "h23" });
  const days = Math.round((dayOf(at) - dayOf(now)) / 86400000);
  if (as === "s" || (as === "m" && days === 0)) return time;
  if (days === 0) return (as === "at" ? words.today : "{time}").replace("{time}", time);
  if (days === -1 && as === "since") return words.yesterday.replace("{time}", time);
  if (Math.abs(days) < 7) return form({ weekday: "short" }) + " " + time;
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? undefined : "numeric";
  return form({ day: "numeric", month: "short", year }) + (as === "since" ? "" : ", " + time);
}

// A live text `dt` ms after the view was made. Empty: leave the part out.
export function print(live, dt, words, now) {
  if (typeof live === "string") return live;
  if (live.until !== undefined && dt > live.until) return "";
  let text = live.text;
  if (live.at !== undefined) text = text.replace("{at}", () => clockText(live.at, live.as, now, words));
  if (live.ms === undefined) return text;
  const ms = Math.max(0, live.down ? live.ms - dt : live.ms + dt);
  const s = live.down ? Math.ceil(ms / 1000) : Math.floor(ms / 1000);
  if (s < 1 && !live.down && live.zero === undefined) return "";
  if (s < 1 && live.zero !== undefined) return live.zero.replace("{at}", () => clockText(live.at, live.as, now, words));
  const amount = live.rough ? roughly(ms, words.units) : inUnits(s, live.spoken ? words.spoken : words.units);
  return text.replace("{}", () => amount);
}

// The face of a view after `dt` ms: the last one whose time has come.
export function faceAt(faces, dt) {
  return faces.reduce((face, next) => (next.after <= dt ? next : face), faces[0]);
}

// "about **6** s" in pieces, every second one bold.
export const pieces = (text) => text.split("**");

// Every number of a slot is drawn large.
export const enlarge = (text) => text.replace(/\d[\d.:]*/g, "**$&**");
