import { fillText } from "../../../watchers/pools/say-full.ts";
import type { PoolFacts } from "../../facts/pool-facts.ts";
import { listNames } from "../../text.ts";
import { html, raw, type Html } from "../html.ts";

const WIDTH = 240;
const HEIGHT = 14;
const BLOCK = 9;
/** Between blocks. */
const GAP = 2;

/** What targets share: what is taken stands on a line, what is free is empty above it. Nothing without pools. */
export function poolList(pools: readonly PoolFacts[]): Html | undefined {
  if (pools.length === 0) return undefined;
  return html`<section class="pools" data-key="pools">
    <h2>Pools</h2>
    <ul>
      ${pools.map(poolRow)}
    </ul>
  </section>`;
}

function poolRow(pool: PoolFacts): Html {
  const taken = fillText(pool, { awake: pool.awake, bytes: pool.usedBytes });
  const holders = pool.members.filter(({ holds }) => holds !== undefined);
  const names = holders.map(({ displayName, holds }) =>
    holds === "memory" ? `${displayName} (paused)` : displayName,
  );
  const waits = pool.waiting.length === 0 ? undefined : listNames(pool.waiting);
  return html`<li>
    <b>${pool.name}</b>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
      ${raw(drawing(pool))}
    </svg>
    <span class="v">${taken}</span>
    <span class="sub"
      >${names.length === 0 ? "free" : listNames(names)}${waits === undefined ? undefined : html`<em> · ${waits} ${pool.waiting.length === 1 ? "waits" : "wait"} for room</em>`}</span
    >
  </li>`;
}

/** Places as equal blocks, memory as long as it is much. */
function drawing({ maxAwake, budgetBytes, awake, members }: PoolFacts): string {
  const base = `<path class="base" d="M0 ${String(HEIGHT - 0.5)}H${String(WIDTH)}"/>`;
  const holders = members.filter(({ holds }) => holds !== undefined);
  if (budgetBytes !== undefined) {
    const sum = Math.max(
      budgetBytes,
      holders.reduce((total, { costBytes }) => total + costBytes, 0),
    );
    return base + blocks(holders.map(({ costBytes, holds }) => ({ share: costBytes / sum, holds })));
  }
  const places = Math.max(maxAwake ?? 0, awake, 1);
  const taking = holders.filter(({ holds }) => holds !== "memory");
  return base + blocks(taking.map(({ holds }) => ({ share: 1 / places, holds })));
}

function blocks(
  parts: readonly { readonly share: number; readonly holds: PoolFacts["members"][number]["holds"] }[],
): string {
  let x = 0;
  return parts
    .map(({ share, holds }) => {
      const width = share * WIDTH;
      const name = holds === "awake" ? "up" : "plan";
      const at = x;
      x += width;
      return `<rect class="${name}" x="${at.toFixed(1)}" y="${String(HEIGHT - 1 - BLOCK)}" width="${Math.max(1, width - GAP).toFixed(1)}" height="${String(BLOCK)}"/>`;
    })
    .join("");
}
