import { parseArgs } from "node:util";
import type { TargetView } from "../../admin/api/target-view.ts";
import type { PoolFacts } from "../../admin/facts/pool-facts.ts";
import { stateSentence } from "../../admin/facts/summary.ts";
import { finished } from "../../admin/text.ts";
import { WakegateError } from "../../errors.ts";
import { sleep, systemClock } from "../../lib/clock.ts";
import { columns, styled, type Output, type Style } from "../output.ts";
import { fillText } from "../../watchers/pools/say-full.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { RemoteClient } from "./client.ts";
import { REMOTE_ARGS, remoteClient } from "./remote-options.ts";

const WATCH_EVERY_MS = 2_000;
/** Back to the upper left corner, and clear what is below. */
const TOP = "\u001b[H\u001b[J";

/** `wakegate status [NAME…]`: what is awake, why, and what comes next. */
export async function status(args: string[], output: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...REMOTE_ARGS, watch: { type: "boolean" }, json: { type: "boolean" } },
  });
  const client = await remoteClient(values);
  return await untilInterrupted(async (signal) => {
    for (;;) {
      const { targets } = await client.get<{ targets: TargetView[] }>("/targets", signal);
      const chosen = choose(targets, positionals);
      const shared = chosen.some(({ pools }) => pools.length > 0);
      const { pools } = shared ? await client.get<{ pools: PoolFacts[] }>("/pools", signal) : { pools: [] };
      if (values.json) output.out(JSON.stringify({ targets: chosen, pools }, null, values.watch ? 0 : 2));
      else {
        const text = targets.length > 0 ? table(chosen, output) : await nothingYet(client, signal);
        output.out(`${values.watch ? TOP : ""}${text}${poolLines(pools)}`);
      }
      if (!values.watch) return 0;
      await sleep(systemClock, WATCH_EVERY_MS, signal).catch(() => undefined);
      if (signal.aborted) return 0;
    }
  });
}

function choose(targets: readonly TargetView[], names: readonly string[]): readonly TargetView[] {
  const unknown = names.find((name) => !targets.some((target) => target.name === name));
  if (unknown !== undefined) throw new WakegateError("not_found", `there is no target ${unknown}`);
  return names.length === 0 ? targets : targets.filter(({ name }) => names.includes(name));
}

/** Why there is no target: the engines that were not heard, else what to do. */
async function nothingYet(client: RemoteClient, signal: AbortSignal): Promise<string> {
  const { engines } = await client.get<{ engines: { name: string; outage?: string }[] }>("/check", signal);
  const silent = engines.flatMap(({ name, outage }) =>
    outage === undefined ? [] : `Engine ${name} does not answer: ${outage}`,
  );
  if (silent.length > 0) return ["No target is known yet.", ...silent].join("\n");
  return "Nothing to wake yet. Give a container the label wakegate.enable=true and recreate it.";
}

/** The table of targets, failing ones first. */
export function table(targets: readonly TargetView[], output: Output): string {
  const sorted = [...targets].sort((a, b) => Number(b.state === "failed") - Number(a.state === "failed"));
  const rows = sorted.map(({ name, state, summary, wakes }) => [
    name,
    STATES[state].word,
    summary.fact,
    summary.next === undefined ? "-" : [summary.next, summary.nextMore].filter(Boolean).join(" "),
    usual(wakes),
  ]);
  const [head = "", ...lines] = columns([["TARGET", "STATE", "WHY", "NEXT", "WAKE"], ...rows]).split("\n");
  const painted = lines.map((line, i) => styled(output, STATES[sorted[i]?.state ?? "unknown"].style, line));
  const awake = targets.filter(({ state }) => state === "awake").length;
  const failed = targets.filter(({ state }) => state === "failed").length;
  const sum = `${String(awake)} of ${String(targets.length)} awake${failed > 0 ? `, ${String(failed)} failed to wake` : ""}`;
  return [styled(output, "bold", head), ...painted, "", sum].join("\n");
}

/** One line for each pool below the table; empty without pools. */
function poolLines(pools: readonly PoolFacts[]): string {
  if (pools.length === 0) return "";
  const rows = pools.map((pool) => [
    pool.name,
    fillText(pool, { awake: pool.awake, bytes: pool.usedBytes }),
    pool.waiting.length === 0
      ? "-"
      : `${pool.waiting.join(", ")} ${pool.waiting.length === 1 ? "waits" : "wait"}`,
  ]);
  return `\n\n${columns([["POOL", "TAKEN", "WAITING"], ...rows])}`;
}

const STATES: Readonly<Record<TargetView["state"], { readonly word: string; readonly style: Style }>> = {
  asleep: { word: "asleep", style: "dim" },
  paused: { word: "paused", style: "dim" },
  closed: { word: "asleep, may not wake", style: "dim" },
  waking: { word: "waking", style: "cyan" },
  starting: { word: "starting", style: "cyan" },
  awake: { word: "awake", style: "yellow" },
  stopping: { word: "going to sleep", style: "cyan" },
  failed: { word: "failed to wake", style: "red" },
  unknown: { word: "unknown", style: "dim" },
  gone: { word: "not found", style: "dim" },
};

function usual(wakes: TargetView["wakes"]): string {
  const good = wakes
    .filter(({ outcome }) => outcome === "ready")
    .map(({ totalMs }) => totalMs)
    .sort((a, b) => a - b);
  const median = good[Math.ceil(good.length / 2) - 1];
  return median === undefined ? "-" : finished(median).replaceAll("\u00a0", " ");
}

/** `wakegate why NAME`: every source that was asked, also those that say no. */
export async function why(args: string[], output: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...REMOTE_ARGS, json: { type: "boolean" } },
  });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new WakegateError("usage", "name one target");
  const client = await remoteClient(values);
  const target = await untilInterrupted((signal) =>
    client.get<TargetView>(`/targets/${encodeURIComponent(name)}`, signal),
  );
  if (values.json) output.out(JSON.stringify(target, null, 2));
  else output.out(explain(target, output));
  return 0;
}

function explain(target: TargetView, output: Output): string {
  const { name, state, summary, evidence, notes, failure, wakes, since } = target;
  const agoMs = since === undefined ? undefined : Date.now() - Date.parse(since);
  const lines = [stateSentence(styled(output, "bold", name), state, agoMs), `  ${summary.fact}`];
  if (summary.more !== undefined) lines.push(`  ${summary.more}`);
  if (summary.next !== undefined) lines.push(`  ${summary.next} ${summary.nextMore ?? ""}`.trimEnd());
  if (evidence.length > 0) {
    const rows = evidence.map(({ holding, label, detail }) => [`  ${holding ? "*" : "-"}`, label, detail]);
    const text = columns(rows).replaceAll("\u00a0", " ");
    lines.push("", "What was asked (* keeps it awake):", text);
  }
  if (failure) lines.push("", failure.message, ...(failure.log ?? []).map((line) => `  | ${line}`));
  const last = wakes.at(-1);
  if (last) lines.push("", `Last woken ${last.at} by ${causeOf(last.cause)}`);
  if (notes.length > 0) lines.push("", ...notes);
  return lines.join("\n");
}

function causeOf({ by, method, path, client, userAgent }: TargetView["wakes"][number]["cause"]): string {
  const what = [method, path].filter(Boolean).join(" ") || by;
  return `${what}${client === undefined ? "" : ` from ${client}`}${userAgent === undefined ? "" : ` (${userAgent})`}`;
}
