import type { NewsSources } from "./watch-news.ts";
import { backNews, goneNews } from "./news.ts";

type Sources = Pick<NewsSources, "registry" | "clock" | "engineGraceMs" | "tell" | "over">;

interface Outage {
  /** Wall ms. */
  readonly since: number;
  readonly grace: Disposable;
  told: boolean;
}

/** Tells of an engine that stays away for longer than the grace, and that it is back. */
export class EngineWatch implements Disposable {
  readonly #sources: Sources;
  readonly #outages = new Map<string, Outage>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Compares what is away with what was. Cheap: called at every change. */
  look(): void {
    const { registry, clock, engineGraceMs, tell, over } = this.#sources;
    const { outages } = registry;
    for (const [engine, outage] of this.#outages) {
      if (outages.has(engine)) continue;
      outage.grace[Symbol.dispose]();
      this.#outages.delete(engine);
      if (!outage.told) continue;
      const at = clock.now();
      over(`engine_gone ${engine}`);
      // Taken out of the configuration is not back.
      if (registry.engineNames().includes(engine)) tell(backNews(engine, at - outage.since, at));
    }
    for (const engine of outages.keys()) {
      if (this.#outages.has(engine)) continue;
      const grace = clock.after(engineGraceMs(), () => this.#afterGrace(engine));
      this.#outages.set(engine, { since: clock.now(), grace, told: false });
    }
  }

  [Symbol.dispose](): void {
    for (const { grace } of this.#outages.values()) grace[Symbol.dispose]();
    this.#outages.clear();
  }

  #afterGrace(engine: string): void {
    const outage = this.#outages.get(engine);
    const why = this.#sources.registry.outages.get(engine);
    if (!outage || why === undefined) return;
    outage.told = true;
    this.#sources.tell(goneNews(engine, why.replace(/\.$/, ""), this.#sources.clock.now()));
  }
}
