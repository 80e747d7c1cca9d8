import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { whenProvenEnd } from "../../src/stream/proven-end.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import {
  awake,
  dialIn,
  echo,
  eventually,
  pause,
  startApp,
  startRig,
  startRigOn,
  streamTarget,
} from "./rig.ts";

/** What the app saw of its one connection. */
async function watched(onSocket: (socket: Socket) => void = () => undefined) {
  const seen: string[] = [];
  let bytes = "";
  const app = await startApp((socket) => {
    socket.on("data", (data: Buffer) => (bytes += data.toString("latin1")));
    socket.on("end", () => whenProvenEnd(socket, () => seen.push("end")));
    socket.on("error", (error: NodeJS.ErrnoException) => seen.push(error.code ?? ""));
    onSocket(socket);
  });
  return {
    app,
    seen,
    heard: () => bytes,
    socket: (): Socket => {
      const [socket] = app.sockets;
      if (!socket) throw new Error("no connection");
      return socket;
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

describe("an open session", () => {
  it("lets the target go on after the client ended its sending", async () => {
    await using far = await watched();
    const db = streamTarget("db");
    await using rig = await startRig(db);
    awake(db, far.app);
    using client = await dialIn(rig.port());
    client.socket.end("question");
    await eventually(() => far.seen.includes("end"));
    expect(far.heard()).toBe("question");
    far.socket().write("part one, ");
    await client.until("part one, ");
    expect(db.leases).toBe(1);
    far.socket().end("part two");
    expect(await client.ended).toBe("end");
    expect(client.heard()).toBe("part one, part two");
    await eventually(() => rig.streams.sessions === 0 && db.leases === 0);
    expect(rig.streams.bytes).toEqual({ up: 8, down: 18 });
  });

  it("lets the client go on after the target ended its sending", async () => {
    await using far = await watched((socket) => socket.end("bye"));
    const db = streamTarget("db");
    await using rig = await startRig(db);
    awake(db, far.app);
    using client = await dialIn(rig.port());
    expect(await client.ended).toBe("end");
    client.socket.write("still ");
    await eventually(() => far.heard() === "still ");
    client.socket.end("here");
    await eventually(() => far.seen.includes("end"));
    expect(far.heard()).toBe("still here");
    await eventually(() => rig.streams.sessions === 0 && db.leases === 0);
  });

  it("is no use any more when the target has ended and the client is silent, until it speaks again", async () => {
    await using far = await watched((socket) => socket.end("bye"));
    const db = streamTarget("db");
    const clock = new VirtualClock();
    await using rig = await startRigOn(clock, db);
    awake(db, far.app);
    using pool = await dialIn(rig.port());
    expect(await pool.ended).toBe("end");
    await eventually(() => far.app.sockets.size === 1);
    await clock.advance(59_000);
    expect(db.leases).toBe(1);
    await clock.advance(2_000);
    expect(db.leases).toBe(0);
    pool.socket.write("still here");
    await eventually(() => far.heard() === "still here" && db.leases === 1);
    // Down, it hears nothing more; and what is up again later is another one.
    db.set({ kind: "coming", state: "stopping" });
    pool.socket.write("!");
    await eventually(() => far.heard() === "still here!");
    db.set({ kind: "ready" });
    await eventually(() => db.leases === 0 && rig.streams.sessions === 0);
    await eventually(() => far.app.sockets.size === 0);
    void clock.advance(10_000);
  });

  it("gives a client the last words of a target that went down", async () => {
    const words = Buffer.alloc(4 * 1024 * 1024, "w");
    await using far = await watched((socket) => socket.end(words));
    const db = streamTarget("db");
    await using rig = await startRig(db);
    awake(db, far.app);
    using client = await dialIn(rig.port());
    client.socket.pause();
    await pause(50);
    db.set({ kind: "coming", state: "stopping" });
    db.set({ kind: "asleep" });
    await pause(50);
    client.socket.resume();
    expect(await client.ended).toBe("end");
    expect(client.heard().length).toBe(words.length);
  });

  it.each([0, 1, 70_000])("tells a reset of the target to the client, after %i bytes", async (size) => {
    await using far = await watched();
    const db = streamTarget("db");
    await using rig = await startRig(db);
    awake(db, far.app);
    using client = await dialIn(rig.port());
    client.socket.write("x");
    await eventually(() => far.heard() === "x");
    if (size > 0) far.socket().write(Buffer.alloc(size, "y"));
    far.socket().resetAndDestroy();
    expect(await client.ended).toBe("ECONNRESET");
    await eventually(() => rig.streams.sessions === 0 && db.leases === 0);
  });

  it.each([0, 1, 70_000])("tells a reset of the client to the target, after %i bytes", async (size) => {
    await using far = await watched();
    const db = streamTarget("db");
    await using rig = await startRig(db);
    awake(db, far.app);
    using client = await dialIn(rig.port());
    client.socket.write("x");
    await eventually(() => far.heard() === "x");
    if (size > 0) client.socket.write(Buffer.alloc(size, "y"));
    client.socket.resetAndDestroy();
    await eventually(() => far.seen.includes("ECONNRESET"));
    expect(far.seen).toEqual(["ECONNRESET"]);
    await eventually(() => rig.streams.sessions === 0 && db.leases === 0);
  });

  it("carries much both ways, whole, while one side reads slowly and little waits here", async () => {
    const sent = randomBytes(32 * 1024 * 1024);
    await using app = await startApp(echo);
    const db = streamTarget("db");
    await using rig = await startRig(db);
    awake(db, app);
    using client = await dialIn(rig.port());
    client.socket.removeAllListeners("data");
    const hash = createHash("sha256");
    client.socket.pause();
    client.socket.end(sent);
    const before = process.memoryUsage.rss();
    await pause(200);
    // Nobody reads: what waits is in the kernel and at the client.
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
    let heard = 0;
    client.socket.on("data", (data: Buffer) => {
      heard += data.length;
      hash.update(data);
    });
    client.socket.resume();
    await once(client.socket, "end");
    expect(heard).toBe(sent.length);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
  });

  it("does not lose the end of one direction while the other is stuck", async () => {
    const much = Buffer.alloc(16 * 1024 * 1024, "z");
    await using far = await watched((socket) => void socket.write(much));
    const db = streamTarget("db");
    await using rig = await startRig(db);
    awake(db, far.app);
    using client = await dialIn(rig.port());
    client.socket.pause();
    await pause(50);
    client.socket.end("enough");
    await eventually(() => far.seen.includes("end"));
    expect(far.heard()).toBe("enough");
  });

  it("is cut at the end of the grace, with a reset", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db");
    await using rig = await startRig(db);
    awake(db, app);
    using open = await dialIn(rig.port());
    open.socket.write("x");
    await open.until("x");
    using quick = await dialIn(rig.port());
    quick.socket.write("y");
    await quick.until("y");
    const closing = rig.streams[Symbol.asyncDispose]();
    // Still served, until it ends by itself.
    quick.socket.end("z");
    expect(await quick.ended).toBe("end");
    expect(quick.heard()).toBe("yz");
    await closing;
    expect(await open.ended).toBe("ECONNRESET");
    expect(rig.log.of("stream_cut")).toEqual(["1 open connections are cut"]);
  });

  it("outlives its listener", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db");
    await using rig = await startRig(db);
    awake(db, app);
    using client = await dialIn(rig.port());
    const port = rig.port();
    client.socket.write("x");
    await client.until("x");
    rig.directory.set([]);
    await eventually(() => rig.streams.listening.size === 0);
    client.socket.write("y");
    await client.until("xy");
    using late = await dialIn(port);
    expect(await late.ended).toBe("ECONNREFUSED");
  });
});

describe("session_idle", () => {
  it("lets a silent connection's target sleep, and counts it again when it speaks", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db", { sessionIdleMs: 60 });
    await using rig = await startRig(db);
    awake(db, app);
    using pool = await dialIn(rig.port());
    pool.socket.write("a");
    await pool.until("a");
    expect(db.leases).toBe(1);
    for (let n = 0; n < 8; n++) {
      pool.socket.write("b");
      await pause(15);
      expect(db.leases).toBe(1);
    }
    await eventually(() => db.leases === 0, "silence");
    expect(pool.socket.destroyed).toBe(false);
    pool.socket.write("c");
    await pool.until("c");
    expect(db.leases).toBe(1);
  });

  it("wakes a target that was paused below an open connection", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db", { sessionIdleMs: 30 });
    await using rig = await startRig(db);
    awake(db, app);
    using pool = await dialIn(rig.port());
    pool.socket.write("a");
    await eventually(() => db.leases === 0 && pool.heard() === "a");
    db.set({ kind: "asleep" });
    pool.socket.write("b");
    await eventually(() => db.wakes.length === 1);
    expect(db.leases).toBe(1);
  });

  it("unset, an open connection counts for as long as it is open", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db");
    await using rig = await startRig(db);
    awake(db, app);
    using _pool = await dialIn(rig.port());
    await eventually(() => db.leases === 1);
    await pause(100);
    expect(db.leases).toBe(1);
  });
});
