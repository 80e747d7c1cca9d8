import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { StreamOptions } from "../../src/config/model/stream.ts";
import type { FakeTarget } from "../support/fake-target.ts";
import { ANY, eventually, pause, startRig, streamTarget, type Rig } from "./rig.ts";

interface Peer extends Disposable {
  readonly socket: Socket;
  readonly port: number;
  readonly heard: string[];
}

/** A UDP socket; with `answer` a server. */
async function peer(answer?: (text: string) => string): Promise<Peer> {
  const socket = createSocket("udp4");
  const heard: string[] = [];
  socket.on("message", (data, from) => {
    heard.push(data.toString("latin1"));
    if (answer) socket.send(answer(data.toString("latin1")), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, port: socket.address().port, heard, [Symbol.dispose]: () => void socket.close() };
}

function game(stream: Partial<StreamOptions> = {}): FakeTarget {
  return streamTarget("game", stream, { udp: [{ listen: ANY }] });
}

function up(target: FakeTarget, { port }: Peer): void {
  target.reachedAt = [{ host: "127.0.0.1", port, via: "network" }];
  target.set({ kind: "ready" });
}

function send(from: Peer, rig: Rig, text: string): void {
  from.socket.send(text, rig.port("127.0.0.1:0/udp"), "127.0.0.1");
}

describe("a UDP listener", () => {
  it("wakes on the first datagram, keeps it, and brings answers back to their client", async () => {
    using app = await peer((text) => `re: ${text}`);
    const target = game();
    await using rig = await startRig(target);
    using one = await peer();
    using two = await peer();
    send(one, rig, "1a");
    await eventually(() => target.wakes.length === 1);
    send(one, rig, "1b");
    send(two, rig, "2a");
    await eventually(() => target.leases === 2);
    await pause(20);
    up(target, app);
    await eventually(() => one.heard.length === 2 && two.heard.length === 1);
    expect([one.heard, two.heard]).toEqual([["re: 1a", "re: 1b"], ["re: 2a"]]);
    send(two, rig, "2b");
    await eventually(() => two.heard.length === 2);
    expect(target.leases).toBe(2);
  });

  it("sends again what a target refused that does not listen yet", async () => {
    const late = await peer();
    const { port } = late;
    late[Symbol.dispose]();
    const target = game({ udpTimeoutMs: 1_000 });
    await using rig = await startRig(target);
    using client = await peer();
    target.reachedAt = [{ host: "127.0.0.1", port, via: "network" }];
    target.set({ kind: "ready" });
    send(client, rig, "first");
    send(client, rig, "second");
    await eventually(() => target.leases === 1);
    // Longer than the silence after which a client is forgotten: waiting is none.
    await pause(1_300);
    const app = createSocket("udp4");
    app.on("message", (data, from) => app.send(`re: ${data.toString()}`, from.port, from.address));
    app.bind(port, "127.0.0.1");
    await eventually(() => client.heard.length === 2);
    expect(client.heard).toEqual(["re: first", "re: second"]);
    app.close();
  });

  it("keeps only so many datagrams for the wake, the first ones", async () => {
    using app = await peer();
    const target = game();
    await using rig = await startRig(target);
    using client = await peer();
    for (let n = 0; n < 100; n++) {
      send(client, rig, `${String(n)} ${"x".repeat(3_000)}`);
      await pause(1);
    }
    up(target, app);
    await eventually(() => app.heard.length > 0);
    await pause(50);
    expect(app.heard.length).toBeLessThanOrEqual(16);
    expect(app.heard.join("").length).toBeLessThanOrEqual(32 * 1024);
    expect(app.heard[0]).toMatch(/^0 /);
  });

  it("forgets a client after silence both ways, and traffic of either side keeps it", async () => {
    using app = await peer();
    const target = game({ udpTimeoutMs: 1_500 });
    await using rig = await startRig(target);
    up(target, app);
    using client = await peer();
    let far: { port: number; address: string } | undefined;
    app.socket.on("message", (_data, from) => (far = from));
    send(client, rig, "hello");
    await eventually(() => far !== undefined);
    for (let n = 0; n < 8; n++) {
      app.socket.send("tick", far?.port ?? 0, "127.0.0.1");
      await pause(250);
      expect(target.leases).toBe(1);
    }
    await eventually(() => target.leases === 0, "the client's leaving");
    expect(client.heard.length).toBe(8);
  });

  it("begins anew after the target slept", async () => {
    using app = await peer((text) => text);
    const target = game();
    await using rig = await startRig(target);
    up(target, app);
    using client = await peer();
    send(client, rig, "a");
    await eventually(() => client.heard.length === 1);
    target.set({ kind: "asleep" });
    expect(target.leases).toBe(0);
    send(client, rig, "b");
    await eventually(() => target.wakes.length === 1);
    up(target, app);
    await eventually(() => client.heard.length === 2);
  });

  it("has the same rules for who may come, and how many", async () => {
    const target = game({ deny: ["127.0.0.0/8"] });
    await using rig = await startRig(target);
    using client = await peer();
    send(client, rig, "a");
    await eventually(() => rig.log.of("stream_refused").length === 1);
    expect([target.wakes, target.leases]).toEqual([[], 0]);
    const small = game({ maxConnections: 2 });
    await using other = await startRig(small);
    using one = await peer();
    using two = await peer();
    using three = await peer();
    for (const each of [one, two, three]) send(each, other, "a");
    await eventually(() => other.log.of("stream_refused").length === 1);
    expect(small.leases).toBe(2);
  });

  it("ends with the service", async () => {
    using app = await peer();
    const target = game();
    const rig = await startRig(target);
    up(target, app);
    using client = await peer();
    send(client, rig, "a");
    await eventually(() => target.leases === 1);
    await rig[Symbol.asyncDispose]();
    expect(target.leases).toBe(0);
  });
});
