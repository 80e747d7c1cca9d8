import type { EngineSpec } from "./model/engine.ts";

/** The target that an engine runs in, of those that run in one. */
export function insideOf(engines: readonly EngineSpec[], name: string): string | undefined {
  const engine = engines.find((one) => one.name === name);
  return engine && "inside" in engine ? engine.inside : undefined;
}
