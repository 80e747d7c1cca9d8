import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../src/lib/clock.ts";
import { DockerProvider } from "../../src/providers/docker/provider.ts";
import { startPodman, type PrivatePodman } from "../support/podman.ts";
import { suite } from "../support/require.ts";
import { providerContract } from "./provider-contract.ts";
import { openRelay } from "./relay.ts";
import type { ContractWorld } from "./rig.ts";

suite("podman", "the provider contract: podman", () => {
  let podman: PrivatePodman;
  beforeAll(async () => {
    podman = await startPodman();
  }, 120_000);
  afterAll(() => podman[Symbol.asyncDispose]());

  providerContract(async (): Promise<ContractWorld> => {
    const relay = await openRelay(podman.socketPath);
    const open = (): DockerProvider =>
      new DockerProvider(
        { kind: "docker", name: "podman", url: `unix://${relay.path}` },
        { clock: systemClock },
        { watch: { backoff: { firstMs: 10, maxMs: 50 } } },
      );
    const provider = open();
    return {
      provider,
      traits: { announces: false },
      create: (name, env) => podman.raw.create(name, { env, network: "none" }),
      async destroy(id) {
        // Podman stops what it removes, as gently as ever.
        await podman.raw.kill(id).catch(() => undefined);
        await podman.raw.rm(id);
      },
      killOutside: (id) => podman.raw.kill(id),
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
