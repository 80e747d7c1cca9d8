import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { expect, it, vi } from "vitest";
import { freePort } from "../support/free-port.ts";
import { startProxy } from "../support/proxy-process.ts";
import { findBinary, suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { redis, redisCommand } from "./support/redis.ts";
import { stage } from "./support/sleepers.ts";

vi.setConfig({ testTimeout: 120_000 });

const HEAD = "defaults\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n";

suite("haproxy", "HAProxy before and behind the shim", () => {
  it("hands the client's address on by PROXY protocol, both versions", async () => {
    await using temp = await tempFolder("haproxy");
    const haproxy = findBinary("haproxy") ?? "";
    const [inside, front] = [await freePort(), await freePort()];
    const behind = join(temp.path, "behind.cfg");
    await writeFile(
      behind,
      `${HEAD}frontend f\n  mode http\n  bind 127.0.0.1:${String(inside)} accept-proxy\n` +
        `  http-request return status 200 content-type text/plain lf-string "%ci to %fp"\n`,
    );
    for (const [inward, outward] of [
      ["send-proxy", "v2"],
      ["send-proxy-v2", "v1"],
    ]) {
      await using scene = await stage(temp.path, {
        web: {
          command: [haproxy, "-db", "-f", behind],
          port: inside,
          keys: {
            readiness: { kind: "http", host: "x" },
            stream: { accept_proxy: ["loopback"], send_proxy: outward },
          },
        },
      });
      const config = join(temp.path, "front.cfg");
      await writeFile(
        config,
        `${HEAD}listen f\n  mode tcp\n  bind 127.0.0.1:${String(front)}\n` +
          `  server wakegate 127.0.0.1:${String(scene.at("web"))} ${inward ?? ""}\n`,
      );
      await using _proxy = await startProxy({
        program: haproxy,
        args: ["-db", "-f", config],
        port: front,
        owns: { [Symbol.asyncDispose]: () => Promise.resolve() },
      });
      const request = get({ port: front, host: "127.0.0.1", localAddress: "127.0.0.77", agent: false });
      const [response] = (await once(request, "response")) as [Readable];
      let text = "";
      for await (const part of response) text += String(part);
      expect(text).toBe(`127.0.0.77 to ${String(front)}`);
    }
  });

  it.each(["v1", "v2"])(
    "is asked for its readiness with a header of its own where it insists on one: %s",
    async (version) => {
      await using temp = await tempFolder("haproxy");
      const haproxy = findBinary("haproxy") ?? "";
      const [inside, cache] = [await freePort(), await redis(temp.path)];
      const config = join(temp.path, "behind.cfg");
      await writeFile(
        config,
        `${HEAD}listen l\n  mode tcp\n  bind 127.0.0.1:${String(inside)} accept-proxy\n` +
          `  server redis 127.0.0.1:${String(cache.port)}\n`,
      );
      const both = `${cache.command.map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(" ")} & exec ${haproxy} -db -f ${config}`;
      await using scene = await stage(temp.path, {
        cache: {
          command: ["sh", "-c", both],
          port: inside,
          keys: { readiness: { kind: "redis" }, stream: { send_proxy: version } },
        },
      });
      expect(await redisCommand(scene.at("cache"), "ECHO hello")).toBe("$5\r\nhello");
    },
  );
});
