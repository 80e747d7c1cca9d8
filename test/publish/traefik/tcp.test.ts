import { describe, expect, it } from "vitest";
import type { TcpSpec } from "../../../src/config/model/stream.ts";
import type { PublishTarget } from "../../../src/publish/traefik/input.ts";
import { TCP_TABLES } from "../../../src/publish/traefik/tcp/fields.ts";
import { readDocument } from "../../support/traefik-double/strict-document.ts";
import { STREAM } from "../../support/fake-target.ts";
import { seen, target } from "./support.ts";
import { everyLabel } from "./zoo.ts";

const ALL = { host: "0.0.0.0", port: 5432 };

/** A container with these `traefik.tcp.` labels and listeners, without hosts. */
function stream(
  labels: Readonly<Record<string, string>>,
  tcp: readonly TcpSpec[] = [{ listen: ALL, port: 5432 }],
  changes: Partial<PublishTarget["spec"]> = {},
): PublishTarget {
  return {
    ...target("db", {}, { spec: { routes: [], tcp, ...changes }, exposedPorts: [5432] }),
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [`traefik.tcp.${key}`, value])),
  };
}

const DB = { "routers.db.rule": "HostSNI(`db.example.com`)", "routers.db.tls": "true" };

describe("TCP routers", () => {
  it("lead to Wakegate's listener, one priority higher, with all that their labels say", () => {
    const labels = {
      "routers.db.rule": "HostSNI(`db.example.com`)",
      "routers.db.entrypoints": "postgres",
      "routers.db.tls.certresolver": "le",
      "routers.db.middlewares": "lan,far@file",
      "services.db.loadbalancer.server.port": "5432",
      "services.db.loadbalancer.proxyprotocol.version": "2",
      "middlewares.lan.ipallowlist.sourcerange": "10.0.0.0/8",
    };
    const { tcp, routers, warnings } = seen([stream(labels)]);
    expect(tcp).toEqual({
      routers: {
        db: {
          rule: "HostSNI(`db.example.com`)",
          entryPoints: ["postgres"],
          service: "db",
          middlewares: ["lan", "far@file"],
          priority: 26,
          tls: { certResolver: "le" },
        },
      },
      services: {
        db: { loadBalancer: { servers: [{ address: "wakegate:5432" }], proxyProtocol: { version: 2 } } },
      },
      middlewares: { lan: { ipAllowList: { sourceRange: ["10.0.0.0/8"] } } },
    });
    expect([routers, warnings]).toEqual([{}, []]);
  });

  it("for everything stay behind those for names, where Traefik puts them", () => {
    const { tcp } = seen([stream({ "routers.db.rule": "HostSNI(`*`)" })]);
    // Traefik gives its own -1; 0 would mean "computed", so -1 again.
    expect(tcp.routers["db"]).toMatchObject({ service: "db", priority: 1 });
  });

  it("keep names of their own for what HTTP calls the same", () => {
    const both = {
      ...stream(DB),
      ...target("db", { "routers.db.rule": "Host(`db`)" }, { spec: { tcp: [{ listen: ALL, port: 5432 }] } }),
    };
    const labels = { ...both.labels, ...stream(DB).labels };
    const { routers, tcp } = seen([{ ...both, labels, exposedPorts: [5432] }]);
    expect([routers["db"]?.["service"], tcp.routers["db"]?.["service"]]).toEqual(["db", "db"]);
  });

  it("find the listener by the port behind it", () => {
    const listeners = [
      { listen: { host: "0.0.0.0", port: 9001 }, port: 1 },
      { listen: { host: "10.0.0.7", port: 9002 }, port: 2 },
      { listen: { host: "::", port: 9003 } },
    ];
    const at = (port: string): unknown =>
      seen([stream({ ...DB, "services.x.loadbalancer.server.port": port }, listeners)]).tcp.services["x"];
    const to = (address: string): unknown => ({ loadBalancer: { servers: [{ address }] } });
    expect(at("1")).toEqual(to("wakegate:9001"));
    expect(at("2")).toEqual(to("10.0.0.7:9002"));
    expect(at("5432")).toEqual(to("wakegate:9003"));
  });

  it.each([
    ["without a listener", DB, [], "no listener of Wakegate leads to port 5432: add wakegate.tcp"],
    ["for another port", { ...DB, "services.x.loadbalancer.server.port": "1" }, undefined, "leads to port 1"],
    ["with a bad port", { ...DB, "services.x.loadbalancer.server.port": "x" }, undefined, "expected a port"],
    [
      "with a label Traefik refuses",
      { ...DB, "routers.db.sni": "x" },
      undefined,
      "Traefik knows no sni here",
    ],
    ["without a rule", { "routers.db.entrypoints": "x" }, undefined, "it has no rule"],
    [
      "for a service elsewhere",
      { ...DB, "routers.db.service": "y@file" },
      undefined,
      "not of this container",
    ],
    [
      "with a middleware that is left out",
      { ...DB, "routers.db.middlewares": "m", "middlewares.m.inflightconn.amount": "many" },
      undefined,
      "its middleware m is left out",
    ],
  ])("%s are left to Traefik, with a reason", (_, labels, listeners, why) => {
    const { text, warnings } = seen([stream(labels, listeners)]);
    expect(text).toBe("{}\n");
    expect(warnings.join("\n")).toContain("is left to Traefik and wakes nothing");
    expect(warnings.join("\n")).toContain(why);
  });

  it("of a listener that reads TLS names must pass TLS through", () => {
    const tls = { stream: { ...STREAM, protocol: "tls" as const, names: ["db.example.com"] } };
    expect(seen([stream(DB, undefined, tls)]).warnings.join()).toContain("set tls.passthrough");
    const passed = seen([stream({ ...DB, "routers.db.tls.passthrough": "true" }, undefined, tls)]);
    expect(passed.tcp.routers["db"]).toMatchObject({ tls: { passthrough: true } });
  });

  it("lose a check of health, which would keep the target awake", () => {
    const labels = { ...DB, "services.db.loadbalancer.healthcheck.interval": "1s" };
    const { tcp, warnings } = seen([stream(labels)]);
    expect(tcp.services["db"]).toEqual({ loadBalancer: { servers: [{ address: "wakegate:5432" }] } });
    expect(warnings.join()).toContain("check of health, which is left out");
  });

  it("are taken whole by a strict reader, with every field that Traefik knows", () => {
    const { text, warnings } = seen(
      [
        stream({
          ...everyLabel(TCP_TABLES.routers, "routers.zoo"),
          "routers.zoo.service": "zoo",
          "routers.zoo.middlewares": "ipAllowList",
          ...everyLabel(TCP_TABLES.services, "services.zoo"),
          "services.zoo.loadbalancer.server.port": "5432",
          ...Object.assign(
            {},
            ...Object.entries(TCP_TABLES.middlewares).map(([kind, spec]) =>
              everyLabel({ [kind]: spec }, `middlewares.${kind}`),
            ),
          ),
        }),
      ],
      { version: [3, 7] },
    );
    expect(() => readDocument(text)).not.toThrow();
    expect(warnings.filter((line) => !line.includes("check of health"))).toEqual([]);
  });

  it("leave out what is newer than the Traefik that asks", () => {
    const labels = { ...DB, "services.db.loadbalancer.server.tls": "true" };
    expect(seen([stream(labels)], { version: [2, 11] }).warnings.join()).toContain("needs Traefik 3.0");
  });
});

describe("TCP targets without labels", () => {
  const traefik = { tcpEntryPoints: ["postgres"] };

  it("get a router on the entry points that the file names", () => {
    expect(seen([stream({}, undefined, { traefik })]).tcp).toMatchObject({
      routers: { db: { rule: "HostSNI(`*`)", entryPoints: ["postgres"], service: "db" } },
      services: { db: { loadBalancer: { servers: [{ address: "wakegate:5432" }] } } },
    });
    expect(seen([stream({})]).text).toBe("{}\n");
  });

  it("are told apart by their TLS names, which stay encrypted", () => {
    const names = ["db.example.com", "*.db.example.com"];
    const spec = { traefik, stream: { ...STREAM, protocol: "tls" as const, names } };
    expect(seen([stream({}, undefined, spec)]).tcp.routers["db"]).toMatchObject({
      rule: "HostSNIRegexp(`^[a-z0-9_-]+\\.db\\.example\\.com$`) || HostSNI(`db.example.com`)",
      tls: { passthrough: true },
    });
    expect(seen([stream({}, undefined, spec)], { version: [2, 11] }).tcp.routers["db"]).toMatchObject({
      rule: "HostSNIRegexp(`{wakegate:[a-z0-9_-]+}.db.example.com`) || HostSNI(`db.example.com`)",
    });
  });

  it("with several listeners have to say by labels which entry point leads where", () => {
    const two = [
      { listen: ALL, port: 1 },
      { listen: { host: "0.0.0.0", port: 2 }, port: 2 },
    ];
    expect(seen([stream({}, two, { traefik })]).warnings.join()).toContain("several listeners");
  });
});
