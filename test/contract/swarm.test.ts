import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../src/lib/clock.ts";
import { SwarmProvider } from "../../src/providers/swarm/provider.ts";
import { suite } from "../support/require.ts";
import { Swarm } from "../support/swarm.ts";
import { providerContract } from "./provider-contract.ts";
import { openRelay } from "./relay.ts";
import type { ContractWorld } from "./rig.ts";

suite("docker", "the provider contract: swarm", () => {
  let swarm: Swarm;
  beforeAll(async () => {
    swarm = await Swarm.start();
  }, 300_000);
  afterAll(() => swarm[Symbol.asyncDispose]());

  providerContract(async (): Promise<ContractWorld> => {
    const relay = await openRelay(swarm.socketPath);
    const open = (): SwarmProvider =>
      new SwarmProvider(
        { kind: "swarm", name: "cluster", url: `unix://${relay.path}` },
        { clock: systemClock },
        { watch: { backoff: { firstMs: 10, maxMs: 50 } }, follow: { movingMs: 50 } },
      );
    const provider = open();
    return {
      provider,
      traits: { neverRan: "exited", exits: false, signals: false, pauses: false },
      create: (name, env) => swarm.create(name, { env, restart: "none" }),
      destroy: (id) => swarm.remove(id),
      killOutside: (id) => swarm.kill(id),
      reopen: async () => open(),
      gap: async () => relay.cut(),
      outage: { begin: () => relay.goAway(), end: () => relay.comeBack() },
      async [Symbol.asyncDispose]() {
        await provider[Symbol.asyncDispose]();
        await relay[Symbol.asyncDispose]();
      },
    };
  });
});
