import type {
  EngineChange,
  EngineSink,
  EngineSnapshot,
  ProviderError,
} from "../../src/providers/provider.ts";

/** One call of a sink. */
export type Seen =
  { readonly listed: EngineSnapshot } | { readonly changed: EngineChange } | { readonly away: ProviderError };

/** A sink that remembers everything in order, and lets tests wait for it. */
export class RecordingSink implements EngineSink {
  readonly seen: Seen[] = [];
  #waiting: (() => void)[] = [];

  listed(listed: EngineSnapshot): void {
    this.#add({ listed });
  }

  changed(changed: EngineChange): void {
    this.#add({ changed });
  }

  away(away: ProviderError): void {
    this.#add({ away });
  }

  get listings(): EngineSnapshot[] {
    return this.seen.flatMap((seen) => ("listed" in seen ? [seen.listed] : []));
  }

  get outages(): ProviderError[] {
    return this.seen.flatMap((seen) => ("away" in seen ? [seen.away] : []));
  }

  /** Causes told for this instance, in order. */
  causes(id: string): EngineChange["cause"][] {
    return this.seen.flatMap((seen) =>
      "changed" in seen && seen.changed.id === id ? [seen.changed.cause] : [],
    );
  }

  /** Resolves when the condition holds. @throws Error after 30 s with what was seen. */
  async until(what: string, condition: (sink: this) => boolean): Promise<void> {
    const end = Date.now() + 30_000;
    while (!condition(this)) {
      const leftMs = end - Date.now();
      if (leftMs <= 0) throw new Error(`never ${what}; seen: ${JSON.stringify(this.seen).slice(0, 2000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #add(seen: Seen): void {
    this.seen.push(seen);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
