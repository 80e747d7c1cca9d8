import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../../src/lib/clock.ts";
import { probeHttp } from "../../src/lib/http-probe.ts";
import { openSocket } from "../../src/lib/open-socket.ts";
import { probeTcp } from "../../src/lib/tcp-probe.ts";
import { probePostgres } from "../../src/watchers/readiness/protocol-probes.ts";
import { probeMysql } from "../../src/watchers/readiness/mysql-probe.ts";

const LISTENER = `
  const server = require("node:net").createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 204 No Content\\r\\n\\r\\n"));
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));
`;

/** A listener whose machine drops each SYN, as its accept queue is full, until `resume` is called. */
async function droppingListener() {
  const child: ChildProcess = spawn(process.execPath, ["-e", LISTENER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout!, "data")) as [Buffer];
  const port = Number(line.toString());
  child.kill("SIGSTOP");
  const fillers: Socket[] = [];
  // Full as soon as a connection is neither accepted nor refused.
  for (let connected = true; connected;) {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    fillers.push(socket);
    connected = await Promise.race([
      once(socket, "connect").then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, 200, false)),
    ]);
  }
  return {
    address: { host: "127.0.0.1", port },
    resume(): void {
      for (const socket of fillers) socket.destroy();
      child.kill("SIGCONT");
    },
    async [Symbol.asyncDispose]() {
      for (const socket of fillers) socket.destroy();
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** The machine's time; notes what was waited for. */
function notingClock(): Clock & { readonly waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    after: (ms, call) => {
      waits.push(ms);
      return systemClock.after(ms, call);
    },
  };
}

describe("openSocket", () => {
  it("connects again after 250 ms when nothing answers, and waits twice as long each time", async () => {
    await using listener = await droppingListener();
    const clock = notingClock();
    const opened = openSocket(listener.address, clock, new AbortController().signal);
    await expect.poll(() => clock.waits, { timeout: 10_000 }).toEqual([250, 500, 1000]);
    listener.resume();
    (await opened).destroy();
  });

  it("ends with its signal between two attempts", async () => {
    await using listener = await droppingListener();
    const clock = notingClock();
    const life = new AbortController();
    const opened = openSocket(listener.address, clock, life.signal);
    await expect.poll(() => clock.waits.length, { timeout: 10_000 }).toBe(2);
    life.abort(new Error("no time left"));
    await expect(opened).rejects.toThrow("no time left");
  });

  it.each([
    ["probeHttp", "answer"],
    ["probeTcp", "answer"],
    ["probePostgres", "silent"],
    ["probeMysql", "silent"],
  ] as const)("%s hears the listener after a dropped SYN", async (name, kind) => {
    await using listener = await droppingListener();
    const clock = notingClock();
    const { address } = listener;
    const { signal } = new AbortController();
    const asked = {
      probeHttp: () =>
        probeHttp(address, { scheme: "http", path: "/", clock, host: "blog.example.com" }, signal),
      probeTcp: () => probeTcp({ address, clock }, signal),
      probePostgres: () => probePostgres({ address, clock }, signal),
      // The listener waits for the first bytes, so these are the preface.
      probeMysql: () => probeMysql({ address, clock, preface: Buffer.from("PROXY") }, signal),
    }[name]();
    await expect.poll(() => clock.waits.length, { timeout: 10_000 }).toBeGreaterThan(1);
    listener.resume();
    expect(await asked).toMatchObject({ kind });
  });
});
