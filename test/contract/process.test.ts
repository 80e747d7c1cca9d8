import { describe } from "vitest";
import type { ProcessSpec } from "../../src/config/model.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { ProcessProvider } from "../../src/providers/process/provider.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { providerContract } from "./provider-contract.ts";
import type { ContractWorld } from "./rig.ts";

const SLEEPY = new URL("../support/images/sleepy.mjs", import.meta.url).pathname;

describe("the provider contract: process", () => {
  providerContract(async (): Promise<ContractWorld> => {
    const folder = await tempFolder("process");
    const specs = new Map<string, ProcessSpec>();
    const pids = new Map<string, number>();
    const opened: ProcessProvider[] = [];
    const open = (): ProcessProvider => {
      const provider = new ProcessProvider(specs, { clock: systemClock, stateDir: folder.path });
      opened.push(provider);
      return provider;
    };
    const provider = open();
    return {
      provider,
      async create(name, env) {
        specs.set(name, { command: [process.execPath, SLEEPY], env });
        provider.configure(specs);
        return name;
      },
      async destroy(id) {
        const now = await provider.inspect(id, new AbortController().signal);
        const pid = now?.pid ?? pids.get(id);
        if (pid !== undefined && now?.pid !== undefined) process.kill(-pid, "SIGKILL");
        specs.delete(id);
        provider.configure(specs);
      },
      async killOutside(_id, { pid }) {
        if (pid !== undefined) process.kill(pid, "SIGKILL");
      },
      reopen: async () => open(),
      async [Symbol.asyncDispose]() {
        for (const provider of opened) await provider[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  });
});
