import type { TargetSource } from "./model.ts";
import type { CommandLine, MachineEngineSpec } from "./model/machine.ts";
import { MACHINE_DEFAULTS, type CommandLayer, type WolLayer } from "./schema/machine.ts";
import type { TargetLayer } from "./schema/target.ts";
import { parseDuration } from "./values/duration.ts";

/** The engine that a machine of the file is, undefined for targets of any other kind. */
export function machineOf(name: string, { command, wol }: TargetLayer): MachineEngineSpec | undefined {
  if (command) return commandMachine(name, command);
  return wol && wolMachine(name, wol);
}

/** What a target of such an engine comes from. */
export function sourceOfMachine({ kind, name, sleep }: MachineEngineSpec): TargetSource {
  return { kind: "machine", engine: name, by: kind, sleeps: sleep !== undefined };
}

function commandMachine(target: string, given: CommandLayer): MachineEngineSpec {
  const { wake, sleep, status, running, stopped, timeouts = {}, inside } = given;
  const standard = MACHINE_DEFAULTS.timeouts;
  return {
    kind: "command",
    name: engineName(target),
    target,
    wake: lineOf(wake, given, timeouts.wake ?? ms(standard.wake)),
    ...(sleep && { sleep: lineOf(sleep, given, timeouts.sleep ?? ms(standard.sleep)) }),
    status: lineOf(status, given, timeouts.status ?? ms(standard.status)),
    running: running ?? MACHINE_DEFAULTS.running,
    stopped: stopped ?? MACHINE_DEFAULTS.stopped,
    cadence: cadenceOf(given),
    ...(inside !== undefined && { inside }),
  };
}

function wolMachine(target: string, given: WolLayer): MachineEngineSpec {
  const { mac, broadcast, port, secureon: secureOn, status, sleep, timeouts = {} } = given;
  return {
    kind: "wol",
    name: engineName(target),
    target,
    mac,
    broadcast: broadcast ?? MACHINE_DEFAULTS.broadcast,
    port: port ?? MACHINE_DEFAULTS.port,
    ...(secureOn !== undefined && { secureOn }),
    status,
    statusTimeoutMs: timeouts.status ?? ms(MACHINE_DEFAULTS.statusProbe),
    ...(sleep && { sleep: lineOf(sleep, given, timeouts.sleep ?? ms(MACHINE_DEFAULTS.timeouts.sleep)) }),
    cadence: cadenceOf(given),
  };
}

/** No engine of the file can have such a name. */
function engineName(target: string): string {
  return `machine:${target}`;
}

function lineOf(
  argv: readonly string[],
  { cwd, env = {}, inherit = [] }: CommandLayer | WolLayer,
  timeoutMs: number,
): CommandLine {
  return { argv, ...(cwd !== undefined && { cwd }), env, inherit, timeoutMs };
}

function cadenceOf({ look = {} }: CommandLayer | WolLayer): MachineEngineSpec["cadence"] {
  const { awake, asleep } = MACHINE_DEFAULTS.look;
  return { awakeMs: look.awake ?? ms(awake), asleepMs: look.asleep ?? ms(asleep) };
}

function ms(written: string): number {
  const parsed = parseDuration(written);
  if (!parsed.ok) throw new Error(`no duration: ${written}`);
  return parsed.value;
}
