import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MIDDLEWARE_FIELDS } from "../../../src/publish/traefik/http/fields-middleware.ts";
import { ROUTER_FIELDS, SERVICE_FIELDS } from "../../../src/publish/traefik/http/fields-router.ts";
import { readDocument } from "../../support/traefik-double/strict-document.ts";
import { seen, target } from "./support.ts";
import { everyLabel } from "./zoo.ts";

const PARTS =
  "routers services middlewares a b rule tls [0] domains[1] main priority loadbalancer server port url headers customrequestheaders __proto__ X @ compress chain retry attempts plugin service entrypoints sticky cookie stripprefix".split(
    " ",
  );

const BLOG = {
  "routers.blog.rule": "Host(`blog.example.com`)",
  "routers.blog.entrypoints": "websecure",
  "routers.blog.tls.certresolver": "le",
  "routers.blog.middlewares": "authelia@docker",
};

describe("publish()", () => {
  it("publishes a labelled app: its router one higher, a static address, the question last", () => {
    const { routers, services, middlewares, warnings } = seen([target("blog", BLOG)]);
    expect(routers).toEqual({
      blog: {
        rule: "Host(`blog.example.com`)",
        entryPoints: ["websecure"],
        service: "blog",
        middlewares: ["authelia@docker", "wakegate-blog"],
        priority: 25,
        tls: { certResolver: "le" },
      },
      "wakegate-events-websecure-tls": {
        rule: "PathPrefix(`/.wakegate/`)",
        entryPoints: ["websecure"],
        service: "wakegate",
        priority: 1_000_000,
        tls: { certResolver: "le" },
      },
    });
    expect(services).toEqual({
      blog: { loadBalancer: { servers: [{ url: "http://blog:8080" }] } },
      wakegate: { loadBalancer: { servers: [{ url: "http://wakegate:9191" }] } },
    });
    expect(middlewares["wakegate-blog"]).toMatchObject({
      forwardAuth: {
        address: "http://wakegate:9190/api/authz/forward-auth/blog",
        trustForwardHeader: false,
      },
    });
    expect(warnings).toEqual([]);
  });

  it("says nothing at all when there is nothing to publish", () => {
    expect(seen([]).text).toBe("{}\n");
    expect(seen([target("db", {}, { spec: { routes: [] } })]).text).toBe("{}\n");
  });

  it("gives the same bytes for the same targets in any order", () => {
    const targets = ["a", "b", "c"].map((name) =>
      target(name, {
        [`routers.${name}.rule`]: `Host(\`${name}\`)`,
        "middlewares.m.stripprefix.prefixes": name,
      }),
    );
    expect(seen(targets).text).toBe(seen([...targets].reverse()).text);
  });

  it("keeps apart what several targets call by the same name", () => {
    const { routers, services } = seen([
      target("a", { "routers.web.rule": "Host(`a`)" }),
      target("b", { "routers.web.rule": "Host(`b`)", "services.web.loadbalancer.server.port": "1" }),
    ]);
    expect(routers["a-web"]).toMatchObject({ service: "a", middlewares: ["wakegate-a"] });
    expect(routers["b-web"]).toMatchObject({ service: "web", middlewares: ["wakegate-b"] });
    expect(services["web"]).toEqual({ loadBalancer: { servers: [{ url: "http://b:1" }] } });
  });

  it("gives nobody a name of Wakegate's own", () => {
    const { routers, services } = seen([
      target("app", {
        "routers.wakegate.rule": "Host(`a`)",
        "services.wakegate.loadbalancer.server.port": "1",
      }),
    ]);
    expect(routers["app-wakegate"]).toMatchObject({ service: "app-wakegate" });
    expect(services["wakegate"]).toEqual({ loadBalancer: { servers: [{ url: "http://wakegate:9191" }] } });
  });

  it("is taken whole by a strict reader, with every field that Traefik knows", () => {
    const labels = {
      ...everyLabel(ROUTER_FIELDS, "routers.zoo"),
      "routers.zoo.rule": "Host(`zoo`)",
      "routers.zoo.service": "zoo",
      "routers.zoo.middlewares": "addPrefix",
      ...everyLabel(SERVICE_FIELDS, "services.zoo"),
      "services.zoo.loadbalancer.server.port": "80",
      "services.zoo.middlewares": "addPrefix",
      ...Object.assign(
        {},
        ...Object.keys(MIDDLEWARE_FIELDS).map((kind) =>
          everyLabel({ [kind]: MIDDLEWARE_FIELDS[kind] ?? "text" }, `middlewares.${kind}`),
        ),
      ),
    };
    const { text, middlewares, routers, warnings } = seen([target("zoo", labels)], { version: [3, 7] });
    expect(() => readDocument(text)).not.toThrow();
    expect(Object.keys(middlewares)).toHaveLength(Object.keys(MIDDLEWARE_FIELDS).length + 1);
    expect(routers["zoo"]).toMatchObject({ observability: { accessLogs: true } });
    expect(warnings.filter((line) => !line.includes("would mark the sleeping app"))).toEqual([]);
  });

  it("never lets labels spoil the document, whatever they hold", () => {
    const part = fc.constantFrom("", ...PARTS);
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom("true", "", "5", "-0", "a,b", "Host(`a`)", "a@docker", "\u2028"),
    );
    const labels = fc.dictionary(
      fc.array(part, { minLength: 2, maxLength: 6 }).map((parts) => parts.join(".")),
      value,
    );
    fc.assert(
      fc.property(labels, labels, (one, two) => {
        const tcp = [{ listen: { host: "0.0.0.0", port: 8080 } }];
        const targets = [one, two].map((labels, at) => {
          const made = target(at === 0 ? "one" : "two", labels, { spec: { tcp } });
          const both = Object.entries(made.labels).flatMap(([label, value]) => [
            [label, value],
            [label.replace(".http.", ".tcp."), value],
          ]);
          return { ...made, labels: Object.fromEntries(both) as Record<string, string> };
        });
        const { text } = seen(targets, { version: [3, 7] });
        readDocument(text);
        expect(seen([...targets].reverse(), { version: [3, 7] }).text).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});

describe("priorities", () => {
  it.each([
    ["Host(`é`)", undefined, 11],
    ["Host(`a`)", "0", 10],
    ["Host(`a`)", "41", 42],
    ["Host(`a`)", "-5", -4],
    ["Host(`a`)", "-1", 1],
    ["Host(`a`)", "9223372036854774807", "9223372036854774807"],
    ["Host(`a`)", "9007199254740993", "9007199254740994"],
  ])("of %s with %s is one above Traefik's: %s", (rule, priority, expected) => {
    const labels = {
      "routers.a.rule": rule,
      ...(priority === undefined ? {} : { "routers.a.priority": priority }),
    };
    expect(seen([target("a", labels)]).routers["a"]?.["priority"]).toBe(expected);
  });
});

describe("addresses", () => {
  const url = (changes: Parameters<typeof target>[2], labels: Record<string, string> = {}): unknown =>
    seen([target("a", { "routers.a.rule": "Host(`a`)", ...labels }, changes)]).services["a"];
  const to = (where: string): unknown => ({ loadBalancer: { servers: [{ url: where }] } });

  it("take the lowest port that the image declares, as Traefik does", () => {
    expect(url({ exposedPorts: [80, 8080], spec: { port: 8080 } })).toEqual(to("http://a:80"));
  });

  it("take the target's own port where the image declares none", () => {
    expect(url({ exposedPorts: [], spec: { port: 9000 } })).toEqual(to("http://a:9000"));
  });

  it("take the configured address before the container's name", () => {
    expect(url({ spec: { address: "10.0.0.7" } })).toEqual(to("http://10.0.0.7:8080"));
    expect(url({ spec: { address: "[fd00::7]:81", scheme: "https" } })).toEqual(to("https://[fd00::7]:81"));
  });

  it("take the label's scheme, port and URL", () => {
    const of = (server: string, value: string): Record<string, string> => ({
      [`services.a.loadbalancer.server.${server}`]: value,
    });
    expect(url({}, { ...of("port", "81"), ...of("scheme", "h2c") })).toEqual(to("h2c://a:81"));
    expect(url({}, of("url", "http://elsewhere:1"))).toEqual(to("http://elsewhere:1"));
  });

  it("are missing on the host's network: a warning says what to do", () => {
    const { host: _host, ...bare } = target("a", { "routers.a.rule": "Host(`a`)" });
    const { routers, warnings } = seen([bare]);
    expect(routers).toEqual({});
    expect(warnings.join()).toContain("set wakegate.address");
  });
});
