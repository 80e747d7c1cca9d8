import { bytes, count, finished, plural } from "../../text.ts";
import { groupOf, type StateGroup, type TargetFacts } from "../../facts/target-facts.ts";
import type { PoolFacts } from "../../facts/pool-facts.ts";
import { fleetFigures, fleetSteps, stepPath, type FleetFigures } from "../fleet.ts";
import { html, raw, type Html } from "../html.ts";
import { poolList } from "../parts/pool-list.ts";
import { inOrder, row } from "../parts/row.ts";
import { shell } from "../parts/shell.ts";
import { AXIS } from "../parts/timeline.ts";
import { placeOf, RANGES } from "../range.ts";
import type { ViewContext } from "../view-context.ts";

/** What the address asks for. */
export interface ListQuery {
  readonly state?: string | undefined;
  readonly q?: string | undefined;
  /** Only these rows, for a page that brings itself up to date. */
  readonly only?: readonly string[] | undefined;
  readonly all?: boolean;
}

const GROUPS: readonly (readonly [StateGroup, string])[] = [
  ["awake", "Awake"],
  ["asleep", "Asleep"],
  ["on_the_way", "On the way"],
  ["needs_you", "Needs you"],
  ["unknown", "Unknown"],
];
const FLEET_HEIGHT = 66;
const SHOWN_AT_ONCE = 100;

/** The list of all targets. */
export function listPage(
  all: readonly TargetFacts[],
  pools: readonly PoolFacts[],
  query: ListQuery,
  context: ViewContext,
): string {
  const ordered = inOrder(all);
  const q = query.q?.trim().toLowerCase() ?? "";
  const matching = ordered.filter(
    (facts) =>
      (query.state === undefined || groupOf(facts.state) === query.state) &&
      [facts.name, facts.displayName, ...facts.hosts].some((text) => text.toLowerCase().includes(q)),
  );
  const shown = query.all ? matching : matching.slice(0, SHOWN_AT_ONCE);
  const rows = query.only ? shown.filter(({ name }) => query.only?.includes(name)) : shown;
  const { ticks } = context.range;
  const days = ticks.map(
    ({ at, label, short }) =>
      html`<text x="${(placeOf(context.range, at, AXIS) + 5).toFixed(1)}" y="13" class="day-l">${label}</text
        ><text x="${(placeOf(context.range, at, AXIS) + 5).toFixed(1)}" y="13" class="day-s">${short}</text>`,
  );
  const lines = ticks.map(({ at }) => `M${placeOf(context.range, at, AXIS).toFixed(1)} 0v18`).join("");
  const main = html`<h1 class="vh">Targets</h1>
    <table role="table" class="targets">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" class="c-name">Target</th>
          <th role="columnheader" class="c-line">
            <span class="vh">Awake and asleep</span
            ><svg class="days" viewBox="0 0 ${AXIS} 18" aria-hidden="true">
              <path class="tick" d="${lines}" />
              ${days}
            </svg>
          </th>
          <th role="columnheader" class="c-why">Why</th>
          <th role="columnheader" class="c-next">Next</th>
          <th role="columnheader" class="c-wake">Wake time</th>
          <th role="columnheader" class="c-act"><span class="vh">What to do</span></th>
        </tr>
      </thead>
      <tbody
        role="rowgroup"
        id="rows"
        data-order="${shown.map(({ name }) => name).join(" ")}"
        data-from="${context.range.from}"
        data-to="${context.range.to}"
      >
        ${rows.map((facts) => row(facts, context))}
      </tbody>
    </table>
    <p class="nomatch" id="nomatch" ${raw(matching.length === 0 ? "" : " hidden")}>
      No target matches <q>${query.q ?? ""}</q>. <a href="/ui/">Show all</a>
    </p>
    ${context.replicas === undefined ? undefined : html`<p class="rest">${context.replicas}</p>`}
    ${matching.length > shown.length ? html`<p class="rest"><a class="btn" href="/ui/?all=1">Show ${matching.length - shown.length} more</a></p>` : undefined}
    ${poolList(pools)}`;
  return shell(
    { title: title(all), current: "targets", kind: "list", sky: head(all, query, context), main },
    context,
  );
}

function title(all: readonly TargetFacts[]): string {
  const failing = all.filter(({ state }) => groupOf(state) === "needs_you").length;
  return failing > 0 ? `(${String(failing)}) Wakegate` : "Wakegate";
}

function head(all: readonly TargetFacts[], query: ListQuery, context: ViewContext): Html {
  const counts = new Map<StateGroup, number>();
  for (const { state } of all) counts.set(groupOf(state), (counts.get(groupOf(state)) ?? 0) + 1);
  const always = new Set<StateGroup>(["awake", "asleep"]);
  const { range } = context;
  const link = (change: Readonly<Record<string, string | undefined>>): string => {
    const wanted = {
      state: query.state,
      q: query.q,
      range: range.id === "7d" ? undefined : range.id,
      ...change,
    };
    const search = new URLSearchParams(
      Object.entries(wanted).filter((pair): pair is [string, string] => !!pair[1]),
    ).toString();
    return search === "" ? "/ui/" : `/ui/?${search}`;
  };
  const filter = (id: StateGroup | undefined, word: string, n: number): Html => {
    const current = query.state === id ? raw(' aria-current="true"') : raw("");
    return html`<a href="${link({ state: id })}" class="f-${id ?? "all"}" ${current}
      >${word} <b>${count(n)}</b></a
    >`;
  };
  const shown = GROUPS.filter(([group]) => always.has(group) || (counts.get(group) ?? 0) > 0);
  return html`<div class="col filters" data-key="filters">
      <nav class="states" aria-label="Filter by state">
        ${filter(undefined, "All", all.length)}${shown.map(([group, word]) => filter(group, word, counts.get(group) ?? 0))}
      </nav>
      <nav class="ranges" aria-label="Time shown">
        ${RANGES.map(([id, word]) => html`<a href="${link({ range: id === "7d" ? undefined : id })}" ${raw(id === range.id ? ' aria-current="true"' : "")}>${word}</a>`)}
      </nav>
    </div>
    ${summary(all, context)}`;
}

function summary(all: readonly TargetFacts[], context: ViewContext): Html {
  const { range } = context;
  const figures = fleetFigures(all, range);
  const steps = fleetSteps(all, range, AXIS);
  const size = { width: AXIS, height: FLEET_HEIGHT, total: all.length };
  const ticks = range.ticks
    .filter(({ at }) => at > range.from)
    .map(({ at }) => `M${placeOf(range, at, AXIS).toFixed(1)} 0v${String(FLEET_HEIGHT)}`)
    .join("");
  const most = Math.max(0, ...steps);
  const unknown = figures.unknown > 0 ? html`<span>, ${figures.unknown} unknown</span>` : undefined;
  const memory = memoryFigure(figures);
  return html`<div class="col sum" data-key="summary">
    <p class="now">
      <b>${count(figures.awakeNow)}</b><span>of ${count(figures.total)} awake now${unknown}</span>
    </p>
    <div class="fleet">
      <svg
        viewBox="0 0 ${AXIS} ${FLEET_HEIGHT}"
        preserveAspectRatio="none"
        role="img"
        aria-label="Targets awake at once in the last ${range.words}: at most ${most} of ${figures.total}"
      >
        <path class="tick" d="${ticks}" />
        <path class="dash" d="M0 .5H${AXIS}" />
        <path class="up" d="${stepPath(steps, range, size)}" /></svg
      ><span class="scale" aria-hidden="true">${count(figures.total)}</span>
    </div>
    <p class="fig f1">
      <b>${count(figures.asleepMs / 3_600_000)}<i> h</i></b
      ><span
        >asleep<u class="w"> in ${range.words}</u><u class="n">, ${range.id.replace(/(\d+)/, "$1 ")}</u></span
      >
    </p>
    <p class="fig f2">
      ${
        memory
          ? html`<b>${memory.value}<i> ${memory.unit}</i></b
              ><span
                ><u class="w">memory </u>not
                held${figures.memoryPartial ? raw(' <span class="vh">at least</span>') : undefined}</span
              >`
          : html`<b class="none">–</b><span><u class="w">memory </u>not held</span>`
      }
    </p>
    <p class="fig f3">
      <b>${count(figures.wakes)}</b
      ><span
        >${figures.wakes === 1 ? "wake" : "wakes"}${figures.failed > 0 ? html`, <em>${count(figures.failed)} failed</em>` : undefined}</span
      >
    </p>
    <p class="fig f4">
      ${figures.usualMs === undefined ? html`<b class="none">–</b>` : withUnit(finished(figures.usualMs))}<span
        >usual wake</span
      >
    </p>
  </div>`;
}

function memoryFigure({ memoryByteHours }: FleetFigures): { value: string; unit: string } | undefined {
  if (memoryByteHours <= 0) return undefined;
  const [value = "", unit = ""] = bytes(memoryByteHours).split("\u00a0");
  return { value, unit: `${unit}·h` };
}

/** "6.2 s" with the unit small. */
function withUnit(text: string): Html {
  const [value = "", ...unit] = text.split("\u00a0");
  return html`<b>${value}<i> ${unit.join(" ")}</i></b>`;
}

/** The list before there is any target: how to get the first one. */
export function emptyPage(
  seen: {
    readonly engines: readonly {
      readonly name: string;
      readonly outage?: string;
      readonly containers: number;
    }[];
  },
  context: ViewContext,
  gate: Html,
): string {
  const away = seen.engines.some(({ outage }) => outage !== undefined);
  const advice = html`<p class="lead">
      Give a container this label and recreate it. It appears here within two seconds.
    </p>
    <pre class="code">
labels:
  wakegate.enable: "true"</pre>`;
  const main = html`<h1>${away ? "No target is known yet" : "Nothing to wake yet"}</h1>
    ${away ? html`<p class="lead">An engine does not answer. Its targets appear here as soon as it does.</p>` : advice}
    <h2>What Wakegate sees</h2>
    <ul class="ev" data-key="sees">
      ${seen.engines.map(({ name, outage, containers }) => html`<li class="${outage === undefined ? "on" : ""}"><i></i><span>Engine ${name}</span><span class="v">${outage ?? `connected, ${plural(containers, "container")}`}</span></li>`)}
      ${seen.engines.length === 0 ? html`<li><i></i><span>Engines</span><span class="v">none is configured</span></li>` : undefined}
      <li><i></i><span>With the label</span><span class="v">none</span></li>
    </ul>
    <p class="row unlock"><a class="btn" href="/ui/doctor">Run the doctor</a></p>`;
  const sky = html`<div class="col scene">${gate}</div>`;
  return shell({ title: "Wakegate", current: "targets", kind: "empty", sky, main }, context);
}

/** For whoever has no token yet. */
export function lockedPage(wrong: boolean, tokenCommand: string, context: ViewContext, gate: Html): string {
  const inContainer = tokenCommand.startsWith("docker ")
    ? " (replace the first “wakegate” where its container has another name)"
    : "";
  const main = html`<h1>This dashboard is locked</h1>
    <form class="unlock" method="post" action="/ui/login">
      <label for="token">Admin token</label>
      <div class="row">
        <input
          type="password"
          id="token"
          name="token"
          autocomplete="current-password"
          required
          autofocus
        /><button class="btn strong">Open</button>
      </div>
      <p class="wrong" role="alert">${wrong ? "That token is not valid." : ""}</p>
    </form>
    <p class="lead">
      This prints it, on the host that runs Wakegate${inContainer}. A token of your own, such as
      WAKEGATE_API_TOKEN, is accepted, too.
    </p>
    <pre class="code">${tokenCommand}</pre>`;
  const sky = html`<div class="col scene">${gate}</div>`;
  return shell(
    { title: "Wakegate is locked", current: undefined, kind: "locked", sky, main, bare: true },
    context,
  );
}
