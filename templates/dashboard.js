// Life for the dashboard. The server draws everything; this file ticks times, follows events, redraws what changed
// from the server's own pages, and posts what people press.
import { print } from "./live.js";

const words = { units: ["d", "h", "min", "s"], spoken: [], today: "{time}", yesterday: "yesterday {time}", locale: "en-GB" };
const $ = (id) => document.getElementById(id);
const body = document.body;
const say = $("say");

// The server draws days and clocks in the viewer's zone once it knows it.
const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC").replaceAll("%2F", "/");
if (!document.cookie.includes("wakegate-zone=" + zone)) {
  document.cookie = "wakegate-zone=" + zone + ";path=/ui;max-age=31536000;samesite=strict";
  if (document.cookie.includes("wakegate-zone=" + zone) && !sessionStorage.getItem("zoned")) {
    sessionStorage.setItem("zoned", "1");
    location.reload();
  }
}

// Times that tick. Each counts from the moment at which it came here.
const born = new WeakMap();
let frozen = false;
function tick() {
  if (frozen || document.hidden) return;
  for (const el of document.querySelectorAll("[data-live]")) {
    const seen = born.get(el) ?? born.set(el, performance.now()).get(el);
    const text = print(JSON.parse(el.dataset.live), performance.now() - seen, words, Date.now());
    if (el.textContent !== text) el.textContent = text;
  }
  enlarge();
}
// The big number's units are small.
function enlarge() {
  const big = document.querySelector(".num:not(.words) b");
  if (!big || big.dataset.text === big.textContent) return;
  const parts = big.textContent.split(/(\d[\d.:]*)/);
  big.dataset.text = big.textContent;
  const live = big.querySelector("[data-live]");
  const at = live ?? big;
  at.replaceChildren(...parts.map((part) => {
    if (/^\d/.test(part)) return part;
    const unit = document.createElement("u");
    unit.textContent = part;
    return unit;
  }));
  big.dataset.text = big.textContent;
}
tick();
setInterval(tick, 1000);

// Redrawing: the same page is asked for again, and what has a key and differs takes the new place.
let asked = 0;
const dirty = new Set();
let timer;
function redraw(name) {
  dirty.add(name ?? "*");
  timer ??= setTimeout(fetchPage, Math.max(120, 400 - (performance.now() - asked)));
}
async function fetchPage() {
  timer = undefined;
  asked = performance.now();
  const names = [...dirty];
  dirty.clear();
  const url = new URL(location.href);
  if (body.classList.contains("p-list") && !names.includes("*")) url.searchParams.set("only", names.join(" "));
  try {
    const answer = await fetch(url, { headers: { "X-Wakegate-Request": "redraw" } });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) return;
    swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The connection's own line says so.
  }
}
function swap(next) {
  if (next.body.className !== body.className) return location.reload();
  const before = failing(document);
  for (const fresh of next.querySelectorAll("[data-key]")) {
    const old = document.querySelector('[data-key="' + CSS.escape(fresh.dataset.key) + '"]');
    if (!old) continue;
    if (old.outerHTML === fresh.outerHTML || old.matches(":has([aria-disabled=true][data-busy])")) continue;
    const focus = old.contains(document.activeElement) ? path(document.activeElement) : undefined;
    old.replaceWith(fresh);
    if (focus) fresh.querySelector(focus)?.focus({ preventScroll: true });
  }
  document.title = next.title;
  const rows = $("rows");
  if (rows) order(rows, next);
  for (const name of failing(document)) {
    if (!before.has(name)) say.textContent = name + " failed to wake: " + (rowOf(name)?.querySelector(".fact")?.textContent ?? "");
  }
  filter();
  tick();
}
const failing = (doc) => new Set([...doc.querySelectorAll("tr.failing")].map((row) => row.dataset.name));
const rowOf = (name) => document.querySelector('tr[data-name="' + CSS.escape(name) + '"]');
function path(el) {
  if (el.dataset.menu) return '[data-menu="' + el.dataset.menu + '"]';
  return el.matches(".btn") ? ".btn" : "a";
}
// Rows move only while nobody points at the list.
function order(rows, next) {
  const wanted = next.getElementById("rows")?.dataset.order?.split(" ") ?? [];
  if (rows.matches(":hover") || rows.contains(document.activeElement)) return;
  const fresh = next.getElementById("rows");
  for (const [i, name] of wanted.entries()) {
    const row = rowOf(name) ?? [...fresh.children].find((each) => each.dataset.name === name);
    if (!row) return redraw();
    if (rows.children[i] !== row) rows.insertBefore(row, rows.children[i] ?? null);
  }
  if (!new URLSearchParams(location.search).has("state"))
    for (const row of [...rows.children]) if (!wanted.includes(row.dataset.name)) row.remove();
}

// Following. The stream says what happened; silence for long says that the connection is lost.
let heard = Date.now();
let source;
function follow() {
  const target = body.dataset.target;
  source = new EventSource("/api/v1/events" + (target ? "?target=" + encodeURIComponent(target) : ""));
  const alive = () => {
    heard = Date.now();
    connection("live");
  };
  source.onopen = () => {
    if (frozen || $("live").classList.contains("lost")) redraw();
    alive();
  };
  source.addEventListener("beat", alive);
  source.onmessage = (message) => {
    alive();
    const event = JSON.parse(message.data);
    note(event, message.lastEventId);
    redraw(event.target);
    // What a state leads to shows a moment later.
    if (event.type === "starting" || event.type === "stopping" || event.type === "probing") setTimeout(() => redraw(event.target), 1500);
  };
}
function connection(state, since) {
  const el = $("live");
  if (!el) return;
  const lost = state !== "live";
  el.classList.toggle("lost", lost);
  el.lastElementChild.textContent = lost ? "Reconnecting" : "Live";
  el.setAttribute("aria-label", lost ? "Connection: reconnecting" : "Connection: live");
  frozen = state === "stale";
  $("stale").hidden = !frozen;
  if (frozen) $("stale").textContent = "No news since " + new Date(since).toLocaleTimeString("en-GB") + ". What you see may be old.";
}
if ($("live")) {
  follow();
  setInterval(() => {
    const silent = Date.now() - heard;
    // The server's heart beats every 10 s.
    if (source.readyState !== 1 ? silent > 13000 : silent > 25000) connection("stale", heard);
    else if (source.readyState !== 1 && silent > 3000) connection("lost");
    if (source.readyState === 2) {
      source.close();
      follow();
    }
  }, 1000);
  setInterval(() => document.hidden || redraw(), 20000);
  document.addEventListener("visibilitychange", () => document.hidden || redraw());
}

// The list of events. It stands still while somebody points at it.
const list = $("events");
const waiting = [];
function note(event, id) {
  if (!list || list.querySelector('[data-id="' + CSS.escape(id) + '"]')) return;
  waiting.push([event, id]);
  show();
}
function show() {
  const paused = $("paused");
  const still = list.matches(":hover");
  if (paused) {
    paused.hidden = !still || waiting.length === 0;
    paused.textContent = waiting.length + " new";
  }
  if (still) return;
  for (const [event, id] of waiting.splice(0)) {
    const turn = ["woken", "ready", "failed", "asleep", "missing", "pinned", "held"].includes(event.type);
    const li = make("li", { "data-id": id, class: "t-" + event.type + (turn ? " turn" : "") });
    const at = new Date(event.timestamp);
    li.append(make("time", { datetime: event.timestamp }, at.toLocaleTimeString("en-GB")), make("i"));
    if (list.dataset.named === "true") {
      const link = event.target ? { href: "/ui/target/" + encodeURIComponent(event.target), class: "who" } : { class: "who" };
      li.append(make(event.target ? "a" : "span", link, event.displayName ?? event.target ?? "Wakegate"));
    }
    li.append(make("span", {}, event.message));
    list.prepend(li);
    while (list.children.length > 100) list.lastChild.remove();
  }
  if (list.children.length) $("noevents").hidden = true;
}
function make(tag, attributes = {}, text = "") {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  el.textContent = text;
  return el;
}
list?.addEventListener("mouseleave", show);
$("paused")?.addEventListener("click", () => {
  $("paused").hidden = true;
  scrollTo({ top: 0 });
  $("main").focus();
});

// Actions.
const doing = { wake: "Waking", retry: "Trying", sleep: "Going to sleep", release: "Released" };
async function post(name, call, data = {}) {
  const answer = await fetch("/api/v1/targets/" + encodeURIComponent(name) + "/" + call, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(data),
  });
  const json = await answer.json().catch(() => ({}));
  if (answer.ok) return json;
  throw Object.assign(new Error(json.title ?? "Wakegate does not answer"), json);
}
async function act(button, call, data) {
  if (button.getAttribute("aria-disabled") === "true") return;
  const { name, shown } = button.dataset;
  const word = button.textContent;
  button.setAttribute("aria-disabled", "true");
  button.dataset.busy = "";
  const label = button.querySelector("span") ?? button;
  if (!button.matches(".pinbtn")) label.textContent = doing[call] ?? word;
  const free = () => {
    delete button.dataset.busy;
    button.removeAttribute("aria-disabled");
    redraw(name);
  };
  try {
    await post(name, call, data);
    say.textContent = { wake: shown + " is waking.", retry: "Trying to wake " + shown + ".", sleep: shown + " is going to sleep.", pin: shown + " is kept awake.", unpin: shown + " is not kept awake any more.", hold: shown + " is kept asleep.", release: shown + " may wake again." }[call] ?? "";
    setTimeout(free, call === "pin" || call === "unpin" ? 0 : 400);
  } catch (error) {
    if (!button.matches(".pinbtn")) label.textContent = word;
    delete button.dataset.busy;
    button.removeAttribute("aria-disabled");
    if (error.error === "in_use") return ask(button, error);
    refuse(button, name, error.message);
  }
}
function refuse(button, name, why) {
  const line = button.closest("tr")?.querySelector(".more") ?? document.querySelector(".more.wrong");
  const text = "Not done: " + why.charAt(0).toLowerCase() + why.slice(1);
  say.textContent = text;
  if (!line) return;
  line.classList.add("wrong");
  line.removeAttribute("data-live");
  line.textContent = text;
  setTimeout(() => {
    if (line.closest("tr")) redraw(name);
    else line.textContent = "";
  }, 8000);
}
function ask(button, { evidence = [] }) {
  const dialog = $("ask");
  const needed = evidence.find(({ source }) => source === "needed");
  $("ask-h").textContent = "Put " + button.dataset.shown + " to sleep?";
  $("ask-p").textContent = needed
    ? "It is needed by " + needed.detail + "; they lose it."
    : "It is in use: " + evidence.map(({ label, detail }) => label + ": " + detail).join(", ") + ". What uses it will be cut.";
  dialog.onclick = (event) => {
    const { value } = event.target;
    if (value !== "yes" && value !== "no") return;
    dialog.close();
    if (value === "yes") act(button, "sleep", { force: true });
  };
  dialog.showModal();
}

// The doctor.
$("examine")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  if (button.getAttribute("aria-disabled") === "true") return;
  const proxy = $("proxy").value.trim();
  const line = document.querySelector(".more.wrong");
  line.textContent = "";
  button.setAttribute("aria-disabled", "true");
  button.textContent = "Looking";
  try {
    const answer = await fetch("/api/v1/doctor", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(proxy ? { proxy } : {}),
    });
    const json = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(json.detail ?? json.title ?? "Wakegate does not answer");
    const problems = json.findings.filter(({ level }) => level === "problem").length;
    say.textContent = problems === 0 ? "Nothing has to be fixed." : problems + (problems === 1 ? " thing" : " things") + " to fix.";
    redraw();
  } catch (error) {
    line.textContent = "Not done: " + error.message;
  } finally {
    button.removeAttribute("aria-disabled");
    button.textContent = "Run again";
  }
});

// Menus of pins and hold-downs.
const menu = $("menu");
let opener;
const spans = [["30 min", "30m"], ["2 h", "2h"]];
function openMenu(button) {
  opener = button;
  const call = button.dataset.menu;
  const tomorrow = new Date();
  tomorrow.setDate(tomorrow.getDate() + 1);
  tomorrow.setHours(8, 0, 0, 0);
  const items = [
    ...(button.getAttribute("aria-pressed") === "true" ? [["Stop keeping awake", () => act(button, "unpin")]] : []),
    ...spans.map(([text, span]) => [text, () => act(button, call, { for: span })]),
    ["Until tomorrow 08:00", () => act(button, call, { until: tomorrow.toISOString() })],
    ["No end", () => act(button, call, {})],
    ["Until …", () => until(button, call)],
  ];
  menu.replaceChildren(make("p", {}, (call === "pin" ? "Keep awake" : "Keep asleep") + " for"));
  for (const [text, run] of items) {
    const item = make("button", { type: "button", role: "menuitem", tabindex: "-1" }, text);
    item.onclick = () => {
      menu.hidePopover();
      button.focus();
      run();
    };
    menu.append(item);
  }
  menu.showPopover();
  const place = button.getBoundingClientRect();
  const { offsetWidth: w, offsetHeight: h } = menu;
  menu.style.left = Math.max(8, Math.min(place.right - w, innerWidth - w - 8)) + "px";
  menu.style.top = (place.bottom + 6 + h > innerHeight ? Math.max(8, place.top - h - 6) : place.bottom + 6) + "px";
  menu.querySelector("button").focus();
}
menu?.addEventListener("keydown", (event) => {
  const items = [...menu.querySelectorAll("button")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    items[(to + items.length) % items.length].focus();
  }
  if (event.key === "Escape" || event.key === "Tab") {
    menu.hidePopover();
    opener?.focus();
    event.preventDefault();
  }
});
function until(button, call) {
  const dialog = $("until");
  const at = $("until-at");
  const soon = new Date(Date.now() + 3600000 - new Date().getTimezoneOffset() * 60000);
  at.value = soon.toISOString().slice(0, 16);
  $("until-h").textContent = (call === "pin" ? "Keep awake" : "Keep asleep") + " until";
  dialog.querySelector("[value=no]").onclick = () => dialog.close();
  dialog.querySelector("form").onsubmit = () => act(button, call, { until: new Date(at.value).toISOString() });
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act], button[data-menu]");
  if (button) {
    event.preventDefault();
    if (button.dataset.menu) openMenu(button);
    else act(button, button.dataset.act);
    return;
  }
  const row = event.target.closest("tbody tr[data-name]");
  if (!row || event.target.closest("a, button") || getSelection().toString()) return;
  row.querySelector("a").click();
});
// The row's glyph grows into the gate of the page.
document.addEventListener("click", (event) => {
  const glyph = event.target.closest("tr a")?.closest("tr").querySelector(".glyph");
  if (glyph) glyph.style.viewTransitionName = "gate";
}, true);
document.querySelector(".p-target .gate")?.style.setProperty("view-transition-name", "gate");

// Finding, and keys.
const find = $("find");
function filter() {
  const rows = $("rows");
  if (!rows || !find) return;
  const text = find.value.trim().toLowerCase();
  let shown = 0;
  for (const row of rows.children) {
    row.hidden = !row.dataset.find.includes(text);
    if (!row.hidden) shown++;
  }
  $("nomatch").hidden = shown > 0;
  $("nomatch").querySelector("q").textContent = find.value;
}
if (find) {
  find.value = new URLSearchParams(location.search).get("q") ?? "";
  find.addEventListener("input", filter);
}
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, textarea, [role=menuitem]");
  if (event.key === "/" && !typing && find) {
    event.preventDefault();
    find.focus();
  } else if (event.key === "Escape" && event.target === find) {
    find.value = "";
    filter();
    find.blur();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !document.querySelector("dialog[open]")) {
    const links = [...document.querySelectorAll("#rows tr:not([hidden]) a")];
    if (links.length === 0 || (typing && event.target !== find)) return;
    const at = links.indexOf(document.activeElement?.closest("tr")?.querySelector("a"));
    event.preventDefault();
    links[Math.max(0, Math.min(links.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))].focus();
  }
});

// Light, dark, or as the system has it.
const themes = ["auto", "light", "dark"];
const html = document.documentElement;
const themeName = () => html.dataset.theme ?? "auto";
function nameTheme() {
  $("theme")?.setAttribute("aria-label", "Colours: " + { auto: "as the system has them", light: "light", dark: "dark" }[themeName()]);
}
nameTheme();
$("theme")?.addEventListener("click", () => {
  const next = themes[(themes.indexOf(themeName()) + 1) % 3];
  if (next === "auto") delete html.dataset.theme;
  else html.dataset.theme = next;
  try {
    localStorage.setItem("wakegate-theme", next);
  } catch {
    // It holds for this page.
  }
  nameTheme();
});

// One hair line through all timelines, with the time that it stands at.
let hair;
document.addEventListener("pointermove", (event) => {
  const over = event.target.closest?.(".c-line svg, .fleet svg");
  const days = document.querySelector(".days");
  if (!over || !days || event.pointerType === "touch") {
    hair?.remove();
    hair = undefined;
    return;
  }
  if (!hair) {
    hair = make("div", { class: "hairline", "aria-hidden": "true" });
    hair.append(make("span"));
    body.append(hair);
  }
  const { left, width } = over.getBoundingClientRect();
  const { from, to } = document.getElementById("rows").dataset;
  const at = new Date(+from + ((event.clientX - left) / width) * (to - from));
  hair.style.left = event.clientX + "px";
  hair.firstChild.style.top = document.querySelector(".fleet").getBoundingClientRect().top - 26 + "px";
  hair.firstChild.textContent = at > Date.now() ? "" : at.toLocaleString("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
});
