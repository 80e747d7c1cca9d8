import type { Finding } from "../../../src/doctor/finding.ts";
import type { Report } from "../../../src/doctor/report.ts";
import { NOW } from "./fixtures.ts";

const base = { evidence: [], fix: [] } as const;
const good: readonly Finding[] = [
  {
    ...base,
    id: "engine",
    title: "Engine",
    level: "ok",
    layer: "engine",
    sentence: "Engine local answers and lists 14 containers.",
  },
  {
    ...base,
    id: "rights",
    title: "Rights",
    level: "ok",
    layer: "engine",
    sentence: "Wakegate may do on local all that it needs.",
  },
  {
    ...base,
    id: "network",
    title: "Network",
    level: "ok",
    layer: "app",
    sentence: "All 13 targets can be reached from here.",
    evidence: ["nextcloud: network proxy", "jellyfin: network proxy"],
  },
];

/** Nothing to do. */
export const wellReport: Report = {
  ok: true,
  mode: "service",
  asOf: new Date(NOW - 120_000).toISOString(),
  findings: good,
};

/** One of each level, with long words. */
export const illReport: Report = {
  ...wellReport,
  ok: false,
  findings: [
    ...good,
    {
      id: "forward-auth",
      title: "Proxy asks",
      level: "problem",
      layer: "proxy",
      target: "blog",
      sentence:
        "The proxy lets requests for a-quite-long-name-of-a-blog.home.example.com through without asking Wakegate: nobody wakes blog, and no request counts as use.",
      evidence: ["GET blog.example.com/ through https://172.18.0.2:443", "answered 200, Server: Caddy"],
      fix: [
        {
          where:
            "Caddyfile, in the site of blog.example.com, before its reverse_proxy, both inside route { }",
          lines: "forward_auth wakegate:9190 {\n\turi /api/authz/forward-auth?\n\theader_up -Cookie\n}",
        },
      ],
    },
    {
      id: "restart",
      title: "Restart policies",
      level: "warning",
      layer: "app",
      target: "db",
      sentence: "db has restart: always: each start of the engine starts it, though it slept.",
      evidence: [],
      fix: [{ where: "compose.yaml, service db", lines: "restart: unless-stopped" }],
    },
    {
      ...base,
      id: "traefik-provider",
      title: "Traefik provider",
      level: "skipped",
      layer: "proxy",
      sentence: "Traefik has not asked yet; Wakegate runs for less than a minute.",
    },
  ],
};
