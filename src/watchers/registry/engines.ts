import { messageOf, WakegateError } from "../../errors.ts";
import { backoffMs } from "../../lib/backoff.ts";
import { sleep, type Clock } from "../../lib/clock.ts";
import { ProviderError, type Provider } from "../../providers/provider.ts";
import { EngineView, type EngineViewListener } from "./engine-view.ts";
import type { Plan } from "./plan.ts";

/** Between the tries to watch an engine whose watch ended by itself. */
const WATCH_AGAIN = { firstMs: 1_000, maxMs: 60_000, jitter: 0.2 };

interface Followed {
  readonly view: EngineView;
  readonly stop: AbortController;
  watching: Promise<void>;
}

/** The engines that are followed, each with what it said last. */
export class Engines implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #listener: EngineViewListener;
  readonly #followed = new Map<string, Followed>();
  readonly #removed = new Set<string>();

  constructor(clock: Clock, listener: EngineViewListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Begins to follow an engine. Takes ownership of the provider. */
  add(provider: Provider): void {
    const stop = new AbortController();
    const view = new EngineView(provider, this.#clock, this.#listener, stop.signal);
    const followed: Followed = { view, stop, watching: Promise.resolve() };
    this.#followed.set(provider.engine, followed);
    this.#removed.delete(provider.engine);
    // Known before it speaks: a provider may list at once.
    followed.watching = this.#watch(provider, view, stop.signal);
  }

  /** A watch that ends by itself breaks its contract: that is an outage of this engine, and it is watched again. */
  async #watch(provider: Provider, view: EngineView, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      let cause: unknown;
      try {
        await provider.watch(view, signal);
      } catch (error) {
        cause = error;
      }
      if (signal.aborted) return;
      const why = cause === undefined ? "its watch ended" : messageOf(cause);
      view.away(
        new ProviderError("engine_failed", provider.engine, `engine ${provider.engine}: ${why}`, { cause }),
      );
      await sleep(this.#clock, backoffMs(attempt, WATCH_AGAIN), signal).catch(() => undefined);
    }
  }

  /** Takes an engine out at once; what it returns ends following it. Undefined: there is none of that name. */
  remove(name: string): (() => Promise<void>) | undefined {
    const followed = this.#followed.get(name);
    if (!followed) return undefined;
    this.#followed.delete(name);
    this.#removed.add(name);
    return async () => {
      const { stop, watching, view } = followed;
      stop.abort(new WakegateError("removed", `engine ${name} was removed from the configuration`));
      await watching;
      await view.provider[Symbol.asyncDispose]();
    };
  }

  /** True for an engine that was followed and taken out: the configuration names it no more, or soon. */
  isRemoved(name: string): boolean {
    return this.#removed.has(name);
  }

  view(name: string): EngineView | undefined {
    return this.#followed.get(name)?.view;
  }

  get views(): readonly EngineView[] {
    return [...this.#followed.values()].map(({ view }) => view);
  }

  get names(): readonly string[] {
    return [...this.#followed.keys()];
  }

  /** Why each engine that does not answer does not. */
  get outages(): ReadonlyMap<string, string> {
    return new Map(
      this.views.flatMap(({ engine, outage }): [string, string][] =>
        outage === undefined ? [] : [[engine, outage]],
      ),
    );
  }

  /** Engines without events look only at what is a target. */
  follow(plan: Plan): void {
    for (const { provider, engine } of this.views) {
      if (!provider.follow) continue;
      const own = [...plan.targets.values()].filter((target) => target.engine === engine);
      provider.follow(new Set(own.flatMap(({ instance }) => instance ?? [])));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#followed.values()];
    for (const { stop } of all) stop.abort(new WakegateError("shutting_down", "Wakegate is shutting down"));
    await Promise.all(all.map(({ watching }) => watching));
    await Promise.all(all.map(({ view }) => view.provider[Symbol.asyncDispose]()));
  }
}
