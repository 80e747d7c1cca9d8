import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { openListener, type Listener } from "../../src/http/listener.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { fetchRaw, startRig as startHttp } from "../http/rig.ts";
import { ANY, awake, dialIn, echo, startApp, startRig as startStreams, streamTarget } from "../stream/rig.ts";
import { FakeDirectory, FakeTarget, targetSpec } from "../support/fake-target.ts";

const FLOOD = 1_200;

/** Connections that send this and then nothing; each resolves to nothing more than being open. */
async function flood(
  port: number,
  count: number,
  begins: string,
): Promise<{ sockets: Socket[]; end(): void }> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    // Who does not read does not notice the end either.
    socket.resume();
    socket.write(begins);
    return socket;
  });
  for (const socket of sockets) if (socket.connecting) await once(socket, "connect").catch(() => undefined);
  return {
    sockets,
    end: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const allClosed = async (sockets: readonly Socket[]): Promise<void> => {
  for (const socket of sockets) if (!socket.closed) await once(socket, "close");
};

describe("an HTTP listener", () => {
  const open = (): Promise<Listener> =>
    openListener({
      address: { host: "127.0.0.1", port: 0 },
      setting: "public_listen",
      clock: systemClock,
      headersTimeoutMs: 500,
      handle: (_req, res) => void res.end("answer"),
    });

  it("lets go of clients that never finish their headers, silent ones too, and keeps those that do", async () => {
    await using listener = await open();
    const { port } = listener.address;
    const kept = connect({ port, host: "127.0.0.1" });
    kept.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(kept, "data");
    const slow = await flood(port, 50, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    const silent = await flood(port, 50, "");
    await allClosed([...slow.sockets, ...silent.sockets]);
    // Between two requests a proxy's connection may rest for as long as its pool likes.
    kept.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(kept, "data");
    kept.destroy();
  });

  it("answers others while a thousand connections dribble", async () => {
    const wiki = new FakeTarget(targetSpec("wiki"), { kind: "ready" });
    await using rig = await startHttp(new FakeDirectory(wiki));
    for (const listener of [rig.internal, rig.public]) {
      const { port } = listener.address;
      const slow = await flood(port, FLOOD, "GET /.wakegate/status HTTP/1.1\r\nHost: x\r\nX-Slow: ");
      expect((await rig.ask({ host: "wiki.example.com" })).status).toBe(200);
      expect((await fetchRaw(rig.public, "/.wakegate/status")).status).toBe(403);
      slow.end();
    }
  });
});

describe("a TCP listener that has to hear a name first", () => {
  it("serves who speaks, however many are silent", async () => {
    await using app = await startApp(echo);
    const game = streamTarget("game", {}, { tcp: [{ listen: ANY, protocol: "minecraft", names: [] }] });
    awake(game, app);
    await using rig = await startStreams(game);
    const silent = await flood(rig.port(), FLOOD, "");
    // A handshake (intent 2: login) for any host.
    const hello = Buffer.from(
      "10 00 f9 05 09 6c 6f 63 61 6c 68 6f 73 74 63 dd 02".replaceAll(" ", ""),
      "hex",
    );
    using client = await dialIn(rig.port());
    client.socket.write(hello);
    await client.until("localhost");
    silent.end();
  });
});
