/** What the demo's app tells of itself. */
export interface SleepyFacts {
  /** Wall ms. */
  readonly awakeSince: number;
  readonly pid: number;
  readonly idleMs: number;
}

/** Where the page asks the gateway, never the app, whether the app still is awake: asking must not count as use. */
export const STATE_PATH = "/-/demo/state";

/** What {@link STATE_PATH} answers. */
export interface DemoState {
  readonly awake: boolean;
  /** Until it sleeps if nobody comes. */
  readonly sleepsInMs: number;
}

/** The app's only page: since when it is awake, and how long it will be. */
export function sleepyPage({ awakeSince, pid, idleMs }: SleepyFacts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A sleepy app</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --top: #e3e8f2; --sky: #f1f4f9; --ground: #fbfcfe; --ink: #161a26; --ink-2: #4a5263;
  --line: #c3cad6; --gold: #d47300; --glow: #f2a531; }
@media (prefers-color-scheme: dark) { :root { --top: #080a12; --sky: #111625; --ground: #10141f; --ink: #eef1f8;
  --ink-2: #abb3c5; --line: #363e53; --gold: #f5b556; --glow: #f5b556; } }
* { box-sizing: border-box; margin: 0; }
body { min-height: 100vh; display: grid; grid-template-rows: 42vh auto; background: var(--ground); color: var(--ink);
  font: 16px/24px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; text-align: center;
  font-variant-numeric: tabular-nums; }
.sky { background: linear-gradient(var(--top), var(--sky)); border-bottom: 1px solid var(--line); overflow: hidden;
  position: relative; }
.sun { position: absolute; left: 50%; bottom: 0; width: 120px; height: 120px; margin: 0 -60px; border-radius: 50%;
  background: var(--glow); translate: 0 calc(100% - (100% - 20px) * var(--up, 1)); transition: translate 1s linear; }
main { padding: 32px 20px; }
h1 { font-size: 30px; line-height: 36px; letter-spacing: -.02em; margin-bottom: 12px; }
p { color: var(--ink-2); max-width: 42ch; margin: 0 auto 12px; }
b { color: var(--ink); }
button { font: inherit; font-weight: 600; margin-top: 8px; padding: 10px 20px; border: 0; border-radius: 10px;
  background: var(--ink); color: var(--ground); cursor: pointer; }
small:not([hidden]) { display: block; min-height: 20px; margin-top: 24px; color: var(--ink-2); font-size: 13px; }
</style>
</head>
<body>
<div class="sky"><div class="sun"></div></div>
<main>
<h1 id="title">Awake</h1>
<p id="text">It sleeps <b>${String(Math.round(idleMs / 1000))} s</b> after the last visit.</p>
<button id="visit" type="button">Visit again</button>
<small id="facts">Awake since <time id="since">${new Date(awakeSince).toISOString().slice(11, 19)} UTC</time>, process ${String(pid)}</small>
</main>
<script>
const idle = ${String(idleMs)}, by = (id) => document.getElementById(id);
by("since").textContent = new Date(${String(awakeSince)}).toLocaleTimeString();
by("visit").onclick = () => location.reload();
async function look() {
  const state = await fetch("${STATE_PATH}").then((answer) => answer.json()).catch(() => undefined);
  if (!state) {
    by("title").textContent = "The demo has ended";
    by("text").textContent = "Start it again with npm run demo.";
    return;
  }
  document.body.style.setProperty("--up", state.awake ? Math.max(.1, state.sleepsInMs / idle) : 0);
  by("facts").hidden = !state.awake;
  by("title").textContent = state.awake ? "Awake" : "Asleep";
  by("text").innerHTML = !state.awake ? "The process is gone. Visit again, and the first request wakes it."
    : state.sleepsInMs > 0 ? "Sleeps in <b>" + Math.ceil(state.sleepsInMs / 1000) + " s</b> if nobody visits."
    : "Going to sleep.";
  setTimeout(look, 500);
}
look();
</script>
</body>
</html>
`;
}
