import fc from "fast-check";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { beforeAll, describe, expect, it } from "vitest";
import { NotTlsError, parseClientHello, type ClientHello } from "../../src/stream/client-hello.ts";
import { ANY, awake, dialIn, eventually, startApp, startRig, streamTarget } from "./rig.ts";

/** What Node's own TLS sends first. */
async function realHello(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const client = connectTls({ host: "127.0.0.1", port: address.port, ...(servername && { servername }) });
  client.on("error", () => undefined);
  const [socket] = (await once(server, "connection")) as [Socket];
  const [hello] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

function read(bytes: Buffer): ClientHello | undefined | "broken" {
  try {
    return parseClientHello(bytes);
  } catch (error) {
    if (error instanceof NotTlsError) return "broken";
    throw error;
  }
}

/** The same message in records of the sizes given, over and over. */
function inRecords(hello: Buffer, sizes: readonly number[]): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0, n = 0; at < message.length; n++) {
    const part = message.subarray(at, at + (sizes[n % sizes.length] ?? 1));
    const head = Buffer.from([22, 3, 1, 0, 0]);
    head.writeUInt16BE(part.length, 3);
    records.push(head, part);
    at += part.length;
  }
  return Buffer.concat(records);
}

describe("a ClientHello", () => {
  let hello: Buffer;
  beforeAll(async () => {
    hello = await realHello("db.example.com");
  });

  it("tells the name asked for, cut anywhere, in records of any size", async () => {
    expect(read(hello)).toEqual({ serverName: "db.example.com" });
    expect(read(await realHello("DB.Example.COM"))).toEqual({ serverName: "db.example.com" });
    expect(read(await realHello(undefined))).toEqual({});
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        const split = inRecords(hello, sizes);
        expect(read(split)).toEqual({ serverName: "db.example.com" });
        for (let cut = 0; cut < split.length; cut += 7) {
          expect(read(split.subarray(0, cut))).toBeUndefined();
        }
      }),
      { numRuns: 50 },
    );
  });

  it("throws nothing else, whatever comes", () => {
    const bent = fc
      .tuple(fc.nat(hello.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }))
      .map(([at, bytes]) => Buffer.concat([hello.subarray(0, at), bytes, hello.subarray(at + bytes.length)]));
    const garbage = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    const likely = garbage.map((bytes) => Buffer.concat([Buffer.from("160301", "hex"), bytes]));
    fc.assert(
      fc.property(fc.oneof(bent, garbage, likely), (bytes) => void read(bytes)),
      { numRuns: 3_000 },
    );
  });

  it("refuses early what cannot become one", () => {
    expect(
      [
        "47455420",
        "15",
        "1602",
        // A record too long, and an empty one.
        "160301ffff",
        "1603010000",
        // A ServerHello; a message that says it is 16 MB long.
        "160301000402000000",
        "160301000401ffffff",
      ].map((hex) => read(Buffer.from(hex, "hex"))),
    ).toEqual(Array(7).fill("broken"));
  });
});

describe("a TLS listener", () => {
  const tell = (name: string) =>
    startApp((socket) => {
      socket.on("data", () => undefined);
      socket.write(name);
    });
  const at = (names: readonly string[]) => ({ tcp: [{ listen: ANY, protocol: "tls" as const, names }] });

  it("leads each name to its own target, wakes that alone, and everything else nowhere", async () => {
    await using appOne = await tell("one");
    await using appTwo = await tell("two");
    const one = streamTarget("one", {}, at(["one.example.com"]));
    const two = streamTarget("two", {}, at(["*.two.example.com"]));
    await using rig = await startRig(one, two);
    using first = await dialIn(rig.port());
    first.socket.write(inRecords(await realHello("one.example.com"), [100]));
    await eventually(() => one.wakes.length === 1);
    expect(two.wakes).toEqual([]);
    awake(one, appOne);
    await first.until("one");
    using second = await dialIn(rig.port());
    second.socket.write(await realHello("a.two.example.com"));
    await eventually(() => two.wakes.length === 1);
    awake(two, appTwo);
    await second.until("two");
    for (const name of ["three.example.com", "a.b.two.example.com", undefined]) {
      using other = await dialIn(rig.port());
      other.socket.write(await realHello(name));
      expect(await other.ended).toBe("ECONNRESET");
    }
    expect(rig.log.of("stream_refused")[0]).toMatch(/no target of .* is meant by three\.example\.com/);
  });

  it("leads what no name claims to the target without names", async () => {
    await using app = await tell("rest");
    const one = streamTarget("one", {}, at(["one.example.com"]));
    const rest = streamTarget("rest", {}, at([]));
    await using rig = await startRig(one, rest);
    awake(rest, app);
    using client = await dialIn(rig.port());
    client.socket.write(await realHello(undefined));
    await client.until("rest");
    expect(one.wakes).toEqual([]);
  });

  it("does not keep more of a client that never says what it wants", async () => {
    const one = streamTarget("one", {}, at(["one.example.com"]));
    await using rig = await startRig(one);
    using client = await dialIn(rig.port());
    // Records of one byte: a long way to a hello that would still be allowed.
    client.socket.write(Buffer.from("160301000401005000", "hex"));
    for (let n = 0; n < 8_000; n++) client.socket.write(Buffer.from("16030100010a", "hex"));
    expect(await client.ended).toMatch(/ECONNRESET|EPIPE/);
    expect(one.wakes).toEqual([]);
  });
});
