import { setMaxListeners } from "node:events";
import type { ProxmoxEngineSpec, ProxmoxLogin } from "../../../src/config/model/engine.ts";
import { systemClock, type Clock } from "../../../src/lib/clock.ts";
import type { WakePatience } from "../../../src/providers/provider.ts";
import { ProxmoxProvider, type ProxmoxTuning } from "../../../src/providers/proxmox/provider.ts";
import { Simulator, type SimulatorOptions } from "../../support/proxmox/simulator.ts";

/** A signal that never aborts. */
export const never = new AbortController().signal;
setMaxListeners(0, never);

/** What one test sets up differently. */
export interface RigOptions extends SimulatorOptions {
  readonly login?: (simulator: Simulator) => ProxmoxLogin;
  readonly spec?: Partial<ProxmoxEngineSpec>;
  readonly tuning?: ProxmoxTuning;
  readonly clock?: Clock;
}

/** A simulated cluster and the provider that is connected to it. */
export interface Rig extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly provider: ProxmoxProvider;
  readonly secret: string;
  /** Everything that the provider logged, as text. */
  readonly logged: string[];
  /** Wakes by number; `waits` collects what was said of waiting. */
  wake(vmid: number, withinMs?: number): Promise<void>;
  readonly waits: string[];
  status(vmid: number): Promise<string | undefined>;
}

/** Starts a simulator and a provider with a token for all guests. */
export async function openRig(options: RigOptions = {}): Promise<Rig> {
  const simulator = await Simulator.start(options);
  const token = simulator.addToken("wakegate@pve!power");
  const logged: string[] = [];
  const waits: string[] = [];
  const login = options.login?.(simulator) ?? { kind: "token", id: token.id, secret: { text: token.secret } };
  const provider = new ProxmoxProvider(
    {
      kind: "proxmox",
      name: "lab",
      url: simulator.url,
      login,
      trust: { fingerprint: simulator.fingerprint },
      discover: true,
      ...options.spec,
    },
    {
      clock: options.clock ?? systemClock,
      log: (level, message, data) => logged.push(`${level} ${message} ${JSON.stringify(data)}`),
    },
    { wake: { lookMs: 30, afterLossMs: 60 }, cadence: QUICK, ...options.tuning },
  );
  const patienceOf = (withinMs: number): WakePatience => ({
    withinMs,
    onWaiting: (why) => waits.push(why ?? "over"),
  });
  return {
    simulator,
    provider,
    logged,
    waits,
    secret: token.secret,
    wake: (vmid, withinMs = 10_000) =>
      provider.wake({ id: `lab:${String(vmid)}`, status: "exited" }, never, patienceOf(withinMs)),
    status: async (vmid) => (await provider.inspect(String(vmid), never))?.status,
    async [Symbol.asyncDispose]() {
      await provider[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
    },
  };
}

const QUICK = {
  awakeMs: 40,
  asleepMs: 40,
  nobodyMs: 40,
  notesMs: 40,
  backoff: { firstMs: 20, maxMs: 60 },
};
