import type { DependencyCondition, DependencySpec } from "../config/model.ts";
import type { WakeCause } from "./handle.ts";
import type { DependencyProgress } from "./progress.ts";
import { WakeFailedError } from "./failure.ts";

/** Somebody that others may depend on. */
export interface Dependency {
  readonly name: string;
  readonly displayName: string;
  /** Whether it meets the condition now. */
  meets(condition: DependencyCondition): boolean;
  /**
   * Wakes it unless it meets the condition already, and resolves when it does.
   *
   * @throws WakeFailedError when it cannot; the signal's reason on abort, which never ends the wake itself.
   */
  ensure(condition: DependencyCondition, cause: WakeCause, signal: AbortSignal): Promise<void>;
}

/** An edge from a dependant to what it needs. */
export interface Edge {
  readonly spec: DependencySpec;
  /** Unset: no target of that name exists (yet). */
  readonly dependency?: Dependency;
}

/** Told while dependencies wake. */
export interface DependencyReport {
  readonly type: "waking" | "started" | "ready" | "failed";
  readonly progress: readonly DependencyProgress[];
  readonly dependency: string;
}

/**
 * Wakes all dependencies of one target at once; each wakes its own first. One that fails does not keep the
 * others from waking, but fails the whole.
 *
 * @throws WakeFailedError `dependency` that names the first one at fault.
 */
export async function wakeDependencies(
  edges: readonly Edge[],
  dependant: string,
  clock: { monotonic(): number },
  report: (report: DependencyReport) => void,
  signal: AbortSignal,
): Promise<void> {
  const began = clock.monotonic();
  const progress = edges.map(initialProgress);
  const set = (index: number, type: DependencyReport["type"], status: DependencyProgress["status"]): void => {
    const before = progress[index];
    if (!before) return;
    const ms = clock.monotonic() - began;
    progress[index] = {
      ...before,
      status,
      ...(status !== "waiting" && { ms: status === "waking" ? 0 : ms }),
    };
    report({ type, dependency: before.displayName, progress: [...progress] });
  };
  const results = await Promise.allSettled(
    edges.map(async ({ spec, dependency }, index) => {
      if (!dependency) throw unknownDependency(dependant, spec);
      if (dependency.meets(spec.condition)) {
        set(index, "ready", "ready");
        return;
      }
      set(index, "waking", "waking");
      try {
        const cause: WakeCause = { by: "dependant", host: dependant };
        if (spec.condition === "service_healthy") {
          await dependency.ensure("service_started", cause, signal);
          set(index, "started", "waking");
        }
        await dependency.ensure(spec.condition, cause, signal);
        set(index, "ready", "ready");
      } catch (error) {
        set(index, "failed", "failed");
        throw error;
      }
    }),
  );
  signal.throwIfAborted();
  for (const [index, result] of results.entries()) {
    if (result.status === "rejected") throw dependencyFailed(edges[index]?.spec.name ?? "", result.reason);
  }
}

/** How a set of edges looks to people before anything happens. */
export function initialProgress({ spec, dependency }: Edge): DependencyProgress {
  const met = dependency?.meets(spec.condition) === true;
  return {
    name: spec.name,
    displayName: dependency?.displayName ?? spec.name,
    status: met ? "ready" : "waiting",
  };
}

function unknownDependency(dependant: string, spec: DependencySpec): WakeFailedError {
  return new WakeFailedError(
    "dependency",
    `${dependant} depends on ${spec.name}, but there is no such target or Compose service. Correct depends_on, or create the container.`,
    { dependency: spec.name },
  );
}

function dependencyFailed(name: string, error: unknown): WakeFailedError {
  const message = error instanceof Error ? error.message : String(error);
  return new WakeFailedError(
    "dependency",
    `${name}, which it needs, failed to wake: ${message}`,
    { dependency: name },
    { cause: error },
  );
}
