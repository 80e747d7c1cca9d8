import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/lib/clock.ts";
import type { ProbeResult } from "../../../src/lib/probe-result.ts";
import { probeMysql } from "../../../src/watchers/readiness/mysql-probe.ts";

const GREETING = "\n8.4.0\0 and so on";
const DENIED = error(1045, "Access denied for user 'wakegate'");

interface Asked {
  readonly result: ProbeResult;
  /** Packets of the client as text. */
  readonly heard: readonly string[];
}

function error(code: number, text: string): string {
  return `\xff${String.fromCharCode(code & 0xff, code >> 8)}#08S01${text}`;
}

function framed(text: string, sequence: number): Buffer {
  const body = Buffer.from(text, "latin1");
  return Buffer.concat([Buffer.from([body.length, 0, 0, sequence]), body]);
}

/** Asks a server that says these one after the other, each after a packet of the client but the first. */
async function asked(
  says: readonly string[],
  send = (socket: Socket, bytes: Buffer) => void socket.write(bytes),
) {
  const heard: string[] = [];
  const server = createServer((socket) => {
    let next = 0;
    const say = (): void => {
      const text = says[next];
      if (text === undefined) socket.end();
      else send(socket, framed(text, next * 2));
      next += 1;
    };
    socket.on("error", () => undefined);
    socket.on("data", (packet: Buffer) => {
      expect(packet.readUIntLE(0, 3)).toBe(packet.length - 4);
      expect(packet[3]).toBe(next * 2 - 1);
      heard.push(packet.toString("latin1", 4));
      say();
    });
    say();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const address = { host: "127.0.0.1", port };
  const result = await probeMysql({ address, clock: systemClock }, AbortSignal.timeout(30_000));
  await new Promise((resolve) => server.close(resolve));
  return { result, heard } satisfies Asked;
}

const READY = { kind: "answer", status: 0 };

describe("the probe of MySQL", () => {
  it("begins a session, which is denied: leaving after the greeting would be counted as an error", async () => {
    const { result, heard } = await asked([GREETING, DENIED]);
    expect(result).toEqual(READY);
    expect(heard).toEqual([expect.stringContaining("wakegate\0\0mysql_native_password\0")]);
  });

  it("goes on to the end where the server wants another method", async () => {
    const { result, heard } = await asked([GREETING, "\xfecaching_sha2_password\0salt", DENIED]);
    expect([result, heard.length, heard[1]]).toEqual([READY, 2, ""]);
  });

  it("takes any error for an answer but that the server shuts down", async () => {
    expect((await asked([error(1040, "Too many connections")])).result).toEqual(READY);
    expect((await asked([error(1129, "Host is blocked")])).result).toEqual(READY);
    const down = { kind: "silent", error: "it is shutting down" };
    expect((await asked([error(1053, "Server shutdown in progress")])).result).toEqual(down);
    expect((await asked([GREETING, error(1053, "Server shutdown in progress")])).result).toEqual(down);
  });

  it("waits for whole packets", async () => {
    const slowly = async (socket: Socket, bytes: Buffer): Promise<void> => {
      for (const byte of bytes) {
        socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const { result } = await asked([GREETING, DENIED], (socket, bytes) => void slowly(socket, bytes));
    expect(result).toEqual(READY);
  });

  it("does not take another protocol for it, nor a port that closes at once", async () => {
    const other = { kind: "silent", error: "it does not answer as MySQL does" };
    expect((await asked(["HTTP/1.1 400 Bad Request"])).result).toEqual(other);
    expect((await asked([])).result).toEqual({ kind: "silent", error: "closed without an answer" });
  });
});
