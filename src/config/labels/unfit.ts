import type { LabelSource } from "../../providers/provider.ts";
import type { Problem, Settings, TargetSpec } from "../model.ts";
import { useProblems } from "../use-check.ts";
import { LABEL_PREFIX } from "./wakegate.ts";

/** What a target that is right by itself asks for and cannot have: of these settings, of this kind of instance. */
export function unfitProblems(
  spec: TargetSpec,
  instance: LabelSource,
  settings: Pick<Settings, "publicUrl">,
  where: string,
): Problem[] {
  const refused = redirectProblem(spec, settings, where) ?? methodProblem(spec, instance, where);
  return [...(refused ? [refused] : []), ...tierProblems(spec, where)];
}

function redirectProblem(
  spec: TargetSpec,
  settings: Pick<Settings, "publicUrl">,
  where: string,
): Problem | undefined {
  if (spec.pageMode !== "redirect" || settings.publicUrl !== undefined) return undefined;
  const message =
    "redirect needs public_url, the public listener as browsers reach it: set WAKEGATE_PUBLIC_URL";
  return { severity: "error", where, key: "wakegate.page_mode", value: "redirect", message };
}

function tierProblems(spec: TargetSpec, where: string): Problem[] {
  return useProblems(spec).map(({ key, message }) => {
    return { severity: "error", where, key: `${LABEL_PREFIX}${key}`, message };
  });
}

/** What cannot be done to this kind of instance is said before it is tried. */
function methodProblem(spec: TargetSpec, instance: LabelSource, where: string): Problem | undefined {
  const { stopMethod, stopSignal, source } = spec;
  const refuse = (key: string, value: string, message: string): Problem => ({
    severity: "error",
    where,
    key: `wakegate.${key}`,
    value,
    message,
  });
  if (source.kind === "swarm" || source.kind === "kubernetes") {
    const what = source.kind === "swarm" ? "a Swarm service" : "a workload of Kubernetes";
    if (instance.unfit !== undefined) return refuse("enable", "true", instance.unfit);
    if (stopSignal !== undefined)
      return refuse("stop_signal", stopSignal, `${what} takes its own stop signal only: remove it`);
    return stopMethod === "stop"
      ? undefined
      : refuse("stop_method", stopMethod, `${what} can only be scaled to 0: write stop`);
  }
  if (source.kind !== "proxmox") {
    return stopMethod === "hibernate"
      ? refuse(
          "stop_method",
          stopMethod,
          "only virtual machines of Proxmox can be hibernated: write pause or stop",
        )
      : undefined;
  }
  if (stopSignal !== undefined) {
    return refuse("stop_signal", stopSignal, "Proxmox sends no signals of one's choice: remove it");
  }
  if (instance.image === "lxc" && (stopMethod === "pause" || stopMethod === "hibernate")) {
    return refuse(
      "stop_method",
      stopMethod,
      "an LXC container cannot be paused: Proxmox has only an experimental checkpoint for it, which fails in practice. Write stop",
    );
  }
  return undefined;
}
