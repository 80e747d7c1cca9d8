import { performance } from "node:perf_hooks";
import { ProviderError, type Provider } from "../../providers/provider.ts";
import type { Meter } from "./meter.ts";

/** Calls whose length and outcome count. */
const CALLS = new Set(["inspect", "wake", "sleep", "usage", "logs", "exec", "commands"]);

/** The same provider, with its calls counted and timed. Everything else is passed through. */
export function meteredProvider(provider: Provider, meter: Meter): Provider {
  const { engine } = provider;
  const metered = (call: string, work: (...args: unknown[]) => Promise<unknown>) => {
    return async (...args: unknown[]): Promise<unknown> => {
      const began = performance.now();
      let outcome = "ok";
      try {
        return await work(...args);
      } catch (error) {
        outcome = error instanceof ProviderError ? error.code : "aborted";
        throw error;
      } finally {
        meter.inc("wakegate_engine_calls_total", { engine, call, outcome });
        meter.observe(
          "wakegate_engine_call_duration_seconds",
          { engine, call },
          (performance.now() - began) / 1_000,
        );
      }
    };
  };
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(provider, {
    get(target, key) {
      const known = wrapped.get(key);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      const bound = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      const made = typeof key === "string" && CALLS.has(key) ? metered(key, bound) : bound;
      wrapped.set(key, made);
      return made;
    },
  });
}
