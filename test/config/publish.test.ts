import { describe, expect, it } from "vitest";
import { ENABLE, loadText, settingsOf, specOf, told } from "./support.ts";

const TOKEN = "a-long-random-word-0123";

describe("publish.traefik", () => {
  it("is off without a secret", async () => {
    expect(
      settingsOf(await loadText("publish: { traefik: { entrypoints: [web] } }")).traefik,
    ).toBeUndefined();
  });

  it("is on with a token, from the file or a variable", async () => {
    const known = settingsOf(
      await loadText(
        `publish: { traefik: { token: ${TOKEN}, version: "3.6", entrypoints: [web], certresolver: le, middlewares: [sso@docker], monitors: true, fail_open: { entrypoint: inner, port: 9195 } } }`,
      ),
    );
    expect(known.traefik).toEqual({
      token: TOKEN,
      version: [3, 6],
      entryPoints: ["web"],
      certResolver: "le",
      middlewares: ["sso@docker"],
      monitors: true,
      failOpen: { entryPoint: "inner", port: 9195 },
    });
    const env = {
      WAKEGATE_PUBLISH_TRAEFIK_TOKEN: TOKEN,
      WAKEGATE_PUBLISH_TRAEFIK_VERSION: "3.7",
      WAKEGATE_PUBLISH_TRAEFIK_FAIL_OPEN_ENTRYPOINT: "inner",
      WAKEGATE_PUBLISH_TRAEFIK_FAIL_OPEN_PORT: "9195",
      WAKEGATE_PUBLISH_TRAEFIK_MONITORS: "true",
      WAKEGATE_CATCH_ALL: "wake",
    };
    const fromEnv = settingsOf(await loadText("", { env }));
    expect(fromEnv.traefik).toMatchObject({
      token: TOKEN,
      version: [3, 7],
      monitors: true,
      failOpen: { port: 9195 },
    });
    expect(fromEnv.catchAll).toBe("wake");
  });

  it("refuses short secrets and versions that never were", async () => {
    expect(told(await loadText("publish: { traefik: { token: short } }"))).toEqual([
      expect.stringContaining("expected at least 16 letters"),
    ]);
    expect(told(await loadText(`publish: { traefik: { token: ${TOKEN}, version: "2.10" } }`))).toEqual([
      expect.stringContaining("expected a version from 2.11 on"),
    ]);
  });

  it("has overrides on targets, in labels and in the file, the file's first", async () => {
    const labels = {
      ...ENABLE,
      "wakegate.traefik.entrypoints": "lan,web",
      "wakegate.traefik.publish": "true",
    };
    const file = "targets: { blog: { traefik: { publish: false, middlewares: [] } } }";
    expect((await specOf("blog", labels, file)).traefik).toEqual({
      publish: false,
      entryPoints: ["lan", "web"],
      middlewares: [],
    });
    expect((await specOf("blog", ENABLE)).traefik).toBeUndefined();
  });

  it("knows that HTTP is served there, also by a rule whose hosts cannot be listed", async () => {
    const rule = { "traefik.http.routers.a.rule": "HostRegexp(`.+`)" };
    expect(await specOf("blog", { ...ENABLE, ...rule })).toMatchObject({ proxied: true, routes: [] });
  });
});
