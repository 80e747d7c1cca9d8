import * as z from "zod";
import { trafficPresetNames } from "../../presets/traffic.ts";
import type { Rate } from "../model/rules.ts";
import { parseCidr } from "../values/cidr.ts";
import { parseMethod, parsePathGlob, parseTextGlob } from "../values/glob.ts";
import { parseRate } from "../values/rate.ts";
import { key, text } from "./text.ts";

/** A switchable kind of traffic. */
export const presetNames = z.enum(trafficPresetNames);

/** A rule's name: no dots, since labels write it between dots. */
export const ruleName = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/);

const headerName = z.string().regex(/^[A-Za-z0-9-]+$/);

const match = z.strictObject({
  methods: key(z.array(text(parseMethod, "a method such as GET")), {
    description: "HTTP methods.",
    examples: [["GET", "PROPFIND"]],
  }),
  paths: key(z.array(text(parsePathGlob, "a path such as /api/*")), {
    description: "Paths without query. `*` stands for any characters, `/` too; `?` for one.",
    examples: [["/status.php", "/api/*"]],
  }),
  user_agents: key(z.array(text(parseTextGlob, "a user agent such as *Homepage*")), {
    description:
      "User agents, whole, without regard to case; `*` and `?` as in paths. In a label write `?` for a space.",
    examples: [["*mirall*"]],
  }),
  clients: key(z.array(text(parseCidr, "a block such as 172.18.0.0/16")), {
    description:
      "Addresses of clients: blocks, addresses, and the words `loopback` and `private`. The client is the rightmost address of X-Forwarded-For that is not one of `trusted_proxies`.",
    examples: [["172.18.0.9"]],
  }),
  headers: key(z.record(headerName, text(parseTextGlob, "a value such as *dashboard*")), {
    description:
      "Headers by name, their values as user agents are written. All of them have to be met. The proxy has to send them on (Traefik: `authRequestHeaders`).",
    examples: [{ "X-Requested-With": "dashboard" }],
  }),
});

/** One rule of `rules`. */
export const ruleSchema = z.strictObject({
  match: key(match, {
    description: "Which requests: each condition that is here has to be met, by one of its entries.",
  }),
  wakes: key(z.boolean(), {
    description: "`false`: they do not wake it; while it sleeps they get 503 with Retry-After.",
    default: true,
  }),
  counts: key(z.boolean(), {
    description: "`false`: they are let through, but are no use that keeps it awake.",
    defaultText: "what `wakes` says",
  }),
});

/** `pollers` with its built-in values. */
export function pollersShape(builtIn: { readonly wakes: boolean; readonly counts: boolean }) {
  return {
    wakes: key(z.boolean(), {
      description:
        "Whether they wake it. A client whose polls alone woke it three times is barred from waking in any case, until somebody else comes.",
      default: builtIn.wakes,
    }),
    counts: key(z.boolean(), { description: "Whether they are use.", default: builtIn.counts }),
  };
}

const rate = () => text(parseRate, "a rate such as 10/min, or off");

/** `wake_rate`. */
export const wakeRateShape = {
  per_client: key(rate(), {
    description:
      "Wakes of any targets that one client may cause: its address, of IPv6 the first 64 bits. Everybody behind an address that your proxy does not look through is one client.",
    default: "30/min",
    examples: ["10/min", "2/s", "off"],
  }),
  per_target: key(rate(), { description: "Wakes of one target, whoever asks.", default: "6/min" }),
};

/** What holds for `wake_rate` where nothing is said. */
export const DEFAULT_WAKE_RATE: { readonly per_client: Rate; readonly per_target: Rate } = {
  per_client: { count: 30, perMs: 60_000 },
  per_target: { count: 6, perMs: 60_000 },
};

/** What one layer says of a rule. */
export type RuleLayer = z.output<typeof ruleSchema>;
/** What the file says of `wake_rate`; null is off. */
export type WakeRateLayer = { readonly per_client?: Rate | null; readonly per_target?: Rate | null };
