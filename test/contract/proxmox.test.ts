import { readFileSync } from "node:fs";
import { describe } from "vitest";
import type { ProxmoxEngineSpec } from "../../src/config/model/engine.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { ProxmoxProvider, type ProxmoxTuning } from "../../src/providers/proxmox/provider.ts";
import { Simulator } from "../support/proxmox/simulator.ts";
import { providerContract } from "./provider-contract.ts";
import { never, type ContractWorld, type Traits } from "./rig.ts";

const QUICK: ProxmoxTuning = {
  cadence: { awakeMs: 50, asleepMs: 50, nobodyMs: 50, backoff: { firstMs: 20, maxMs: 50 } },
};

const TRAITS: Partial<Traits> = { neverRan: "exited", exits: false, signals: false };

/** A guest of the simulator behaves as the sleepy app does by these variables. */
function behaviourOf(env: Readonly<Record<string, string>>) {
  const { ON_TERM: onTerm = "exit", EXIT_MS: exitMs } = env;
  const app = {
    start(end: () => void): AsyncDisposable {
      const timer = exitMs === undefined ? undefined : setTimeout(end, Number(exitMs));
      return { [Symbol.asyncDispose]: () => Promise.resolve(clearTimeout(timer)) };
    },
  };
  return {
    app,
    startMs: 100,
    onShutdown: onTerm === "ignore" ? ("ignore" as const) : ("obey" as const),
    shutdownMs: onTerm.startsWith("slow:") ? Number(onTerm.slice(5)) : 0,
  };
}

async function simulated(type: "lxc" | "qemu"): Promise<ContractWorld> {
  const simulator = await Simulator.start({ scale: 0.2 });
  const { id, secret } = simulator.addToken("wakegate@pve!power");
  const spec: ProxmoxEngineSpec = {
    kind: "proxmox",
    name: "lab",
    url: simulator.url,
    login: { kind: "token", id, secret: { text: secret } },
    trust: { fingerprint: simulator.fingerprint },
    discover: true,
  };
  const open = (): ProxmoxProvider => new ProxmoxProvider(spec, { clock: systemClock }, QUICK);
  const provider = open();
  let vmid = 100;
  const numberOf = (id: string): number => Number(id.split(":")[1]);
  const { guests } = simulator.world;
  return {
    provider,
    traits: { ...TRAITS, pauses: type === "qemu" },
    booted: async (id) => guests.all.get(numberOf(id))?.status === "running",
    async create(name, env) {
      vmid++;
      guests.add(vmid, { type, name, behaviour: behaviourOf(env) });
      simulator.collect();
      return `lab:${String(vmid)}`;
    },
    destroy: (id) => guests.remove(numberOf(id)),
    async killOutside(id) {
      const guest = guests.all.get(numberOf(id));
      if (guest) await guests.switchOff(guest);
    },
    reopen: async () => open(),
    outage: { begin: () => simulator.goAway(), end: () => simulator.comeBack() },
    async [Symbol.asyncDispose]() {
      await provider[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
    },
  };
}

describe("the provider contract: proxmox, containers of the simulator", () => {
  providerContract(() => simulated("lxc"));
});

describe("the provider contract: proxmox, machines of the simulator", () => {
  providerContract(() => simulated("qemu"));
});

const env = process.env;
const url = env["WAKEGATE_PVE_URL"];

/** A guest that may be started and stopped at will, on a cluster that the environment names. */
async function genuine(): Promise<ContractWorld> {
  const {
    WAKEGATE_PVE_CA: caFile,
    WAKEGATE_PVE_FINGERPRINT: fingerprint,
    WAKEGATE_PVE_VMID: vmid = "",
  } = env;
  const trust = caFile ? { caFile } : fingerprint ? { fingerprint } : undefined;
  if (caFile) readFileSync(caFile);
  const spec: ProxmoxEngineSpec = {
    kind: "proxmox",
    name: "lab",
    url: url ?? "",
    login: {
      kind: "token",
      id: env["WAKEGATE_PVE_TOKEN_ID"] ?? "",
      secret: { text: env["WAKEGATE_PVE_TOKEN_SECRET"] ?? "" },
    },
    ...(trust && { trust }),
    discover: false,
  };
  const open = (): ProxmoxProvider =>
    new ProxmoxProvider(spec, { clock: systemClock }, { cadence: { awakeMs: 1_000, asleepMs: 1_000 } });
  const provider = open();
  const outside = open();
  const id = `lab:${vmid}`;
  provider.follow(new Set([id]));
  const off = (): Promise<void> => outside.sleep(id, { method: "kill" }, never);
  const isMachine = (await outside.inspect(id, never))?.image === "qemu";
  return {
    provider,
    traits: { ...TRAITS, pauses: isMachine, staged: false },
    booted: async () => (await outside.inspect(id, never))?.status === "running",
    async create() {
      await off();
      return id;
    },
    destroy: off,
    killOutside: off,
    reopen: async () => open(),
    async [Symbol.asyncDispose]() {
      await provider[Symbol.asyncDispose]();
      await outside[Symbol.asyncDispose]();
    },
  };
}

describe.skipIf(!url)("the provider contract: proxmox, the cluster that WAKEGATE_PVE_URL names", () => {
  providerContract(genuine);
});
