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
function proof(
  say: (via: ProbeAddress["via"], ms: number, port: number) => ProbeResult | undefined,
  {
    exposedPorts = [80],
    ...more
  }: { readonly exposedPorts?: readonly number[]; readonly provenPort?: number } = {},
) {
  const clock = new VirtualClock();
  const asked: { readonly via: string; readonly ms: number; readonly port: number }[] = [];
  const silences: (number | undefined)[] = [];
  const told: ProbeResult[] = [];
  const stop = new AbortController();
  let open = 0;
  const instance = {
    networks: [{ name: "web", address: "172.18.0.2" }],
    exposedPorts,
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
        http: ({ via, port }, _probe, signal) => {
          asked.push({ via, ms: clock.monotonic(), port });
          const answer = say(via, clock.monotonic(), port);
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
      ...more,
      onTry: (_tries, result, silence) => {
        told.push(result);
        silences.push(silence?.ms);
      },
    },
    stop.signal,
  );
  let end: unknown;
  let answered: ProbeAddress | undefined;
  proving.then(
    (address) => (end = address ? ((answered = address), "ready") : "ready"),
    (error: unknown) => (end = error),
  );
  return { clock, asked, told, silences, stop, open: () => open, end: () => end, answered: () => answered };
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
    expect(p.told.slice(1).every((result) => result.kind === "answer" && result.status === 503)).toBe(true);
    p.stop.abort(new Error("enough"));
  });
});

describe("a target whose image declares several ports", () => {
  const SSH: ProbeResult = { kind: "silent", error: "Parse Error: Expected HTTP/", otherProtocol: true };

  it("is ready at the first port that answers as HTTP, which is not always the lowest", async () => {
    const p = proof((_via, ms, port) => (port === 22 ? SSH : port === 3000 && ms >= 40 ? GOOD : REFUSED), {
      exposedPorts: [22, 3000],
    });
    await p.clock.advance(60);
    expect(p.end()).toBe("ready");
    expect(p.answered()).toMatchObject({ port: 3000, via: "network" });
    await settle();
    expect(p.clock.pending).toBe(0);
  });

  it("asks the port that answered before the others", async () => {
    const p = proof(() => GOOD, { exposedPorts: [80, 9000], provenPort: 9000 });
    await settle();
    expect(p.answered()?.port).toBe(9000);
  });

  it("is not called silent while one port answers in another protocol", async () => {
    const p = proof((_via, _ms, port) => (port === 22 ? SSH : REFUSED), { exposedPorts: [22, 3000] });
    await p.clock.advance(500);
    expect(p.silences.every((ms) => ms === undefined)).toBe(true);
    p.stop.abort(new Error("enough"));
  });
});

describe("a target at whose addresses nothing listens", () => {
  it("is known to be silent since the first refusal of all of them", async () => {
    const p = proof((via) => (via === "network" ? REFUSED : { ...HUNG_UP, closed: true }));
    await p.clock.advance(10_200);
    expect(p.silences.at(-1)).toBeGreaterThan(10_000);
    p.stop.abort(new Error("enough"));
  });

  it("is silent no more once one of them takes a connection", async () => {
    const p = proof((_via, ms) => (ms < 5_000 ? REFUSED : undefined));
    await p.clock.advance(4_900);
    expect(p.silences.at(-1)).toBeGreaterThan(4_000);
    await p.clock.advance(1_500);
    expect(p.silences.at(-1)).toBeUndefined();
    p.stop.abort(new Error("enough"));
  });
});
