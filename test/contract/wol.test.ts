import { describe } from "vitest";
import type { WolEngineSpec } from "../../src/config/model/machine.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { MachineProvider } from "../../src/providers/machine/provider.ts";
import { wolControls } from "../../src/providers/wol/controls.ts";
import { freePort } from "../support/free-port.ts";
import { ManagedApp } from "../support/machine/manager.ts";
import { listenForWake } from "../support/machine/wake-listener.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { providerContract } from "./provider-contract.ts";
import type { ContractWorld } from "./rig.ts";

const MAC = "02:00:5e:10:00:01";

describe("the provider contract: wol", () => {
  providerContract(async (): Promise<ContractWorld> => {
    const folder = await tempFolder("wol");
    const app = new ManagedApp(folder.path, "nas");
    const port = await freePort();
    await app.prepare({ PORT: String(port) });
    const card = await listenForWake({ mac: MAC, onPacket: () => void app.run("start") });
    const spec: WolEngineSpec = {
      kind: "wol",
      name: "machine:nas",
      target: "nas",
      mac: MAC,
      broadcast: "127.0.0.1",
      port: card.port,
      status: { scheme: "tcp", host: "127.0.0.1", port, path: "/" },
      statusTimeoutMs: 2_000,
      sleep: { argv: app.argv("stop"), env: {}, inherit: [], timeoutMs: 20_000 },
      cadence: { awakeMs: 50, asleepMs: 50 },
    };
    const open = (): MachineProvider =>
      new MachineProvider(spec, wolControls(spec, systemClock), {
        clock: systemClock,
        stateDir: folder.path,
      });
    const provider = open();
    return {
      provider,
      traits: {
        neverRan: "exited",
        exits: false,
        signals: false,
        pauses: false,
        removable: false,
        ends: false,
      },
      booted: async () => app.listens,
      async create(_name, env) {
        await app.prepare({ ...env, PORT: String(port) });
        return "nas";
      },
      destroy: () => app.run("kill"),
      killOutside: () => app.run("kill"),
      reopen: async () => open(),
      async [Symbol.asyncDispose]() {
        await provider[Symbol.asyncDispose]();
        await card[Symbol.asyncDispose]();
        await app.run("kill");
        await folder[Symbol.asyncDispose]();
      },
    };
  });
});
