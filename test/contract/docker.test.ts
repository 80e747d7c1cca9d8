import { systemClock } from "../../src/lib/clock.ts";
import { DockerProvider } from "../../src/providers/docker/provider.ts";
import { sharedDockerd } from "../support/dockerd.ts";
import { suite } from "../support/require.ts";
import { providerContract } from "./provider-contract.ts";
import { openRelay } from "./relay.ts";
import type { ContractWorld } from "./rig.ts";

suite("docker", "the provider contract: docker", () => {
  providerContract(async (): Promise<ContractWorld> => {
    const docker = await sharedDockerd();
    const relay = await openRelay(docker.socketPath);
    const open = (): DockerProvider =>
      new DockerProvider(
        { kind: "docker", name: "local", url: `unix://${relay.path}` },
        { clock: systemClock },
        { watch: { backoff: { firstMs: 10, maxMs: 50 } } },
      );
    const provider = open();
    return {
      provider,
      create: (name, env) => docker.create(name, { env }),
      destroy: (id) => docker.rm(id),
      killOutside: (id) => docker.kill(id),
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
