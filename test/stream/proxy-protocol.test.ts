import fc from "fast-check";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { ProxyHeaderError, type ProxyHeader } from "../../src/stream/proxy-protocol/header.ts";
import { parseProxyHeader } from "../../src/stream/proxy-protocol/parse.ts";
import { writeProxyHeader } from "../../src/stream/proxy-protocol/write.ts";
import { awake, dialIn, echo, eventually, pause, startApp, startRig, streamTarget } from "./rig.ts";

const port = fc.integer({ min: 0, max: 65_535 });
const endpoints = fc.oneof(
  fc.tuple(fc.ipV4(), port, fc.ipV4(), port),
  fc.tuple(fc.ipV6(), port, fc.ipV6(), port),
);

/** The header, undefined, or "broken"; anything else that is thrown fails the test. */
function read(bytes: Buffer): ProxyHeader | undefined | "broken" {
  try {
    return parseProxyHeader(bytes);
  } catch (error) {
    if (error instanceof ProxyHeaderError) return "broken";
    throw error;
  }
}

function line(text: string): ProxyHeader | undefined | "broken" {
  return read(Buffer.from(text, "latin1"));
}

function v2(command: number, family: number, body: Buffer, length = body.length): Buffer {
  const head = Buffer.from("0d0a0d0a000d0a515549540a00000000", "hex");
  head.writeUInt8(command, 12);
  head.writeUInt8(family, 13);
  head.writeUInt16BE(length, 14);
  return Buffer.concat([head, body]);
}

/** A proxy's connection with its header. */
async function through(at: number, header: Buffer): Promise<Awaited<ReturnType<typeof dialIn>>> {
  const client = await dialIn(at);
  client.socket.write(header);
  return client;
}

describe("a PROXY protocol header", () => {
  it("reads what it writes, cut anywhere, and takes nothing of what follows", () => {
    fc.assert(
      fc.property(
        endpoints,
        fc.constantFrom("v1" as const, "v2" as const),
        fc.uint8Array({ maxLength: 64 }),
        ([from, fromPort, to, toPort], version, rest) => {
          const source = { address: from, port: fromPort };
          const header = writeProxyHeader(version, source, { address: to, port: toPort });
          for (let cut = 0; cut < header.length; cut++) {
            expect(read(header.subarray(0, cut))).toBeUndefined();
          }
          const whole = read(Buffer.concat([header, rest]));
          if (whole === undefined || whole === "broken") throw new Error("not read");
          expect(whole.length).toBe(header.length);
          expect(whole.source?.port).toBe(fromPort);
          expect(whole.destination?.port).toBe(toPort);
          // Once more through the writer: the same address, however it is spelled.
          const { source: a = source, destination: b = source } = whole;
          expect(writeProxyHeader("v2", a, b)).toEqual(
            writeProxyHeader("v2", source, { address: to, port: toPort }),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it("reads the examples of the protocol", () => {
    expect(line("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET /")).toEqual({
      length: 45,
      source: { address: "192.0.2.1", port: 56_324 },
      destination: { address: "198.51.100.1", port: 443 },
    });
    expect(line("PROXY UNKNOWN\r\n")).toEqual({ length: 15 });
    expect(line("PROXY UNKNOWN ffff:: ffff:: 65535 65535\r\n")).toEqual({ length: 41 });
    // LOCAL, with fields after the addresses; a unix socket.
    expect(read(v2(0x20, 0x00, Buffer.alloc(0)))).toEqual({ length: 16 });
    expect(read(v2(0x21, 0x31, Buffer.alloc(216)))).toEqual({ length: 232 });
    const fields = Buffer.from("c0000201c6336401dc0401bb030004a9b87e8f", "hex");
    expect(read(v2(0x21, 0x11, fields))).toMatchObject({
      length: 16 + fields.length,
      source: { address: "192.0.2.1", port: 56_324 },
    });
  });

  it("refuses what breaks the rules", () => {
    expect(
      [
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 70000\r\n",
        "PROXY TCP4 ::1 ::1 1 1\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.1 1 1\r\n",
        "PROXY TCP4 192.0.2.1  198.51.100.1 1 1\r\n",
        "PROXY UNKNOWNS\r\n",
        "proxy TCP4 192.0.2.1 198.51.100.1 1 1\r\n",
        `PROXY ${"x".repeat(200)}`,
        "GET / HTTP/1.1\r\n",
      ].map(line),
    ).toEqual(Array(9).fill("broken"));
    expect(read(v2(0x11, 0x11, Buffer.alloc(12)))).toBe("broken");
    expect(read(v2(0x22, 0x11, Buffer.alloc(12)))).toBe("broken");
    expect(read(v2(0x21, 0x11, Buffer.alloc(11)))).toBe("broken");
    expect(read(v2(0x21, 0x21, Buffer.alloc(12)))).toBe("broken");
    // Said to be too long: refused before its body came.
    expect(read(v2(0x21, 0x11, Buffer.alloc(0), 60_000))).toBe("broken");
  });

  it("throws nothing else, whatever comes, and never waits for more than the longest header", () => {
    const start = fc.constantFrom(
      "",
      "PROXY ",
      "PROXY TCP4 ",
      "\r\n\r\n\0\r\nQUIT\n",
      "\r\n\r\n\0\r\nQUIT\n\x21",
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (text, rest) => {
        const bytes = Buffer.concat([Buffer.from(text, "latin1"), rest]);
        const result = read(bytes);
        const taken = typeof result === "object" ? result.length : 0;
        expect(taken).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2_000 },
    );
    expect(read(Buffer.concat([Buffer.from("PROXY "), Buffer.alloc(4_200, "x")]))).toBe("broken");
    expect(read(Buffer.concat([v2(0x21, 0, Buffer.alloc(4_096, 1))]))).toEqual({ length: 4_112 });
  });
});

describe("a listener with accept_proxy", () => {
  it("believes a trusted proxy, and tells the target in turn", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db", {
      acceptProxy: ["127.0.0.1/32"],
      sendProxy: "v2",
      deny: ["203.0.113.9/32"],
    });
    await using rig = await startRig(db);
    const at = { address: "198.51.100.1", port: 5432 };
    using client = await through(
      rig.port(),
      writeProxyHeader("v1", { address: "203.0.113.7", port: 4711 }, at),
    );
    client.socket.write("hello");
    await eventually(() => db.wakes.length === 1);
    expect(db.wakes[0]?.client).toBe("203.0.113.7");
    awake(db, app);
    await client.until("hello");
    const sent = writeProxyHeader("v2", { address: "203.0.113.7", port: 4711 }, at).toString("latin1");
    expect(client.heard()).toBe(`${sent}hello`);
    using denied = await through(
      rig.port(),
      writeProxyHeader("v2", { address: "203.0.113.9", port: 4711 }, at),
    );
    expect(await denied.ended).toBe("ECONNRESET");
  });

  it("refuses a trusted proxy that sends no header, and wakes nothing", async () => {
    const db = streamTarget("db", { acceptProxy: ["127.0.0.1/32"] });
    await using rig = await startRig(db);
    using client = await through(rig.port(), Buffer.from("SELECT 1"));
    expect(await client.ended).toBe("ECONNRESET");
    using silent = await dialIn(rig.port());
    await pause(50);
    expect([db.wakes, silent.socket.destroyed]).toEqual([[], false]);
    expect(rig.log.of("stream_refused")[0]).toMatch(/no PROXY protocol header/);
  });

  it("takes the header of a stranger for what it is: bytes", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db", { acceptProxy: ["127.0.0.9/32"] });
    await using rig = await startRig(db);
    awake(db, app);
    const forged = "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n";
    using client = await through(rig.port(), Buffer.from(forged));
    await client.until(forged);
    expect(db.touches[0]).toMatchObject({ client: "127.0.0.1" });
  });

  it("reads a header that comes byte by byte", async () => {
    await using app = await startApp(echo);
    const db = streamTarget("db", { acceptProxy: ["127.0.0.1/32"] });
    await using rig = await startRig(db);
    awake(db, app);
    const socket = connect({ port: rig.port(), host: "127.0.0.1", noDelay: true });
    let heard = "";
    socket.on("data", (data: Buffer) => (heard += data.toString("latin1")));
    for (const byte of Buffer.from("PROXY TCP4 203.0.113.7 10.0.0.2 1 2\r\nhi")) {
      socket.write(Buffer.from([byte]));
      await pause(1);
    }
    await eventually(() => heard === "hi");
    expect(db.touches[0]).toMatchObject({ client: "203.0.113.7" });
    socket.destroy();
  });
});
