import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCaddy } from "../support/caddy.ts";
import { startDockerd, type PrivateDockerd } from "../support/dockerd.ts";
import { freePort } from "../support/free-port.ts";
import { startNginx } from "../support/nginx.ts";
import type { RunningProxy, Upstreams } from "../support/proxy-process.ts";
import { RawDocker } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { startWakegate } from "./support/wakegate.ts";

const proxies = { caddy: startCaddy, nginx: startNginx } as const;

for (const [proxy, start] of Object.entries(proxies) as [
  keyof typeof proxies,
  (u: Upstreams) => Promise<RunningProxy>,
][]) {
  suite(["docker", proxy], `a sleeping container behind ${proxy}`, () => {
    let dockerd: PrivateDockerd;
    let docker: RawDocker;

    beforeAll(async () => {
      dockerd = await startDockerd();
      docker = new RawDocker(dockerd.socketPath);
    });
    afterAll(async () => {
      await dockerd[Symbol.asyncDispose]();
    });

    async function rig(
      name: string,
      more: Readonly<Record<string, string>> = {},
      env: Record<string, string> = {},
    ) {
      const port = await freePort();
      const labels = { "wakegate.enable": "true", "wakegate.hosts": "127.0.0.1", ...more };
      await docker.create(name, { labels, publish: { 8080: port }, env: { BOOT_MS: "500", ...env } });
      const wakegate = await startWakegate({ socketPath: dockerd.socketPath });
      const front = await start({
        app: `127.0.0.1:${String(port)}`,
        wakegate: wakegate.internal,
        wakegatePublic: wakegate.public,
      });
      return {
        docker,
        wakegate,
        url: front.url,
        async [Symbol.asyncDispose]() {
          await front[Symbol.asyncDispose]();
          await wakegate[Symbol.asyncDispose]();
          await docker.rm(name);
        },
      };
    }

    it("answers the first GET and POST of 200 at once, bodies intact, by one start", async () => {
      await using r = await rig("herd");
      const since = Date.now();
      const body = randomBytes(1024 * 1024);
      const sha256 = createHash("sha256").update(body).digest("hex");
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const post = i % 50 === 0;
          const response = await fetch(`${r.url}/x?${String(i)}`, post ? { method: "POST", body } : {});
          const told = (await response.json()) as { url: string; sha256?: string };
          return { status: response.status, url: told.url, intact: !post || told.sha256 === sha256 };
        }),
      );
      expect(answers).toEqual(answers.map((_, i) => ({ status: 200, url: `/x?${String(i)}`, intact: true })));
      expect(await docker.count("start", "herd", since)).toBe(1);
    });
  });
}
