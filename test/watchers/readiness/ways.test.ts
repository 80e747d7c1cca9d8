import { describe, expect, it } from "vitest";
import type { ProbeResult } from "../../../src/lib/probe-result.ts";
import type { Instance, Provider } from "../../../src/providers/provider.ts";
import type { ProbeAddress } from "../../../src/watchers/readiness/address.ts";
import { networkProbes } from "../../../src/watchers/readiness/probes.ts";
import { proveReady } from "../../../src/watchers/readiness/prove.ts";
import { targetSpec } from "../../support/fake-target.ts";
import { settle, VirtualClock } from "../../support/virtual-clock.ts";

const GOOD: ProbeResult = { kind: "answer", status: 200 };
const BUSY: ProbeResult = { kind: "answer", status: 503 };
const HUNG_UP: ProbeResult = { kind: "silent", error: "socket hang up" };
const REFUSED: ProbeResult = { kind: "silent", error: "connect ECONNREFUSED", refused: true };

/** A target with an address of its own and a published port; `say` answers for each, undefined: nothing comes. */
function proof(say: (via: ProbeAddress["via"], ms: number) => ProbeResult | undefined) {
  const clock = new VirtualClock();
  const asked: { readonly via: string; readonly ms: number }[] = [];
  const told: ProbeResult[] = [];
  const stop = new AbortController();
  let open = 0;
  const instance = {
    networks: [{ name: "web", address: "172.18.0.2" }],
    exposedPorts: [80],
    publishedPorts: [{ port: 80, hostAddress: "127.0.0.1", hostPort: 8080 }],
  } as unknown as Instance;
  const proving = proveReady(
    {
      spec: targetSpec("blog"),
      provider: {} as Provider,
      clock,
      instance,
      owner: undefined,
      vantage: {},
      probes: {
        ...networkProbes,
        http: ({ via }, _probe, signal) => {
          asked.push({ via, ms: clock.monotonic() });
          const answer = say(via, clock.monotonic());
          if (answer) return Promise.resolve(answer);
          open += 1;
          return new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              open -= 1;
              resolve({ kind: "silent", error: "no answer in time" });
            });
          });
        },
      },
      onTry: (_tries, result) => told.push(result),
    },
    stop.signal,
  );
  let end: unknown;
  proving.then(
    () => (end = "ready"),
    (error: unknown) => (end = error),
  );
  return { clock, asked, told, stop, open: () => open, end: () => end };
}

describe("a target of several addresses", () => {
  it("is ready once one answers, and the others are asked no more", async () => {
    const p = proof((via, ms) => (via === "published" && ms >= 30 ? GOOD : undefined));
    await p.clock.advance(1_000);
    expect(p.end()).toBeUndefined();
    // The first round's time is over; the next one answers.
    await p.clock.advance(30);
    expect(p.end()).toBe("ready");
    await settle();
    expect(p.open()).toBe(0);
    expect(p.clock.pending).toBe(0);
  });

  it("does not wait for an address that says nothing", async () => {
    const p = proof((via, ms) => (via === "network" ? undefined : ms >= 40 ? GOOD : REFUSED));
    await p.clock.advance(50);
    expect(p.end()).toBe("ready");
    expect(p.open()).toBe(0);
  });

  it("asks a published port seldom while its own address says that nobody listens", async () => {
    const p = proof((via) => (via === "network" ? REFUSED : HUNG_UP));
    await p.clock.advance(500);
    const via = (which: string): number => p.asked.filter((one) => one.via === which).length;
    expect(via("published")).toBeLessThanOrEqual(11);
    expect(via("network")).toBeGreaterThan(150);
    p.stop.abort(new Error("enough"));
    await settle();
    expect(p.end()).toEqual(new Error("enough"));
    expect(p.clock.pending).toBe(0);
  });

  it("tells of an answer rather than of a silence", async () => {
    const p = proof((via) => (via === "network" ? HUNG_UP : BUSY));
    await p.clock.advance(90);
    expect(p.told.slice(1).every((result) => result === BUSY)).toBe(true);
    p.stop.abort(new Error("enough"));
  });
});
