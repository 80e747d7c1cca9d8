// The page follows the wake: it draws each view the server sends, lets the numbers tick, and opens the app.
const $ = (id) => document.getElementById(id);
const { words, copy, urls, target, at: bornAt, ...data } = JSON.parse($("data").textContent);
const root = document.documentElement;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const clock = () => performance.now();

let { view, token, since } = data;
let base = clock(); // when the view was true
let mode = data.mode ?? ""; // "away" or "guard": what the ready page says when the app does not come through
let low = Infinity; // the estimate never counts up
let eta = view.etaMs; // the estimate the sunrise follows
let heardAt = Date.now();
let lostAt = 0;
let frozen;
let trying = 0;
let phase = phaseOf(view);
let shown = {};
let leaving = false;
let opening = false;
let knockedAt = -Infinity;
let stillSaid = Math.floor((view.elapsedMs ?? 0) / 30000);
let jumpedAt = clock();

function phaseOf(v) {
  return v.scene + (v.steps.find((step) => step.status === "active")?.id ?? "");
}

// ---- drawing

const say = (text) => ($("say").textContent = text);
const put = (node, text) => node.textContent === text || (node.textContent = text);

function rich(node, text) {
  if (shown[node.id] === text) return;
  shown[node.id] = text;
  node.replaceChildren(
    ...pieces(text).map((piece, i) => {
      if (i % 2 === 0) return piece;
      const bold = document.createElement("b");
      bold.textContent = piece;
      return bold;
    }),
  );
}

function draw() {
  const dt = frozen ?? clock() - base;
  const now = Date.now();
  const text = (live) => print(live, dt, words, now);
  let face = (mode && view[mode]) || faceAt(view.faces, dt);
  if (face.key === "waking" && low < 1000) face = view.faces.find((other) => other.key === "almost") ?? face;
  if (document.title !== face.title) document.title = face.title;
  put($("h"), face.heading);
  $("h").title = face.heading.length > 40 ? face.heading : "";
  rich($("lead"), text(face.lead));
  let number = face.number ? text(face.number) : "";
  if (face.number?.rough) {
    low = Math.min(low, Math.max(0, face.number.ms - dt));
    number = print({ ...face.number, ms: low }, 0, words, now);
  }
  $("slot").classList.toggle("words", !!face.words);
  rich($("slot"), face.words ? number : enlarge(number));
  const caption = face.caption.map(text).filter(Boolean);
  if (frozen !== undefined) caption.push(print({ text: copy.asof, at: heardAt, as: "s" }, 0, words, now));
  list("cap", caption, (part) => element("span", part));
  button(face.button);
  facts(text);
  if (root.dataset.face !== face.key) {
    root.dataset.face = face.key;
    if (face.say) say(face.say);
  }
  const still = Math.floor(((view.elapsedMs ?? 0) + dt) / 30000);
  if (view.scene === "waking" && still > stillSaid && view.elapsedMs !== undefined) {
    say(print({ text: copy.still, ms: still * 30000, spoken: true }, 0, words, now));
    stillSaid = still;
  }
  bar(dt, text);
}

function element(tag, text, name) {
  const node = document.createElement(tag);
  node.textContent = text;
  if (name) node.className = name;
  return node;
}

// Draws a list again only when what it says has changed.
function list(id, items, make) {
  const key = JSON.stringify(items);
  if (shown[id] === key) return;
  shown[id] = key;
  $(id).replaceChildren(...items.map(make));
}

function button(wanted) {
  const key = JSON.stringify([wanted, trying]);
  if (shown.act === key) return;
  shown.act = key;
  const focused = $("act").contains(document.activeElement);
  if (!wanted) $("act").replaceChildren();
  else {
    const node = element(wanted.kind === "retry" ? "button" : "a", trying ? copy.trying : wanted.text, "btn");
    node.classList.toggle("strong", !!wanted.strong);
    if (trying) node.setAttribute("aria-disabled", "true");
    if (node.href !== undefined) node.href = wanted.href ?? urls.self;
    node.onclick = (event) => press(event, wanted);
    $("act").replaceChildren(node);
    if (focused) node.focus();
  }
  if (focused && !wanted) $("h").focus();
}

function facts(text) {
  const steps = view.steps;
  const ids = steps.map((step) => step.id + (step.parts?.length ?? "")).join();
  const ol = $("steps");
  if (shown.steps !== ids) {
    shown.steps = ids;
    if (ol.children.length !== steps.length)
      ol.replaceChildren(...steps.map(() => $("t-step").content.firstElementChild.cloneNode(true)));
  }
  steps.forEach((step, i) => {
    const li = ol.children[i];
    if (li.className !== step.status) li.className = step.status;
    if (step.status === "active") li.setAttribute("aria-current", "step");
    else li.removeAttribute("aria-current");
    const [, label, word, value] = li.firstElementChild.children;
    put(label, step.label);
    put(word, step.word);
    put(value, text(step.value));
    const ul = li.lastElementChild;
    const parts = step.parts ?? [];
    ul.hidden = !parts.length;
    while (ul.children.length > parts.length) ul.lastElementChild.remove();
    parts.forEach((part, n) => {
      const row = ul.children[n] ?? ul.appendChild(document.createElement("li"));
      if (!row.firstElementChild) row.append(element("span"), element("span", "", "v"));
      row.className = part.status;
      put(row.firstElementChild, part.name);
      put(row.lastElementChild, text(part.value));
    });
  });
  gates();
  evidence(text);
}

function gates() {
  const key = view.gates.join();
  if (shown.gates === key) return;
  shown.gates = key;
  const box = document.querySelector(".gates");
  const some = view.gates.slice(0, 4);
  if (box.querySelectorAll("svg").length === some.length) {
    some.forEach((status, i) => box.children[i].setAttribute("class", "small " + status));
    return;
  }
  box.replaceChildren(
    ...some.map((status) => {
      const gate = $("t-gate").content.firstElementChild.cloneNode(true);
      gate.setAttribute("class", "small " + status);
      return gate;
    }),
  );
  for (const [at, name] of [[4, "more wide"], [2, "more narrow"]])
    if (view.gates.length > at) box.append(element("span", "+" + (view.gates.length - at), name));
}

function evidence(text) {
  const rows = view.evidence?.rows.map(([label, value]) => [label, text(value)]) ?? [];
  const log = view.evidence?.log;
  const old = $("ev").querySelector("pre");
  if (shown.log === log && rows.length === $("ev").querySelectorAll("dd").length) {
    $("ev").querySelectorAll("dd").forEach((dd, i) => put(dd, rows[i][1]));
    return;
  }
  shown.log = log;
  const box = element("div", "", "ev");
  const dl = box.appendChild(document.createElement("dl"));
  for (const [label, value] of rows) {
    const row = dl.appendChild(document.createElement("div"));
    row.append(element("dt", label), element("dd", value));
  }
  if (log) {
    const pre = old ?? element("pre", "");
    put(pre, log);
    pre.setAttribute("role", "region");
    pre.setAttribute("aria-label", view.evidence.logLabel);
    box.append(pre);
  }
  $("ev").replaceChildren(...(view.evidence ? [box] : []));
  const pre = $("ev").querySelector("pre");
  if (pre && pre.scrollHeight > pre.clientHeight) pre.tabIndex = 0;
}

let barKey;
function bar(dt, text) {
  const node = $("bar");
  const key = view.bar && phase + Math.floor(dt / 15000);
  if (barKey === key) return;
  barKey = key;
  document.querySelector(".num").toggleAttribute("aria-hidden", false);
  if (!view.bar) {
    for (const name of ["role", "aria-label", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext"])
      node.removeAttribute(name);
    return;
  }
  document.querySelector(".num").setAttribute("aria-hidden", "true");
  const p = view.etaMs && progressAt(view.elapsedMs + dt, view.etaMs);
  const set = { role: "progressbar", "aria-label": view.bar.label, "aria-valuemin": 0, "aria-valuemax": 100 };
  if (p) set["aria-valuenow"] = Math.floor(p * 10) * 10;
  else node.removeAttribute("aria-valuenow");
  set["aria-valuetext"] = view.bar.text.map(text).filter(Boolean).join(", ");
  for (const name in set) node.setAttribute(name, set[name]);
}

// ---- the scene

const moving = () => [...document.querySelectorAll(".gate .strip,.gate .sun,.gate .glow,.light,.halo,.pool")];
const risen = (a) => (a?.currentTime ?? 0) + bornAt;
const rising = () => document.getAnimations().filter((a) => /^(strip|sun|glow|light|lit)$/.test(a.animationName));

// Sets strip, sun and light to where the server says the wake is; never back.
function sunrise(fresh) {
  const { elapsedMs, etaMs } = view;
  if (etaMs === undefined) return;
  const place = elapsedMs + (clock() - base);
  const [light] = rising();
  if (!fresh && eta && light && progressAt(place, etaMs) < progressAt(risen(light), eta)) return;
  eta = etaMs;
  root.style.setProperty("--eta", etaMs + "ms");
  for (const a of rising()) a.currentTime = place - bornAt;
}

function scene(next) {
  const before = root.dataset.scene;
  if (before === next.scene && root.hasAttribute("data-est") === (next.etaMs !== undefined)) return;
  const from = calm.matches ? [] : moving().map((node) => [node, state(node)]);
  root.dataset.scene = next.scene;
  root.toggleAttribute("data-est", next.etaMs !== undefined);
  root.style.setProperty("--sink", (next.sinkMs ?? 10000) + "ms");
  root.style.setProperty("--sunk", (next.sunkMs ?? 0) + "ms");
  document.querySelector("link[rel=icon]").href = next.icon;
  if (next.scene === "waking" || next.scene === "stopping") return;
  for (const [node, was] of from)
    node.animate([was, state(node)], { duration: 250, easing: "cubic-bezier(.2,.7,.2,1)" });
}

function state(node) {
  const { transform, opacity } = getComputedStyle(node);
  return { transform, opacity };
}

function apply(next) {
  const fresh = view.scene !== next.scene || (next.elapsedMs ?? 0) + 2000 < (view.elapsedMs ?? 0);
  const newWake = fresh && !(view.scene === "stopping" && next.scene === "waking");
  if (newWake || next.scene !== view.scene) low = Infinity;
  if (newWake) stillSaid = Math.floor((next.elapsedMs ?? 0) / 30000);
  scene(next);
  view = next;
  base = clock();
  frozen = undefined;
  trying = 0;
  if (view.scene !== "ready" && mode) mode = "";
  const now = phaseOf(view);
  if (now !== phase && view.say) say(view.say.map((live) => print(live, 0, words, Date.now())).join(" "));
  phase = now;
  sunrise(newWake);
  draw();
  if (view.scene === "ready") open();
}

// ---- opening the app

// "app", "ours" (this page again) or "bad" (nobody answers there yet).
async function probe(method = "HEAD") {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 5000);
  try {
    const answer = await fetch(location.href.split("#")[0], {
      method,
      cache: "no-store",
      credentials: "same-origin",
      redirect: "manual",
      signal: stop.signal,
    });
    if (answer.headers.has("x-wakegate")) return "ours";
    if (method === "HEAD" && (answer.status === 405 || answer.status === 501)) return probe("GET");
    return [404, 502, 503, 504].includes(answer.status) ? "bad" : "app";
  } catch {
    return "bad";
  } finally {
    clearTimeout(timer);
    if (method === "GET") stop.abort();
  }
}

async function open() {
  if (opening || leaving) return;
  opening = true;
  const began = clock();
  let bad = 0;
  for (let wait = 100; view.scene === "ready" && mode !== "guard"; wait = Math.min(2000, wait * 2)) {
    const answer = await probe();
    if (answer === "bad") bad ||= clock();
    else bad = 0;
    if (answer === "app" || (bad && clock() - bad > 10000)) {
      reload();
      break;
    }
    if (clock() - began > 5000) {
      if (!mode) mode = "away";
      wait = 2000;
      draw();
    }
    await sleep(wait);
  }
  opening = false;
}

const guardKey = "wakegate:" + target;

// At most 3 in 30 s; without storage at most one in 5 s.
function reload() {
  if (leaving) return;
  try {
    const now = Date.now();
    const times = JSON.parse(sessionStorage.getItem(guardKey) ?? "[]").filter((time) => now - time < 30000);
    if (times.length >= 3) {
      mode = "guard";
      draw();
      return;
    }
    sessionStorage.setItem(guardKey, JSON.stringify([...times, now]));
  } catch {
    if (clock() < 5000) return void setTimeout(reload, 5000 - clock());
  }
  leaving = true;
  location.reload();
}

function press(event, wanted) {
  if (wanted.kind === "link") return;
  event.preventDefault();
  if (trying) return;
  if (wanted.kind === "retry") {
    trying = clock();
    draw();
    const headers = { accept: "application/json" };
    fetch(urls.retry + "?token=" + encodeURIComponent(token), { method: "POST", cache: "no-store", headers })
      .catch(() => {})
      .then(refresh);
    return;
  }
  try {
    sessionStorage.removeItem(guardKey);
  } catch {}
  location.reload();
}

// ---- following

function heard() {
  heardAt = Date.now();
  lostAt = 0;
  if (root.hasAttribute("data-lost")) {
    root.removeAttribute("data-lost");
    $("note").textContent = "";
    frozen = undefined;
  }
}

function lose() {
  lostAt ||= clock();
  setTimeout(tick, 3010);
}

let asking;
// One status request; `hold` lets the server wait for news. True when an answer was understood.
async function ask(hold) {
  if (leaving) return true;
  asking?.abort();
  const stop = (asking = new AbortController());
  const timer = setTimeout(() => stop.abort(), hold ? 60000 : 10000);
  try {
    let url = urls.status + "?token=" + encodeURIComponent(token);
    if (hold && since !== undefined) url += "&since=" + encodeURIComponent(since);
    const answer = await fetch(url, { cache: "no-store", signal: stop.signal, headers: { accept: "application/json" } });
    const body = await answer.json();
    if (stop !== asking) return true;
    if (!body.view?.faces?.length) {
      if (body.error !== "token") throw 0;
      reload();
      return false;
    }
    token = body.token ?? token;
    since = body.since ?? body.lastEventId ?? since;
    heard();
    // Asleep, for all the status knows: why this visitor may not wake it was said by the page itself.
    if (!(body.view.idle && view.scene === "closed")) apply(body.view);
    return true;
  } catch {
    if (stop !== asking || stop.signal.reason === "hurry") return true;
    lose();
    return false;
  } finally {
    clearTimeout(timer);
  }
}

let hurry = () => {};
let hurried = false;
let polling = false;

// The status at once.
function refresh() {
  if (!polling) return void ask(false);
  hurried = true;
  since = undefined;
  asking?.abort("hurry");
  hurry();
}

async function poll() {
  if (polling) return;
  polling = true;
  for (let fails = 0; !leaving; ) {
    const began = clock();
    const seen = since;
    const good = await ask(true);
    const spent = clock() - began;
    fails = good ? 0 : fails + 1;
    const least = !good ? Math.min(10000, 500 * 2 ** fails) + spent : view.slow ? 10000 : seen === since ? 1000 : 0;
    if (!hurried && least > spent)
      await new Promise((done) => {
        hurry = done;
        setTimeout(done, least - spent);
      });
    hurried = false;
  }
}

let source;
function follow() {
  let opened = false;
  try {
    source = new EventSource(urls.events + "?token=" + encodeURIComponent(token));
  } catch {
    return void poll();
  }
  const instead = () => {
    source?.close();
    source = undefined;
    poll();
  };
  const late = setTimeout(() => opened || instead(), 3000);
  source.onopen = () => {
    clearTimeout(late);
    opened = true;
    ask(false);
  };
  source.onmessage = (event) => {
    heard();
    let news = {};
    try {
      news = JSON.parse(event.data);
    } catch {}
    since = event.lastEventId || since;
    if (news.view) apply(news.view);
    else if (news.type !== "waiting_ready") ask(false);
  };
  source.onerror = () => {
    if (!opened || source?.readyState === 2) {
      clearTimeout(late);
      if (source) instead();
    } else lose();
  };
}

// ---- time

let timer;
let askedAt = clock();
function tick() {
  if (lostAt && clock() - lostAt > 3000 && !root.hasAttribute("data-lost")) {
    root.setAttribute("data-lost", "");
    $("note").textContent = copy.lostNote;
    frozen = clock() - base;
    say(copy.lost);
  }
  if (document.hidden) return;
  const now = clock();
  draw();
  if (trying && now - trying > 10000) trying = 0;
  if (calm.matches && now - jumpedAt > 5000) {
    jumpedAt = now;
    sunrise(false);
  }
  if (view.knockInMs !== undefined && now - base > view.knockInMs + 400 && now - knockedAt > 5000 && !lostAt) {
    knockedAt = now;
    probe().then((answer) => answer === "app" && reload());
  }
  // A stream can die without a word.
  if (source && now - askedAt > 15000) {
    askedAt = now;
    ask(false);
  }
}

function run() {
  clearInterval(timer);
  if (!document.hidden) timer = setInterval(tick, 250);
}

function back() {
  run();
  if (document.hidden) return;
  sunrise(false);
  refresh();
}

addEventListener("visibilitychange", back);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  leaving = false;
  back();
});
addEventListener("online", back);
addEventListener("offline", lose);

draw();
run();
follow();
if (view.scene === "ready") open();
