import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { send } from "../../src/forward-auth/answers.ts";

const LONG = "a sleeping app ".repeat(1_000);

async function ask(
  body: string,
  acceptEncoding?: string,
): Promise<{ response: IncomingMessage; bytes: Buffer }> {
  await using server = createServer((_, res) =>
    send(res, { status: 503, headers: { Vary: "Accept" }, body }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const headers = acceptEncoding === undefined ? {} : { "accept-encoding": acceptEncoding };
  return await new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ response, bytes: Buffer.concat(chunks) }));
    }).on("error", reject);
  });
}

describe("send()", () => {
  it.each(["gzip", "br, gzip;q=0.8", "deflate,GZIP", "*", "gzip; q=0.001"])(
    "packs a page for %s",
    async (encoding) => {
      const { response, bytes } = await ask(LONG, encoding);
      expect(response.headers).toMatchObject({
        "content-encoding": "gzip",
        "content-length": String(bytes.length),
      });
      expect(response.headers.vary).toBe("Accept, Accept-Encoding");
      expect(gunzipSync(bytes).toString()).toBe(LONG);
    },
  );

  it.each([undefined, "br", "identity", "gzip;q=0", "gzip;q=0.0, br", "x-gzipped"])(
    "leaves it plain for %s",
    async (encoding) => {
      const { response, bytes } = await ask(LONG, encoding);
      expect(response.headers["content-encoding"]).toBeUndefined();
      expect(bytes.toString()).toBe(LONG);
    },
  );

  it("leaves a sentence plain", async () => {
    const { response, bytes } = await ask("asleep", "gzip");
    expect(response.headers["content-encoding"]).toBeUndefined();
    expect(bytes.toString()).toBe("asleep");
  });
});
