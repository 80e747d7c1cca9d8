import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { awake, dialIn, echo, eventually, pause, startApp, startRig, streamTarget } from "./rig.ts";

describe("a connection to a sleeping target", () => {
  it("wakes it, is held with what it sent, and gets through", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db");
    await using rig = await startRig(db);
    using client = await dialIn(rig.port());
    client.socket.write("select 1;");
    await eventually(() => db.wakes.length === 1);
    expect(db.wakes[0]).toMatchObject({ by: "stream", client: "127.0.0.1" });
    expect(db.leases).toBe(1);
    awake(db, app);
    await client.until("select 1;");
    client.socket.end("bye");
    expect(await client.ended).toBe("end");
    expect(client.heard()).toBe("select 1;bye");
    await eventually(() => db.leases === 0);
    expect(rig.log.of("stream_woken")[0]).toMatch(/127.0.0.1 is connected to db after/);
  });

  it("serves protocols in which the server speaks first", async () => {
    await using app = await startApp((socket) => socket.write("SSH-2.0-hello\r\n"));
    const host = streamTarget("host");
    await using rig = await startRig(host);
    using client = await dialIn(rig.port());
    await eventually(() => host.wakes.length === 1);
    awake(host, app);
    await client.until("SSH-2.0-hello");
  });

  it("makes one start of a thousand connections, and lets all of them through", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db");
    let starts = 0;
    db.onWake = () => {
      starts += 1;
      db.set({ kind: "coming", state: "waking" });
    };
    await using rig = await startRig(db);
    const port = rig.port();
    const clients = await Promise.all(Array.from({ length: 1_000 }, () => dialIn(port)));
    for (const [index, client] of clients.entries()) client.socket.write(`<${String(index)}>`);
    await eventually(() => db.leases === 1_000, "a thousand holds");
    expect(starts).toBe(1);
    awake(db, app);
    await Promise.all(clients.map((client, index) => client.until(`<${String(index)}>`)));
    expect(db.leases).toBe(1_000);
    for (const client of clients) client.socket.destroy();
    await eventually(() => db.leases === 0 && rig.streams.sessions === 0, "all leases over");
    expect(starts).toBe(1);
  });

  it("frees the place of a client that leaves, and leaves the wake alone", async () => {
    const db = streamTarget("db");
    await using rig = await startRig(db);
    using polite = await dialIn(rig.port());
    using rude = await dialIn(rig.port());
    rude.socket.write("hello");
    await eventually(() => db.leases === 2);
    polite.socket.end();
    rude.socket.resetAndDestroy();
    await eventually(() => db.leases === 0 && rig.streams.sessions === 0);
    expect(db.gate).toEqual({ kind: "coming", state: "waking" });
  });

  it("notices a client that ended its sending, and left for good later", async () => {
    const db = streamTarget("db");
    await using rig = await startRig(db);
    using client = await dialIn(rig.port());
    client.socket.end("all I have");
    await eventually(() => db.leases === 1);
    await pause(50);
    client.socket.resetAndDestroy();
    await eventually(() => db.leases === 0 && rig.streams.sessions === 0, "the client's leaving");
    expect(db.gate).toEqual({ kind: "coming", state: "waking" });
  });

  it("keeps the client's end of sending while it is held", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db");
    await using rig = await startRig(db);
    using client = await dialIn(rig.port());
    client.socket.end("all I have");
    await eventually(() => db.leases === 1);
    await pause(20);
    awake(db, app);
    expect(await client.ended).toBe("end");
    expect(client.heard()).toBe("all I have");
  });

  it("does not read more than a little of what waits", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db");
    await using rig = await startRig(db);
    using client = await dialIn(rig.port());
    const chunk = Buffer.alloc(64 * 1024, "x");
    let sent = 0;
    while (sent < 400 && client.socket.writableLength < 1_000_000) {
      client.socket.write(chunk);
      sent += 1;
      await pause(1);
    }
    // Buffers of the kernel hold some megabytes; the rest waits at the client.
    expect(client.socket.writableLength).toBeGreaterThan(500_000);
    awake(db, app);
    const total = sent * chunk.length;
    let heard = 0;
    client.socket.removeAllListeners("data");
    client.socket.on("data", (data: Buffer) => (heard += data.length));
    client.socket.end();
    await once(client.socket, "end");
    expect(heard).toBe(total);
  });

  it("ends with a reset and a line that says why when the wake fails", async () => {
    const db = streamTarget("db");
    await using rig = await startRig(db);
    using client = await dialIn(rig.port());
    await eventually(() => db.wakes.length === 1);
    db.set({
      kind: "failed",
      until: Date.now() + 60_000,
      message: "db stopped while starting (exit code 1)",
    });
    expect(await client.ended).toBe("ECONNRESET");
    expect(rig.log.of("stream_refused")).toEqual([
      expect.stringMatching(
        /^connection of 127\.0\.0\.1 to 127\.0\.0\.1:0 refused: db stopped while starting \(exit code 1\)$/,
      ),
    ]);
    // In the cool-down nothing is tried.
    using next = await dialIn(rig.port());
    expect(await next.ended).toBe("ECONNRESET");
    expect(db.wakes).toHaveLength(1);
  });

  it("tries again to connect for as long as a wake may take", async () => {
    const db = streamTarget("db");
    await using rig = await startRig(db);
    using client = await dialIn(rig.port());
    client.socket.write("hi");
    const closed = await startApp(echo);
    await closed[Symbol.asyncDispose]();
    awake(db, closed);
    await pause(100);
    await using app = await startApp(echo);
    db.reachedAt = [{ host: "127.0.0.1", port: app.port, via: "network" }];
    await client.until("hi");
  });

  it("says so when the target takes no connection at all", async () => {
    const db = streamTarget("db");
    Object.assign(db.spec, { wakeTimeoutMs: 150 });
    await using rig = await startRig(db);
    const closed = await startApp(echo);
    await closed[Symbol.asyncDispose]();
    awake(db, closed);
    using client = await dialIn(rig.port());
    expect(await client.ended).toBe("ECONNRESET");
    expect(rig.log.of("stream_refused")[0]).toMatch(/db is up, but took no connection.*ECONNREFUSED/);
  });

  it("waits for a target that is created anew", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db");
    db.set({ kind: "missing", why: "gone", message: "db is gone" });
    await using rig = await startRig(db);
    using client = await dialIn(rig.port());
    client.socket.write("hi");
    await pause(50);
    db.set({ kind: "asleep" });
    await eventually(() => db.wakes.length === 1);
    awake(db, app);
    await client.until("hi");
  });
});

describe("who may wake", () => {
  it("lets scans wake nothing under first_bytes", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db", { wakeOn: "first_bytes" });
    await using rig = await startRig(db);
    for (let i = 0; i < 50; i++) {
      const scan = connect(rig.port(), "127.0.0.1");
      await once(scan, "connect");
      if (i % 2 === 0) scan.destroy();
      else scan.resetAndDestroy();
    }
    using silent = await dialIn(rig.port());
    await eventually(() => rig.streams.sessions === 1);
    expect(db.wakes).toEqual([]);
    expect(db.leases).toBe(0);
    silent.socket.write("x");
    await eventually(() => db.wakes.length === 1);
    awake(db, app);
    await silent.until("x");
    // Awake, a scan is no use either.
    db.touches.length = 0;
    using scan = await dialIn(rig.port());
    await pause(30);
    expect([scan.heard(), db.leases, db.touches.length, app.sockets.size]).toEqual(["", 1, 0, 1]);
  });

  it("takes only a TLS hello under tls_hello", async () => {
    const db = streamTarget("db", { wakeOn: "tls_hello" });
    await using rig = await startRig(db);
    using http = await dialIn(rig.port());
    http.socket.write("GET / HTTP/1.1\r\n\r\n");
    expect(await http.ended).toBe("ECONNRESET");
    expect(db.wakes).toEqual([]);
    expect(rig.log.of("stream_refused")[0]).toMatch(/does not begin with a TLS handshake/);
  });

  it("refuses clients by allow and deny", async () => {
    const db = streamTarget("db", { allow: ["127.0.0.0/30"], deny: ["127.0.0.2/32"] });
    await using rig = await startRig(db);
    const from = async (localAddress: string): Promise<string> => {
      const socket = connect({ port: rig.port(), host: "127.0.0.1", localAddress });
      const result = await Promise.race([
        once(socket, "close").then(() => "closed"),
        pause(100).then(() => "open"),
        once(socket, "error").then(() => "reset"),
      ]).catch(() => "reset");
      socket.destroy();
      return result;
    };
    expect([await from("127.0.0.1"), await from("127.0.0.2"), await from("127.0.0.9")]).toEqual([
      "open",
      "reset",
      "reset",
    ]);
    expect(db.wakes).toHaveLength(1);
  });

  it("caps connections of a target and of a client", async () => {
    const db = streamTarget("db", { maxConnections: 3, maxPerClient: 2 });
    await using rig = await startRig(db);
    using one = await dialIn(rig.port());
    using two = await dialIn(rig.port());
    await eventually(() => db.leases === 2);
    using three = await dialIn(rig.port());
    expect(await three.ended).toBe("ECONNRESET");
    one.socket.destroy();
    await eventually(() => db.leases === 1);
    using four = await dialIn(rig.port());
    await eventually(() => db.leases === 2);
    expect([two.socket.destroyed, four.socket.destroyed]).toEqual([false, false]);
  });

  it("limits how often connections wake it", async () => {
    const db = streamTarget("db", { wakesPerMinute: 2 });
    db.onWake = () => {
      db.set({ kind: "coming", state: "waking" });
      setImmediate(() => db.set({ kind: "ready" }));
    };
    await using app = await startApp(echo);
    db.reachedAt = [{ host: "127.0.0.1", port: app.port, via: "network" }];
    await using rig = await startRig(db);
    const outcomes: string[] = [];
    for (let i = 0; i < 3; i++) {
      using client = await dialIn(rig.port());
      client.socket.end("x");
      outcomes.push(await client.ended);
      db.set({ kind: "asleep" });
    }
    expect(outcomes).toEqual(["end", "end", "ECONNRESET"]);
    expect(rig.log.of("stream_refused")[0]).toMatch(/wakes_per_minute/);
  });

  it("respects that a target may not wake now", async () => {
    const db = streamTarget("db");
    db.set({ kind: "asleep", mayNotWake: { kind: "hold", reason: "stopped by hand" } });
    await using rig = await startRig(db);
    using client = await dialIn(rig.port());
    expect(await client.ended).toBe("ECONNRESET");
    expect(rig.log.of("stream_refused")[0]).toMatch(/stopped by hand/);
    expect(db.wakes).toEqual([]);
  });
});
