import type { Rights } from "./rights.ts";
import type { Tasks } from "./tasks.ts";
import type { Guest, Guests } from "./guests.ts";
import type { Stats } from "./show.ts";

/** Who asks. */
export interface Principal {
  /** `waker@pve`. */
  readonly user: string;
  /** Name of the token, without the user. */
  readonly token?: string;
}

/** `waker@pve!power`. */
export function principalText({ user, token }: Principal): string {
  return token === undefined ? user : `${user}!${token}`;
}

/** One machine of the cluster. */
export interface Node {
  readonly name: string;
  /** What goes wrong when a request has to be forwarded to it. */
  fault: "none" | "no-route" | "refused" | "silent";
  bridges: Set<string>;
  readonly storage: Set<string>;
  fingerprint: string;
}

/** What can be made to go wrong, or to be different, while the simulator runs. */
export interface Faults {
  /** pvedaemon: all protected calls go through it. */
  daemon: "up" | "down" | "hung";
  /** The next so many answers are cut off in the middle. */
  cutAnswers: number;
  /** The next so many power calls are carried out, but their answer never comes. */
  loseAnswers: number;
  /** The second factor is on: tickets are only half tickets. */
  secondFactor: boolean;
  /** No quorum: nothing can be started. */
  noQuorum: boolean;
}

/** Everything that one simulated cluster is made of. */
export interface World {
  /** All of Proxmox's own delays are multiplied by it. */
  readonly scale: number;
  readonly release: string;
  readonly nodes: Map<string, Node>;
  readonly faults: Faults;
  readonly rights: Rights;
  readonly tasks: Tasks;
  readonly guests: Guests;
  readonly stats: Stats;
  /** Sleeps for so many of Proxmox's milliseconds. */
  pause(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What a route works with. */
export interface Call {
  readonly world: World;
  readonly who: Principal;
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  /** Parts of the path in place of `{…}`. */
  readonly path: Readonly<Record<string, string>>;
  /** The guest of the path, on the node of the path; undefined when it is not there. */
  readonly guest: Guest | undefined;
}
