import type { TargetSpec } from "./model.ts";
import type { TargetLayer } from "./schema/target.ts";

/** What a kind of source cannot do, and its target's keys ask for. Pure. */
export function sourceProblems(
  layer: TargetLayer,
  spec: Pick<TargetSpec, "stopMethod" | "stopSignal" | "pauseAfterMs">,
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  const problems: { path: string[]; message: string }[] = [];
  const { stopMethod, stopSignal, pauseAfterMs } = spec;
  const what = WORDS.find(([key]) => layer[key] !== undefined)?.[1];
  if (what !== undefined) {
    if (stopMethod !== "stop" && !(layer.process && stopMethod === "kill")) {
      const message = `${what} cannot be ${DONE[stopMethod]}: write stop_method: stop on this target`;
      problems.push({ path: ["stop_method"], message });
    }
    if (pauseAfterMs !== undefined) {
      problems.push({ path: ["pause_after"], message: `${what} cannot be paused: remove pause_after` });
    }
  }
  if (stopSignal !== undefined && what !== undefined && !layer.process) {
    problems.push({ path: ["stop_signal"], message: `${what} takes no signals of one's choice: remove it` });
  }
  if (layer.proxmox && stopSignal !== undefined) {
    const message = "Proxmox sends no signals of one's choice: remove it on this target";
    problems.push({ path: ["stop_signal"], message });
  }
  const machine = layer.command ?? layer.wol;
  if (machine && !machine.sleep && typeof layer.idle_timeout === "number") {
    const key = layer.command ? "command" : "wol";
    const message = `nothing says how to put it to sleep: add ${key}.sleep, or remove idle_timeout`;
    problems.push({ path: ["idle_timeout"], message });
  }
  return problems;
}

const DONE = { stop: "stopped", pause: "paused", hibernate: "hibernated", kill: "killed" } as const;

const WORDS = [
  ["process", "a local program"],
  ["swarm", "a Swarm service"],
  ["kubernetes", "a workload of Kubernetes"],
  ["command", "what commands switch"],
  ["wol", "a machine"],
] as const;
