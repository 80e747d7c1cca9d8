import { describe, expect, it } from "vitest";
import { seen, target } from "./support.ts";

const ROUTER = { "routers.blog.rule": "Host(`blog`)" };

/** The chain of the router `blog`. */
function chain(labels: Record<string, string>, others: Parameters<typeof seen>[0] = []): unknown {
  return seen([target("blog", { ...ROUTER, ...labels }), ...others]).routers["blog"]?.["middlewares"];
}

describe("middlewares", () => {
  it("of sleeping apps are copied, those of others are Docker's", () => {
    const sleeper = target("other", { "middlewares.shared.compress": "true" });
    expect(
      chain(
        {
          "routers.blog.middlewares": "own, shared@docker, far, near@file",
          "middlewares.own.addprefix.prefix": "/x",
        },
        [sleeper],
      ),
    ).toEqual(["own", "shared", "far@docker", "near@file", "wakegate-blog"]);
  });

  it("come before the question, but for what tries the app again", () => {
    const labels = {
      "routers.blog.middlewares": "auth@docker,again,strip@docker",
      "middlewares.again.retry.attempts": "4",
    };
    expect(chain(labels)).toEqual(["auth@docker", "wakegate-blog", "again", "strip@docker"]);
  });

  it("in a chain lead to copies too, and what nobody defines here is Docker's", () => {
    const { middlewares } = seen([
      target("blog", {
        ...ROUTER,
        "routers.blog.middlewares": "all",
        "middlewares.all.chain.middlewares": "own,authelia",
        "middlewares.own.compress": "true",
      }),
    ]);
    expect(middlewares["all"]).toEqual({ chain: { middlewares: ["own", "authelia@docker"] } });
    expect(middlewares["own"]).toEqual({ compress: {} });
  });

  it("keep names of headers as they are written", () => {
    const labels = {
      "middlewares.h.headers.customrequestheaders.X-Real-Thing": "a: b",
      "middlewares.h.headers.stsseconds": "5",
    };
    expect(seen([target("blog", { ...ROUTER, ...labels })]).middlewares["h"]).toEqual({
      headers: { customRequestHeaders: { "X-Real-Thing": "a: b" }, stsSeconds: 5 },
    });
  });
});

describe("a bad label", () => {
  it("takes away the router that has it, and no other", () => {
    const { routers, warnings } = seen([
      target("blog", { ...ROUTER, "routers.blog.entrypoint": "web", "routers.good.rule": "Host(`good`)" }),
    ]);
    expect(Object.keys(routers)).toEqual(["good", "wakegate-events"]);
    expect(warnings).toEqual([
      "container blog (local) traefik.http.routers.blog.entrypoint: the router blog is not published: Traefik knows no entrypoint here",
    ]);
  });

  it("in a middleware takes away the routers that use it, also through a chain: never without their login", () => {
    const { routers, warnings } = seen([
      target("blog", {
        ...ROUTER,
        "routers.blog.middlewares": "all",
        "middlewares.all.chain.middlewares": "login",
        "middlewares.login.basicauth.removeheader": "perhaps",
      }),
    ]);
    expect(routers).toEqual({});
    expect(warnings.join("\n")).toContain(
      "the router blog is not published: its middleware login: expected true or false",
    );
  });

  it("in a service takes away the routers that use it", () => {
    const labels = { "services.blog.loadbalancer.server.port": "http", "routers.blog.service": "blog" };
    const { routers, warnings } = seen([target("blog", { ...ROUTER, ...labels })]);
    expect(routers).toEqual({});
    expect(warnings.join("\n")).toContain("expected a port from 1 to 65535");
  });

  it("that needs a later Traefik says which one", () => {
    const labels = { ...ROUTER, "routers.blog.observability.metrics": "false" };
    expect(seen([target("blog", labels)]).warnings.join()).toContain('set it to "3.3" or later');
    expect(seen([target("blog", labels)], { version: [3, 3] }).routers["blog"]).toMatchObject({
      observability: { metrics: false },
    });
  });

  it("is a router without a service among several", () => {
    const labels = { "services.a.loadbalancer.server.port": "1", "services.b.loadbalancer.server.port": "2" };
    const { routers, warnings } = seen([target("blog", { ...ROUTER, ...labels })]);
    expect(routers).toEqual({});
    expect(warnings.join()).toContain("several services are here");
  });
});

describe("what cannot be carried", () => {
  it("is named: checks of health, passive ones too", () => {
    const { services, warnings } = seen([
      target("blog", {
        ...ROUTER,
        "services.blog.loadbalancer.server.port": "80",
        "services.blog.loadbalancer.healthcheck.path": "/up",
        "services.blog.loadbalancer.sticky.cookie": "true",
      }),
    ]);
    expect(services["blog"]).toEqual({
      loadBalancer: { servers: [{ url: "http://blog:80" }], sticky: { cookie: {} } },
    });
    expect(warnings).toEqual([
      expect.stringContaining("traefik.http.services.blog.loadbalancer.healthcheck.path: is left out"),
    ]);
  });

  it("is named: routers of UDP", () => {
    const labels = { "traefik.udp.routers.dns.entrypoints": "dns" };
    expect(seen([target("dns", {}, { labels, spec: { routes: [] } })]).warnings.join()).toContain(
      "UDP routers are left to Traefik",
    );
  });

  it("is named: TLS options where a rule lists no hosts; where it does, its hosts get a way of their own", () => {
    const labels = {
      "routers.a.rule": "Host(`a`)",
      "routers.a.tls.options": "old@file",
      "routers.b.rule": "PathPrefix(`/b`)",
      "routers.b.tls.options": "old@file",
    };
    const { routers, warnings } = seen([target("blog", labels)]);
    expect(routers["wakegate-for-a"]).toMatchObject({
      rule: "(Host(`a`)) && PathPrefix(`/.wakegate/`)",
      tls: { options: "old@file" },
      priority: 1_000_001,
    });
    expect(warnings).toEqual([expect.stringContaining("the router b cannot follow the wake")]);
  });
});

describe("the way to the page's events", () => {
  it("is there once for each entry point in use, with and without TLS", () => {
    const { routers } = seen([
      target("a", { "routers.a.rule": "Host(`a`)", "routers.a.entrypoints": "web,websecure" }),
      target("b", {
        "routers.b.rule": "Host(`b`)",
        "routers.b.entrypoints": "websecure",
        "routers.b.tls": "true",
      }),
    ]);
    expect(Object.keys(routers).filter((name) => name.startsWith("wakegate"))).toEqual([
      "wakegate-events-web",
      "wakegate-events-websecure",
      "wakegate-events-websecure-tls",
    ]);
  });
});

describe("targets without labels of Traefik's", () => {
  const routes = [
    { host: "nas.example.com", prefix: "/" },
    { host: "*.pages.example.com", prefix: "/docs" },
  ];
  const lxc = target("nas", {}, { spec: { routes, address: "10.0.0.9:5000" } });
  const settings = { entryPoints: ["websecure"], certResolver: "le", middlewares: ["authelia"] };

  it("are published with the general entry points, resolver and middlewares", () => {
    const { routers, services } = seen([lxc], settings);
    expect(routers["nas"]).toEqual({
      rule: "(HostRegexp(`^[a-z0-9_-]+\\.pages\\.example\\.com$`) && (Path(`/docs`) || PathPrefix(`/docs/`))) || Host(`nas.example.com`)",
      entryPoints: ["websecure"],
      middlewares: ["authelia@docker", "wakegate-nas"],
      service: "nas",
      priority: 121,
      tls: { certResolver: "le" },
    });
    expect(services["nas"]).toEqual({ loadBalancer: { servers: [{ url: "http://10.0.0.9:5000" }] } });
  });

  it("are left alone without entry points", () => {
    expect(seen([lxc]).text).toBe("{}\n");
  });

  it("have overrides of their own", () => {
    const own = { ...lxc, spec: { ...lxc.spec, traefik: { entryPoints: ["lan"], middlewares: [] } } };
    expect(seen([own], settings).routers["nas"]).toMatchObject({
      entryPoints: ["lan"],
      middlewares: ["wakegate-nas"],
    });
    const off = { ...lxc, spec: { ...lxc.spec, traefik: { publish: false } } };
    expect(seen([off], settings).text).toBe("{}\n");
  });
});

describe("failing open", () => {
  it("takes a detour over Traefik's own entry point, with an answer of its own", () => {
    const failOpen = { entryPoint: "inner", port: 9195 };
    const { middlewares, services } = seen([target("blog", ROUTER)], { failOpen, version: [3, 7] });
    expect(middlewares["wakegate-blog"]).toMatchObject({
      forwardAuth: { address: "http://127.0.0.1:9195/api/authz/forward-auth/blog" },
    });
    expect(services["wakegate_auth"]).toMatchObject({ failover: { errors: { status: ["502", "504"] } } });
    const older = seen([target("blog", ROUTER)], { failOpen, version: [3, 4] });
    expect(older.services["wakegate_auth"]).toMatchObject({ failover: { fallback: "wakegate_auth-open" } });
    expect(older.routers["wakegate_auth"]).toMatchObject({
      middlewares: ["wakegate_auth-rescue", "wakegate_auth"],
    });
    expect(seen([target("blog", ROUTER)], { failOpen }).text).not.toContain("502");
  });
});
