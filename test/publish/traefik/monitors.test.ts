import { describe, expect, it } from "vitest";
import { seen, target } from "./support.ts";

const BLOG = target("blog", {
  "routers.blog.rule": "Host(`a`) || Host(`b`)",
  "routers.blog.entrypoints": "websecure",
  "routers.blog.tls": "true",
  "routers.blog.middlewares": "authelia@docker,again",
  "middlewares.again.retry.attempts": "2",
});
const ON = { monitors: true, version: [3, 4] } as const;

/** The expression of the rule, as JavaScript writes it. */
function agents(): RegExp {
  const rule = seen([BLOG], ON).routers["wakegate_monitors-blog"]?.["rule"] as string;
  return new RegExp(/`\(\?i\)([^`]*)`\)$/.exec(rule)?.[1] ?? "nothing", "i");
}

describe("monitors", () => {
  it("get a router of their own: the same chain, with a question whose 'asleep' becomes 200", () => {
    const { routers, middlewares } = seen([BLOG], ON);
    expect(routers["wakegate_monitors-blog"]).toMatchObject({
      rule: expect.stringMatching(
        /^\(Host\(`a`\) \|\| Host\(`b`\)\) && HeaderRegexp\(`User-Agent`, `/,
      ) as string,
      entryPoints: ["websecure"],
      service: "blog",
      middlewares: ["authelia@docker", "wakegate_asleep", "wakegate_monitor-blog", "again"],
      priority: Number(routers["blog"]?.["priority"]) + 1,
      tls: {},
    });
    expect(middlewares["wakegate_asleep"]).toEqual({
      errors: {
        status: ["599"],
        statusRewrites: { "599": 200 },
        service: "wakegate",
        query: "/.wakegate/asleep",
      },
    });
    expect(middlewares["wakegate_monitor-blog"]).toMatchObject({
      forwardAuth: { address: "http://wakegate:9190/api/authz/monitor/blog" },
    });
  });

  it("are known by the user agents of their preset, whatever the case, and nobody else is", () => {
    for (const agent of [
      "Uptime-Kuma/1.23.11",
      "mozilla/5.0 (compatible; UPTIMEROBOT/2.0)",
      "Gatus/1.0",
      "kube-probe/1.29",
    ])
      expect([agent, agents().test(agent)]).toEqual([agent, true]);
    for (const agent of ["Mozilla/5.0 (X11; Linux) Firefox/132.0", "curl/8.5", "not Gatus/1.0", ""])
      expect([agent, agents().test(agent)]).toEqual([agent, false]);
  });

  it("find what Traefik's older language of rules calls the same", () => {
    const old = target("blog", { "routers.blog.rule": "Host(`a`,`b`)", "routers.blog.rulesyntax": "v2" });
    expect(seen([old], ON).routers["wakegate_monitors-blog"]?.["rule"]).toContain("&& HeadersRegexp(");
  });

  it("wake what their preset is taken from, as everybody", () => {
    const without = target("blog", { "routers.blog.rule": "Host(`a`)" }, { spec: { presets: ["crawlers"] } });
    expect(Object.keys(seen([without], ON).routers)).not.toContain("wakegate_monitors-blog");
  });

  it("need a Traefik that can change a status: an older one is told so", () => {
    const { routers, warnings } = seen([BLOG], { ...ON, version: [3, 3] });
    expect(Object.keys(routers)).not.toContain("wakegate_monitors-blog");
    expect(warnings.join()).toContain("publish.traefik monitors: needs Traefik 3.4");
    expect(Object.keys(seen([BLOG], { version: [3, 7] }).routers)).not.toContain("wakegate_monitors-blog");
  });
});

describe("names of Wakegate's own", () => {
  it("are never those of a target's question", () => {
    const targets = ["auth", "asleep", "monitor-blog", "blog"].map((name) =>
      target(name, { [`routers.${name}.rule`]: `Host(\`${name}\`)` }),
    );
    const failOpen = { entryPoint: "wakegate", port: 9195 };
    const { middlewares } = seen(targets, { ...ON, failOpen });
    for (const { spec } of targets) {
      expect(middlewares[`wakegate-${spec.name}`]).toMatchObject({
        forwardAuth: { address: `http://127.0.0.1:9195/api/authz/forward-auth/${spec.name}` },
      });
    }
  });
});
