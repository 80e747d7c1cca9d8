import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHandshake, parseLogin } from "../../src/stream/minecraft/handshake.ts";
import {
  Fields,
  NotMinecraftError,
  readPacket,
  textField,
  writePacket,
} from "../../src/stream/minecraft/packets.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import {
  ANY,
  awake,
  dialIn,
  echo,
  eventually,
  pause,
  startApp,
  startRig,
  startRigOn,
  streamTarget,
  type Client,
} from "./rig.ts";

const STATUS = 1;
const LOGIN = 2;
const TRANSFER = 3;

function varInt(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value >>> 0; ; left >>>= 7) {
    if (left < 0x80) return Buffer.from([...bytes, left]);
    bytes.push((left & 0x7f) | 0x80);
  }
}

function handshake(host: string, next: number, protocol = 767): Buffer {
  return writePacket(0, varInt(protocol), textField(host), Buffer.from([0x63, 0xdd]), varInt(next));
}

function login(player: string): Buffer {
  return writePacket(0, textField(player), Buffer.alloc(16));
}

function read<T>(parse: (bytes: Buffer) => T, bytes: Buffer): T | "broken" {
  try {
    return parse(bytes);
  } catch (error) {
    if (error instanceof NotMinecraftError) return "broken";
    throw error;
  }
}

/** The text of the first packet that a client was sent. */
async function firstText(client: Client): Promise<string> {
  await eventually(() => readPacket(Buffer.from(client.heard(), "latin1")) !== undefined, "a packet");
  const packet = readPacket(Buffer.from(client.heard(), "latin1"));
  return packet?.fields.text(32_767) ?? "";
}

function mine(name: string, names: readonly string[], stream = {}): ReturnType<typeof streamTarget> {
  return streamTarget(name, { protocol: "minecraft", names, ...stream }, { tcp: [{ listen: ANY }] });
}

describe("a Minecraft handshake", () => {
  it("tells the host, cut anywhere, without what mods append", () => {
    const host = fc.stringMatching(/^[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){0,3}$/);
    fc.assert(
      fc.property(
        host,
        fc.constantFrom("", ".", "\0FML\0", "\0FML2\0", "\x00203.0.113.7\0abc"),
        fc.constantFrom(STATUS, LOGIN, TRANSFER),
        fc.integer({ min: 0, max: 0x7fffffff }),
        (name, suffix, next, protocol) => {
          const bytes = handshake(name.toUpperCase() + suffix, next, protocol);
          for (let cut = 0; cut < bytes.length; cut++) {
            expect(parseHandshake(bytes.subarray(0, cut))).toBeUndefined();
          }
          expect(parseHandshake(Buffer.concat([bytes, login("Alex")]))).toEqual({
            kind: "handshake",
            host: name,
            protocol,
            next: next === STATUS ? "status" : "login",
            length: bytes.length,
          });
        },
      ),
      { numRuns: 200 },
    );
    expect(parseLogin(login("Alex"))).toBe("Alex");
    expect(parseHandshake(Buffer.from([0xfe, 0x01]))).toEqual({ kind: "legacy" });
  });

  it("throws nothing else, whatever comes", () => {
    const whole = Buffer.concat([handshake("play.example.com", LOGIN), login("Alex")]);
    const bent = fc
      .tuple(fc.nat(whole.length - 1), fc.uint8Array({ minLength: 1, maxLength: 6 }))
      .map(([at, bytes]) => Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at + bytes.length)]));
    const garbage = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(bent, garbage), (bytes) => {
        read(parseHandshake, bytes);
        read(parseLogin, bytes);
        read((all) => new Fields(all).text(16), bytes);
      }),
      { numRuns: 3_000 },
    );
  });

  it("refuses early what is too long or makes no sense", () => {
    expect(read(parseHandshake, varInt(5_000))).toBe("broken");
    expect(read(parseHandshake, Buffer.from("ffffffffff", "hex"))).toBe("broken");
    expect(read(parseHandshake, Buffer.from([0]))).toBe("broken");
    expect(read(parseHandshake, handshake("x".repeat(256), LOGIN))).toBe("broken");
    expect(read(parseHandshake, handshake("a", 9))).toBe("broken");
    expect(read(parseHandshake, writePacket(7))).toBe("broken");
    expect(read(parseLogin, login("x".repeat(17)))).toBe("broken");
  });
});

describe("a Minecraft listener", () => {
  it("answers the server list while asleep, and wakes nothing", async () => {
    const smp = mine("smp", []);
    smp.lesson = { usuallyMs: 40_000 };
    await using rig = await startRig(smp);
    using list = await dialIn(rig.port());
    list.socket.write(Buffer.concat([handshake("play.example.com", STATUS), writePacket(0)]));
    const status = JSON.parse(await firstText(list)) as unknown;
    expect(status).toEqual({
      version: { name: "asleep", protocol: 767 },
      players: { max: 0, online: 0 },
      description: { text: "Asleep. Join to start (takes about 40 s)" },
    });
    const ping = writePacket(1, Buffer.from("0011223344556677", "hex"));
    list.socket.write(ping);
    await list.until(ping.toString("latin1"));
    expect(await list.ended).toBe("end");
    using old = await dialIn(rig.port());
    old.socket.write(Buffer.from([0xfe, 0x01]));
    expect(await old.ended).toBe("end");
    expect(Buffer.from(old.heard().slice(3), "latin1").swap16().toString("utf16le")).toMatch(/Asleep/);
    expect([smp.wakes, smp.leases, smp.touches]).toEqual([[], 0, []]);
  });

  it("routes by host, wakes on login, and passes on what was sent", async () => {
    await using app = await startApp(echo);
    const smp = mine("smp", ["smp.example.com"]);
    const sky = mine("sky", ["sky.example.com"]);
    await using rig = await startRig(smp, sky);
    const hello = Buffer.concat([handshake("sky.example.com\0FML\0", LOGIN), login("Alex")]);
    using game = await dialIn(rig.port());
    game.socket.write(hello.subarray(0, 9));
    await pause(20);
    game.socket.write(hello.subarray(9));
    await eventually(() => sky.wakes.length === 1);
    expect(smp.wakes).toEqual([]);
    awake(sky, app);
    await game.until(hello.toString("latin1"));
    using lost = await dialIn(rig.port());
    lost.socket.write(handshake("other.example.com", LOGIN));
    expect(await lost.ended).toBe("ECONNRESET");
  });

  it("lets only known players wake it, and tells others kindly", async () => {
    const smp = mine("smp", [], { players: ["Alex"] });
    await using rig = await startRig(smp);
    using stranger = await dialIn(rig.port());
    stranger.socket.write(Buffer.concat([handshake("a", LOGIN), login("Mallory")]));
    expect(JSON.parse(await firstText(stranger))).toEqual({ text: "You may not start smp." });
    expect(smp.wakes).toEqual([]);
    stranger.socket.end();
    using friend = await dialIn(rig.port());
    friend.socket.write(Buffer.concat([handshake("a", LOGIN), login("alex")]));
    await eventually(() => smp.wakes.length === 1);
    expect(smp.wakes[0]).toMatchObject({ userAgent: "player alex" });
  });

  it("takes a player who is transferred here by another server as one who joins", async () => {
    await using app = await startApp(echo);
    const smp = mine("smp", []);
    await using rig = await startRig(smp);
    using game = await dialIn(rig.port());
    const hello = Buffer.concat([handshake("smp.example.com", TRANSFER), login("Alex")]);
    game.socket.write(hello);
    await eventually(() => smp.wakes.length === 1);
    awake(smp, app);
    await game.until(hello.toString("latin1"));
    expect(smp.leases).toBe(1);
  });

  it("holds a player for 25 s, then tells when to join again, while the wake goes on", async () => {
    const smp = mine("smp", []);
    smp.progressChanges = { etaMs: 70_000, elapsedMs: 30_000 };
    const clock = new VirtualClock();
    await using rig = await startRigOn(clock, smp);
    using game = await dialIn(rig.port());
    game.socket.write(Buffer.concat([handshake("a", LOGIN), login("Alex")]));
    await eventually(() => smp.wakes.length === 1);
    await clock.advance(24_900);
    expect(game.heard()).toBe("");
    await clock.advance(200);
    expect(JSON.parse(await firstText(game))).toEqual({
      text: "smp is starting. Please join again in about 40 s.",
    });
    expect(await game.ended).toBe("end");
    expect([smp.gate.kind, smp.leases]).toEqual(["coming", 0]);
    game.socket.end();
    await eventually(() => rig.streams.sessions === 0);
  });

  it("does not take a look at the server list of an awake server for use", async () => {
    await using app = await startApp(echo);
    const smp = mine("smp", []);
    await using rig = await startRig(smp);
    awake(smp, app);
    using list = await dialIn(rig.port());
    const question = Buffer.concat([handshake("a", STATUS), writePacket(0)]);
    list.socket.write(question);
    await list.until(question.toString("latin1"));
    expect([smp.leases, smp.touches, smp.wakes]).toEqual([0, [], []]);
  });

  it("says so kindly when the wake fails", async () => {
    const smp = mine("smp", []);
    await using rig = await startRig(smp);
    using game = await dialIn(rig.port());
    game.socket.write(Buffer.concat([handshake("a", LOGIN), login("Alex")]));
    await eventually(() => smp.wakes.length === 1);
    smp.set({ kind: "failed", until: Date.now() + 60_000, message: "smp broke" });
    expect(JSON.parse(await firstText(game))).toEqual({
      text: "smp could not be started. Please try again later.",
    });
    expect(await game.ended).toBe("end");
  });
});
