import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { identityOf, targetNameOf } from "../../src/config/labels/identity.ts";
import { readLabels } from "../../src/config/labels.ts";
import { container, loadText, settingsOf } from "./support.ts";

describe("identity", () => {
  const compose = {
    "com.docker.compose.project": "p",
    "com.docker.compose.service": "web",
    "com.docker.compose.container-number": "2",
  };

  it("survives recreation", () => {
    expect(identityOf(container("p-web-2", compose))).toBe("compose p/web/2");
    expect(identityOf(container("0123456789ab_p-web-2", compose))).toBe("compose p/web/2");
    expect(identityOf(container("x", { ...compose, "wakegate.name": "shop" }))).toBe("name shop");
    expect(identityOf(container("plain"))).toBe("container plain");
  });

  it("names targets after containers, without Compose's passing prefix", () => {
    expect(targetNameOf(container("0123456789ab_p-web-2", compose))).toBe("p-web-2");
    expect(targetNameOf(container("0123456789ab_plain"))).toBe("0123456789ab_plain");
    expect(targetNameOf(container("My App"))).toBe("my-app");
  });
});

describe("any labels at all", () => {
  it("never throw, and always give a valid name", async () => {
    const settings = settingsOf(
      await loadText('defaults: { hosts: ["{service}.example.com"] }\ntargets: { app: { port: 1 } }'),
    );
    const key = fc.oneof(
      fc.constantFrom(
        ...[
          "enable",
          "name",
          "hosts",
          "port",
          "page",
          "page.details",
          "readiness.status",
          "__proto__",
          "__proto__.x",
          "constructor",
        ].map((name) => `wakegate.${name}`),
        "traefik.http.routers.x.rule",
        "traefik.http.services.x.loadbalancer.server.port",
        "caddy",
        "caddy_0",
        "caddy.reverse_proxy",
        "com.docker.compose.service",
        "com.docker.compose.depends_on",
      ),
      fc.string(),
    );
    const rule = fc
      .array(
        fc.constantFrom("Host", "(", ")", "`a.b`", "&&", "||", "!", ",", "PathPrefix", "`/x`", " ", '"'),
        { maxLength: 20 },
      )
      .map((parts) => parts.join(""));
    const value = fc.oneof(fc.constantFrom("true", "8080", "a.example.com", "1h"), rule, fc.string());
    fc.assert(
      fc.property(fc.dictionary(key, value), fc.string({ minLength: 1 }), (labels, name) => {
        const reading = readLabels(container(name, { ...labels }), "local", settings);
        const errors = reading.problems.filter(({ severity }) => severity === "error");
        return (
          /^[a-z0-9][a-z0-9._-]*$/.test(reading.name) && (reading.kind === "invalid") === errors.length > 0
        );
      }),
      { numRuns: 500 },
    );
  });
});
