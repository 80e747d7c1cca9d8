import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { systemClock } from "../../src/lib/clock.ts";
import type { Instance, Provider } from "../../src/providers/provider.ts";
import { networkProbes } from "../../src/watchers/readiness/probes.ts";
import { proveReady, type ProveInput } from "../../src/watchers/readiness/prove.ts";
import { openRig } from "../providers/proxmox/rig.ts";
import { targetSpec } from "../support/fake-target.ts";

it("asks a guest that gets its address only after its boot", async () => {
  await using rig = await openRig();
  rig.simulator.world.guests.add(103, { status: "running" });
  const server = createServer((_request, response) => response.end("here"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const bare = await rig.provider.inspect("103", new AbortController().signal);
  const instance = { ...bare, networks: [] } as unknown as Instance;
  let looks = 0;
  const provider = {
    inspect: () => {
      looks++;
      const networks = looks < 3 ? [] : [{ name: "eth0", address: "127.0.0.1" }];
      return Promise.resolve({ ...instance, networks });
    },
  } as unknown as Provider;
  const tries: string[] = [];
  const input: ProveInput = {
    spec: targetSpec("web", { source: { kind: "proxmox", engine: "lab", vmid: 103 }, port }),
    provider,
    clock: systemClock,
    instance,
    owner: undefined,
    vantage: {},
    probes: networkProbes,
    onTry: (_tries, result) => tries.push(result.kind === "silent" ? result.error : "answered"),
  };
  await proveReady(input, new AbortController().signal);
  expect(tries).toHaveLength(2);
  expect(tries[0]).toContain("no address yet");
  server.close();
});
