import { formatListenAddress } from "../../config/values/listen-address.ts";
import { plainAddress } from "../../lib/address-blocks.ts";
import type { Clock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import { parseClientHello } from "../client-hello.ts";
import type { Inbox } from "../inbox.ts";
import { parseHandshake, type Handshake, type LegacyPing } from "../minecraft/handshake.ts";
import { leadsOf, type Leads, type TcpPlan } from "../plan.ts";
import type { Endpoint } from "../proxy-protocol/header.ts";
import { parseProxyHeader } from "../proxy-protocol/parse.ts";
import { RefusedError } from "../refused.ts";

/** How long a proxy may take for its header. */
const HEADER_MS = 5_000;
/** How long a client may take for what tells which target it wants. */
const HELLO_MS = 10_000;
/** How long a client may be silent where only bytes wake; until then it costs one place. */
const FIRST_BYTES_MS = 60_000;

/** Who is at the other end. */
export interface Caller {
  /** The client's address and port, as a trusted proxy tells it, else as the connection has it. */
  readonly client: Endpoint;
  /** The address and port that the client connected to. */
  readonly destination: Endpoint;
  /** A header was read: the target chosen must trust the peer, too. */
  readonly viaProxy: boolean;
}

/** Which target a connection wants. */
export interface Choice {
  readonly leads: Leads;
  readonly handshake?: Handshake | LegacyPing;
}

/** What the system says of a connection's ends. */
export interface Ends {
  readonly peer: Endpoint;
  readonly local: Endpoint;
}

/** Reads the PROXY protocol header where one has to come. @throws ProxyHeaderError, DeadlineError, ClientLeftError. */
export async function identify(
  inbox: Inbox,
  ends: Ends,
  expectsHeader: boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<Caller> {
  const client = { ...ends.peer, address: plainAddress(ends.peer.address) };
  if (!expectsHeader) return { client, destination: ends.local, viaProxy: false };
  using limit = deadline(clock, HEADER_MS, "the PROXY protocol header", signal);
  const header = await inbox.until(parseProxyHeader, limit.signal);
  inbox.consume(header.length);
  const { source = client, destination = ends.local } = header;
  return { client: { ...source, address: plainAddress(source.address) }, destination, viaProxy: true };
}

/** Finds out which target is wanted, without consuming anything. @throws RefusedError `no_target`, parser errors. */
export async function choose(
  inbox: Inbox,
  plan: TcpPlan,
  clock: Clock,
  signal: AbortSignal,
): Promise<Choice> {
  if (plan.protocol === "tcp") return { leads: wanted(plan, undefined) };
  using limit = deadline(clock, HELLO_MS, "the client's first message", signal);
  if (plan.protocol === "tls") {
    const { serverName } = await inbox.until(parseClientHello, limit.signal);
    return { leads: wanted(plan, serverName) };
  }
  const handshake = await inbox.until(parseHandshake, limit.signal);
  const host = handshake.kind === "handshake" ? handshake.host : undefined;
  return { leads: wanted(plan, host), handshake };
}

/** Waits until the client has done what `wake_on` asks of it. @throws parser errors, DeadlineError, ClientLeftError. */
export async function deserve(
  inbox: Inbox,
  wakeOn: "connect" | "first_bytes" | "tls_hello",
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (wakeOn === "connect") return;
  using limit = deadline(clock, FIRST_BYTES_MS, "the client's first bytes", signal);
  if (wakeOn === "tls_hello") await inbox.until(parseClientHello, limit.signal);
  else await inbox.until((bytes) => (bytes.length > 0 ? true : undefined), limit.signal);
}

function wanted(plan: TcpPlan, name: string | undefined): Leads {
  const leads = leadsOf(plan, name);
  if (leads) return leads;
  const asked = name === undefined ? "a client that names nobody" : name;
  throw new RefusedError(
    "no_target",
    `no target of ${formatListenAddress(plan.address)} is meant by ${asked}`,
  );
}
