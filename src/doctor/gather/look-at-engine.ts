import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import {
  ProviderError,
  type EngineExam,
  type InstanceSummary,
  type Provider,
} from "../../providers/provider.ts";
import type { EngineScene } from "../scene.ts";

/** An engine as far as it is known without asking it again. */
export interface KnownEngine {
  readonly provider: Provider;
  readonly instances: readonly InstanceSummary[];
  readonly self?: InstanceSummary;
  /** Why it does not answer, where that is known. */
  readonly outage?: string;
  /** Ids of the instances that are targets. */
  readonly targets: ReadonlySet<string>;
}

const LIMIT_MS = 6_000;

/** Asks an engine what it lets us do. Never throws but for `signal`. */
export async function lookAtEngine(
  { provider, instances, self, outage, targets }: KnownEngine,
  clock: Clock,
  signal: AbortSignal,
): Promise<EngineScene> {
  const { engine: name, kind } = provider;
  const known = { name, kind, instances, ...(self && { self }) };
  using limit = deadline(clock, LIMIT_MS, `engine ${name}`, signal);
  let exam: EngineExam | undefined;
  let failure = outage === undefined ? undefined : { code: "engine_unreachable", message: outage };
  try {
    exam = await provider.examine?.(limit.signal, targets);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ProviderError) failure = { code: error.code, message: error.message };
    else
      failure ??= {
        code: "engine_timeout",
        message: `engine ${name}: ${messageOf(limit.signal.reason ?? error)}`,
      };
  }
  return { ...known, ...(failure && { failure }), ...(exam && { exam }) };
}
