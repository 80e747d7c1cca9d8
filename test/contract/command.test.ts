import { describe } from "vitest";
import type { CommandEngineSpec, CommandLine } from "../../src/config/model/machine.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { commandControls } from "../../src/providers/command/controls.ts";
import { MachineProvider } from "../../src/providers/machine/provider.ts";
import { ManagedApp } from "../support/machine/manager.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { providerContract } from "./provider-contract.ts";
import type { ContractWorld } from "./rig.ts";

describe("the provider contract: command", () => {
  providerContract(async (): Promise<ContractWorld> => {
    const folder = await tempFolder("command");
    const app = new ManagedApp(folder.path, "box");
    await app.prepare({ PORT: "0" });
    const line = (verb: "start" | "stop" | "status"): CommandLine => ({
      argv: app.argv(verb),
      env: {},
      inherit: [],
      timeoutMs: 20_000,
    });
    const spec: CommandEngineSpec = {
      kind: "command",
      name: "machine:box",
      target: "box",
      wake: line("start"),
      sleep: line("stop"),
      status: line("status"),
      running: [0],
      stopped: [3],
      cadence: { awakeMs: 50, asleepMs: 50 },
    };
    const open = (): MachineProvider =>
      new MachineProvider(spec, commandControls(spec, systemClock), {
        clock: systemClock,
        stateDir: folder.path,
      });
    const provider = open();
    return {
      provider,
      traits: { neverRan: "exited", exits: false, signals: false, pauses: false, removable: false },
      booted: async () => app.listens,
      async create(_name, env) {
        await app.prepare(env);
        return "box";
      },
      destroy: () => app.run("kill"),
      killOutside: () => app.run("kill"),
      reopen: async () => open(),
      outage: { begin: () => app.silence(true), end: () => app.silence(false) },
      async [Symbol.asyncDispose]() {
        await provider[Symbol.asyncDispose]();
        await app.run("kill");
        await folder[Symbol.asyncDispose]();
      },
    };
  });
});
