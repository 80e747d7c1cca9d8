import * as z from "zod";
import { parseCidr } from "../values/cidr.ts";
import { parseListenAddress } from "../values/listen-address.ts";
import { bad, good } from "../values/parsed.ts";
import { parsePortForward } from "../values/port-forward.ts";
import { parseServerName } from "../values/server-name.ts";
import { duration, durationNotes, durationOrNever, key, text, whole } from "./text.ts";

/** What holds for every stream unless something says otherwise, as one would write it. */
export const BUILT_IN_STREAM = {
  protocol: "tcp",
  names: [],
  wake_on: "connect",
  allow: [],
  deny: [],
  max_connections: 4096,
  max_per_client: 2048,
  wakes_per_minute: 30,
  udp_timeout: "60s",
  accept_proxy: [],
  send_proxy: "off",
  players: [],
} as const;

const blocks = z
  .array(text(parseCidr, "a block such as 192.168.0.0/16"))
  .transform((list): readonly string[] => list.flat());
const serverNames = z.array(text(parseServerName, "a name such as db.example.com"));
const protocol = z.enum(["tcp", "tls", "minecraft"]);
const player = text(
  (written) => (/^\w{1,16}$/.test(written.trim()) ? good(written.trim()) : bad("expected a player's name")),
  "a player's name",
);

/** `stream`: how connections of the `tcp` and `udp` listeners are treated. */
export const streamSchema = z.strictObject({
  protocol: key(protocol, {
    description:
      "What is spoken on its listeners. `tls` and `minecraft` let several targets share one listener: they are told apart by the TLS server name, or by the host that the game sends, without decryption.",
    default: BUILT_IN_STREAM.protocol,
  }),
  names: key(serverNames, {
    description:
      "With `protocol: tls` or `minecraft`: names that lead here, `*.example.com` too. A target without names gets what no other one is named for; without such a target the connection is closed.",
    default: BUILT_IN_STREAM.names,
    examples: [["db.example.com"]],
  }),
  wake_on: key(z.enum(["connect", "first_bytes", "tls_hello"]), {
    description:
      "What a client must have done before it wakes or uses the target. `connect` suits protocols in which the server speaks first (MySQL, SSH); with `first_bytes` and `tls_hello` port scans wake nothing.",
    default: BUILT_IN_STREAM.wake_on,
    defaultText: "`connect`; with `protocol: tls` always `tls_hello`",
  }),
  allow: key(blocks, {
    description: "Clients that may connect: address blocks, addresses, the words `loopback` and `private`.",
    default: BUILT_IN_STREAM.allow,
    defaultText: "everybody",
    examples: [["private", "203.0.113.7"]],
  }),
  deny: key(blocks, {
    description: "Clients that may not connect, though `allow` names them.",
    default: BUILT_IN_STREAM.deny,
    defaultText: "nobody",
  }),
  max_connections: key(whole(1, 1_000_000), {
    description: "Connections to the target at once, waiting ones included; more are refused.",
    default: BUILT_IN_STREAM.max_connections,
  }),
  max_per_client: key(whole(1, 1_000_000), {
    description: "Connections of one client address at once.",
    default: BUILT_IN_STREAM.max_per_client,
  }),
  wakes_per_minute: key(whole(1, 1_000_000), {
    description: "Wakes by connections, at most; beyond, connections to the sleeping target are refused.",
    default: BUILT_IN_STREAM.wakes_per_minute,
  }),
  session_idle: key(durationOrNever(), {
    description:
      "A connection that was silent for this long does not keep the target awake any more (idle pools). It is not cut before the target sleeps. `never`: every open connection keeps it awake.",
    defaultText: "`never`",
    examples: ["10m"],
  }),
  udp_timeout: key(duration({ positive: true }), {
    description: "A UDP client that is silent for this long, in both directions, has left.",
    default: BUILT_IN_STREAM.udp_timeout,
    ...durationNotes,
  }),
  accept_proxy: key(blocks, {
    description:
      "Proxies that send a PROXY protocol header (version 1 or 2) before everything else; from them it is required, from others it is not read.",
    default: BUILT_IN_STREAM.accept_proxy,
    defaultText: "none",
    examples: [["172.18.0.0/16"]],
  }),
  send_proxy: key(z.enum(["off", "v1", "v2"]), {
    description: "Sends a PROXY protocol header with the client's address to the target.",
    default: BUILT_IN_STREAM.send_proxy,
  }),
  players: key(z.array(player), {
    description: "With `protocol: minecraft`: the players whose login wakes it.",
    default: BUILT_IN_STREAM.players,
    defaultText: "every player",
    examples: [["Alex", "Steve"]],
  }),
});

const forward = text(parsePortForward, "listen:port such as 5432:5432");
const listen = text(parseListenAddress, "host:port such as 0.0.0.0:5432");
const port = key(whole(1, 65_535), {
  description: "Port on the target's own address.",
  defaultText: "the target's `port`, else the lowest exposed one",
});

/** `tcp` of a target in the file. */
export const tcpSchema = z.array(
  z.union([
    forward,
    z.strictObject({
      listen: listen.meta({ description: "Where to listen.", examples: ["0.0.0.0:5432"] }),
      port,
      protocol: key(protocol, { description: "As `stream.protocol`, for this listener alone." }),
      names: key(serverNames, { description: "As `stream.names`, for this listener alone." }),
    }),
  ]),
);

/** `udp` of a target in the file. */
export const udpSchema = z.array(z.union([forward, z.strictObject({ listen, port })]));

/** `wakegate.tcp` and `wakegate.udp`. */
export const forwardsSchema = z.array(forward);
