import { openSocket } from "../../lib/open-socket.ts";
import { silence } from "../../lib/probe-result.ts";
import type { StreamProbe } from "./protocol-probes.ts";

/** Length (3 bytes, low first), sequence number, then the packet itself. */
const HEAD = 4;
/** More than any of the answers needs. */
const MOST_BYTES = 64 * 1024;
const ERROR = 0xff;
const OTHER_METHOD = 0xfe;
/** "Server shutdown in progress". Every other error is one of a server that serves. */
const SHUTTING_DOWN = 1053;
/** The 4.1 protocol with a method of its own name; nothing else is wanted. */
const ABILITIES = 0x0000_0200 | 0x0000_8000 | 0x0008_0000;

/**
 * MySQL and MariaDB: the server's greeting, answered with the beginning of a session of nobody. Who only looks at the
 * greeting and leaves is counted as a connection error, and after a hundred of those (`max_connect_errors`) the
 * server refuses that address. Being denied access is no such error.
 */
export const probeMysql: StreamProbe = async ({ address, clock, preface }, signal) => {
  try {
    const socket = await openSocket(address, clock, signal);
    return await new Promise((resolve) => {
      let received = Buffer.alloc(0);
      let greeted = false;
      const finish = (error?: string): void => {
        socket.destroy();
        resolve(error === undefined ? { kind: "answer", status: 0 } : { kind: "silent", error });
      };
      const take = (packet: Buffer, sequence: number): void => {
        const [type] = packet;
        if (type === ERROR) return finish(refusal(packet));
        if (!greeted && type !== 10) return finish("it does not answer as MySQL does");
        // It asks for another method: whatever is said then, it denies.
        if (greeted && type !== OTHER_METHOD) return finish();
        socket.write(framed(greeted ? Buffer.alloc(0) : beginning(), sequence + 1));
        greeted = true;
      };
      if (preface) socket.write(preface);
      socket.on("data", (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (received.length > MOST_BYTES) return finish("it answers something else");
        while (received.length >= HEAD && received.length >= HEAD + received.readUIntLE(0, 3)) {
          const end = HEAD + received.readUIntLE(0, 3);
          const [packet, sequence] = [received.subarray(HEAD, end), received[3] ?? 0];
          received = received.subarray(end);
          take(packet, sequence);
          if (socket.destroyed) return;
        }
      });
      socket.on("error", (error) => finish(error.message));
      socket.on("close", () => finish(greeted ? undefined : "closed without an answer"));
    });
  } catch (error) {
    return silence(error);
  }
};

/** Why an error means that it does not serve; undefined: it does. */
function refusal(packet: Buffer): string | undefined {
  if (packet.length < 3 || packet.readUInt16LE(1) !== SHUTTING_DOWN) return undefined;
  return "it is shutting down";
}

/** Abilities, the longest packet, the character set, 23 empty bytes, the user, no password, the method. */
function beginning(): Buffer {
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(ABILITIES, 0);
  fixed.writeUInt32LE(MOST_BYTES, 4);
  fixed[8] = 33;
  return Buffer.concat([fixed, Buffer.from("wakegate\0\0mysql_native_password\0")]);
}

function framed(body: Buffer, sequence: number): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUIntLE(body.length, 0, 3);
  head[3] = sequence & 0xff;
  return Buffer.concat([head, body]);
}
