/** One machine that can be switched on: an engine with a single instance, which has its target's name. */
export type MachineEngineSpec = CommandEngineSpec | WolEngineSpec;

interface MachineBase {
  readonly name: string;
  readonly target: string;
  readonly cadence: MachineCadence;
  /** Unset: nobody knows how to put it to sleep. */
  readonly sleep?: CommandLine;
}

export interface CommandEngineSpec extends MachineBase, CommandMeaning {
  readonly kind: "command";
  readonly wake: CommandLine;
  readonly status: CommandLine;
  readonly inside?: string;
}

export interface WolEngineSpec extends MachineBase {
  readonly kind: "wol";
  /** `aa:bb:cc:dd:ee:ff`. */
  readonly mac: string;
  /** Address or name that the packet is sent to. */
  readonly broadcast: string;
  readonly port: number;
  /** SecureOn password, four or six bytes with colons. */
  readonly secureOn?: string;
  readonly status: MachineProbe;
  readonly statusTimeoutMs: number;
}

/** How often a machine is looked at, in ms. */
export interface MachineCadence {
  readonly awakeMs: number;
  readonly asleepMs: number;
}

/** What exit codes (numbers) and first lines of output (texts, without regard to case) mean. */
export interface CommandMeaning {
  readonly running: readonly (number | string)[];
  readonly stopped: readonly (number | string)[];
}

/** One command, complete. */
export interface CommandLine {
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Names of Wakegate's own variables that it sees. */
  readonly inherit: readonly string[];
  readonly timeoutMs: number;
}

/** Where a machine that is on answers. */
export interface MachineProbe {
  readonly scheme: "tcp" | "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly path: string;
}
