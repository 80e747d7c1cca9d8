import * as z from "zod";
import { parseAddress } from "../values/address.ts";
import { parseDependency } from "../values/dependency.ts";
import { bad, good } from "../values/parsed.ts";
import { parsePath } from "../values/path.ts";
import { parseStopSignal } from "../values/stop-signal.ts";
import { statuses } from "./statuses.ts";
import { BUILT_IN_STREAM, streamSchema } from "./stream.ts";
import { pollersShape, presetNames, ruleName, ruleSchema } from "./rules.ts";
import { duration, durationNotes, durationOrNever, key, text, whole } from "./text.ts";
import { inPoolShape } from "./pools.ts";
import { useShape } from "./use-options.ts";

/** What holds for every target unless something says otherwise, as one would write it. */
export const BUILT_IN = {
  scheme: "http",
  idle_timeout: "15m",
  wake_timeout: "3m",
  stop_method: "stop",
  depends_on: [],
  no_loading_page: false,
  page_mode: "inline",
  page: { details: false, logs: false, footer: true },
  hold_timeout: "25s",
  on_manual_stop: "nap",
  foreign_stop_grace: "10s",
  readiness: { kind: "auto", path: "/", status: "100-499", timeout: "5s" },
  stream: BUILT_IN_STREAM,
  presets: ["monitors", "crawlers", "link-previews", "assets"],
  rules: {},
  pollers: { wakes: true, counts: false },
  room_timeout: "3m",
} as const;

/** Host header of the readiness probe. */
const probeHost = text(
  (written) =>
    /^[\w.:[\]-]+$/.test(written) ? good(written) : bad("expected a host such as blog.example.com"),
  "a host such as blog.example.com",
);

const page = z.strictObject({
  details: key(z.boolean(), {
    description:
      "Shows names of dependencies, exit codes and reasons of a failure to everybody who sees the loading page. Off: strangers get a sentence and a code.",
    default: BUILT_IN.page.details,
  }),
  logs: key(z.boolean(), {
    description: "With `page.details`: the last log lines after a failure.",
    default: BUILT_IN.page.logs,
  }),
  footer: key(z.boolean(), {
    description: "The word Wakegate at the foot of the loading page.",
    default: BUILT_IN.page.footer,
  }),
});

const readiness = z.strictObject({
  kind: key(
    z.enum(["auto", "http", "tcp", "postgres", "mysql", "redis", "minecraft", "healthcheck", "none"]),
    {
      description:
        "How readiness is proved. `auto`: an HTTP answer where a route is known, or a port and no `tcp` listener; a connection on its first `tcp` port for stream targets (Minecraft's own status where that is spoken); else the image's health command, else running is enough. `tcp`: a connection that brings bytes or stays open. `postgres`, `mysql`, `redis`, `minecraft`: an answer in that protocol. `none`: running is always enough.",
      default: BUILT_IN.readiness.kind,
    },
  ),
  path: key(text(parsePath, "a path such as /health"), {
    description: "Path that the HTTP probe asks for with GET. Redirects are not followed.",
    default: BUILT_IN.readiness.path,
    examples: ["/health"],
  }),
  host: key(probeHost, {
    description: "Host header of the HTTP probe.",
    defaultText: "the first route's host, else the address",
    examples: ["blog.example.com"],
  }),
  status: key(statuses, {
    description:
      "HTTP statuses that count as ready: numbers, ranges or classes such as `2xx`, one or a list.",
    default: BUILT_IN.readiness.status,
    examples: ["200-399", [200, 401]],
  }),
  timeout: key(duration({ positive: true }), {
    description: "Deadline of one probe.",
    default: BUILT_IN.readiness.timeout,
    ...durationNotes,
  }),
});

/** Keys that say how a target behaves: the same ones in `defaults`, `targets.<name>` and in labels. */
export const optionsShape = {
  idle_timeout: key(durationOrNever(), {
    description: "Put to sleep after this long without use. `never` (or `off`) keeps it awake once woken.",
    default: BUILT_IN.idle_timeout,
    examples: ["30m", "1h30m", "never"],
  }),
  wake_timeout: key(duration({ positive: true }), {
    description: "A wake that takes longer has failed. Dependencies have times of their own on top.",
    default: BUILT_IN.wake_timeout,
    ...durationNotes,
  }),
  stop_timeout: key(duration(), {
    description: "Grace between the stop signal and the kill.",
    defaultText: "the container's own, 10s unless it was created with another",
    examples: ["30s"],
    ...durationNotes,
  }),
  stop_method: key(z.enum(["stop", "pause", "hibernate", "kill"]), {
    description:
      "How it is put to sleep. `pause` keeps it in memory and wakes in milliseconds; `hibernate` writes a virtual machine's memory to disk; `kill` gives no time to tidy up.",
    default: BUILT_IN.stop_method,
  }),
  stop_signal: key(text(parseStopSignal, "a signal such as SIGINT"), {
    description:
      "Signal that asks it to stop (with `stop_method: kill`: the one that is sent instead of SIGKILL). With or without SIG, SIGRTMIN+3 too.",
    defaultText: "the image's own",
    examples: ["SIGINT", "QUIT", "SIGRTMIN+3"],
  }),
  depends_on: key(z.array(text(parseDependency, "name or name:condition")), {
    description:
      "Woken before it: names of targets, or Compose services of the same project. Each may carry a condition: `service_started` (default), `service_healthy` or `service_completed_successfully`.",
    defaultText: "Compose's own `depends_on`, else none",
    examples: [["db:service_healthy", "cache"]],
  }),
  start_endpoint: key(text(parsePath, "a path such as /start"), {
    description: "Only a request for this path wakes it; others get 403 while it sleeps.",
    defaultText: "any path wakes",
    examples: ["/start"],
  }),
  no_loading_page: key(z.boolean(), {
    description: "Browsers are held like all other clients, without a loading page.",
    default: BUILT_IN.no_loading_page,
  }),
  page_after: key(duration(), {
    description: "How long a browser is held before it gets the loading page.",
    defaultText: "learned: 1.2s where wakes are quick, else 0s",
    examples: ["800ms"],
    ...durationNotes,
  }),
  page_mode: key(z.enum(["inline", "redirect"]), {
    description:
      "`inline` answers with the page itself and status 503. `redirect` sends the browser to `public_url`, for proxies and CDNs that replace bodies of 5xx answers.",
    default: BUILT_IN.page_mode,
  }),
  page: key(page, { description: "What the loading page tells." }),
  hold_timeout: key(duration(), {
    description:
      "How long a request is held for a wake before it gets 503 with Retry-After. Traefik gives up after 30s.",
    default: BUILT_IN.hold_timeout,
    ...durationNotes,
  }),
  on_manual_stop: key(z.enum(["nap", "hold"]), {
    description:
      "After somebody else stopped it: `nap` lets the next request wake it; `hold` leaves it down until a person or the engine starts it.",
    default: BUILT_IN.on_manual_stop,
  }),
  foreign_stop_grace: key(duration(), {
    description:
      "After a stop that was not ours nothing is started for this long, so that updaters and backups can finish.",
    default: BUILT_IN.foreign_stop_grace,
    ...durationNotes,
  }),
  readiness: key(readiness, { description: "What proves that it answers." }),
  ...useShape,
  ...inPoolShape,
  stream: key(streamSchema, { description: "How connections of its `tcp` and `udp` listeners are treated." }),
  presets: key(z.array(presetNames), {
    description:
      "Kinds of traffic that neither wake nor count as use; [presets](presets.md) says what each takes away. An empty list switches all off.",
    default: BUILT_IN.presets,
    examples: [["monitors", "crawlers"]],
  }),
  rules: key(z.record(ruleName, ruleSchema), {
    description:
      "Requests that may not wake it, or do not count as use, by a name of your choice. A rule only takes away: of several that match, all take, so their order says nothing. A rule of the same name in a stronger layer is laid over the weaker one key by key; `wakes: true` with `counts: true` undoes it.",
    defaultText: "none beside the presets",
    examples: [{ dashboard: { match: { clients: ["172.18.0.9"] }, wakes: false } }],
  }),
  pollers: key(z.strictObject(pollersShape(BUILT_IN.pollers)), {
    description:
      "Requests that come again and again at a steady pace: same client, user agent, method and path, six or more, 2 s to 1 h apart. Only methods that change nothing are meant.",
  }),
  port: key(whole(1, 65_535), {
    description: "TCP port on its own address.",
    defaultText: "the proxy labels' port, else the one of the declared ports that answers as HTTP",
    examples: [8080],
  }),
  address: key(text(parseAddress, "host or host:port"), {
    description:
      "Host, or host:port, that readiness asks instead of the container's own address. Never a URL.",
    defaultText: "found anew for each wake",
    examples: ["10.0.0.7", "nas.lan:8080"],
  }),
  network: key(
    text(
      (written) => (written.trim() ? good(written.trim()) : bad("expected a network's name")),
      "a network's name",
    ),
    {
      description: "Network whose address is taken when the container is on several.",
      defaultText: "one that Wakegate shares",
      examples: ["blog_default"],
    },
  ),
  scheme: key(z.enum(["http", "https"]), {
    description: "How the app itself is spoken to. Certificates are not checked by readiness.",
    default: BUILT_IN.scheme,
  }),
};
