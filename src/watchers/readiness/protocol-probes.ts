import { openSocket } from "../../lib/open-socket.ts";
import { silence, type HostAndPort, type ProbeResult } from "../../lib/probe-result.ts";
import type { TcpProbe } from "../../lib/tcp-probe.ts";

/** One question and how its answer is judged. */
interface Question {
  readonly ask: Uint8Array;
  /** True: ready. A text: why not. Undefined: the answer is not complete yet. */
  readonly judge: (answer: Buffer) => true | string | undefined;
}

/** Asks one address. Never rejects; an aborted signal gives "silent". */
export type StreamProbe = (input: TcpProbe, signal: AbortSignal) => Promise<ProbeResult>;

/** More than any of the answers needs. */
const MOST_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * PostgreSQL: the first message of a session. It answers with a request to log in, or with an error that is no
 * "starting up" (57P03): both prove that it serves.
 */
export const probePostgres: StreamProbe = (input, signal) =>
  ask(input, { ask: startupMessage("wakegate"), judge: judgePostgres }, signal);

/** Redis and its kin: PING. A server that wants a password answers too; one that loads its data says so. */
export const probeRedis: StreamProbe = (input, signal) =>
  ask(input, { ask: Buffer.from("PING\r\n"), judge: judgeRedis }, signal);

/** Minecraft (Java edition): the server's own status. */
export const probeMinecraft: StreamProbe = (input, signal) =>
  ask(input, { ask: statusRequest(input.address), judge: judgeMinecraft }, signal);

async function ask(
  { address, clock, preface = NOTHING }: TcpProbe,
  question: Question,
  signal: AbortSignal,
): Promise<ProbeResult> {
  try {
    const socket = await openSocket(address, clock, signal);
    return await new Promise((resolve) => {
      let answer = Buffer.alloc(0);
      const finish = (result: ProbeResult): void => {
        socket.destroy();
        resolve(result);
      };
      const silent = (error: string): void => finish({ kind: "silent", error });
      socket.on("data", (chunk: Buffer) => {
        answer = Buffer.concat([answer, chunk]);
        const verdict = answer.length > MOST_BYTES ? "it answers something else" : question.judge(answer);
        if (verdict === true) finish({ kind: "answer", status: 0 });
        else if (verdict !== undefined) silent(verdict);
      });
      socket.on("error", (error) => finish(silence(error)));
      socket.on("close", () => silent("closed without an answer"));
      socket.write(Buffer.concat([preface, question.ask]));
    });
  } catch (error) {
    return silence(error);
  }
}

function startupMessage(user: string): Uint8Array {
  const body = Buffer.from(`user\0${user}\0database\0${user}\0\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  head.writeUInt32BE(0x0003_0000, 4);
  return Buffer.concat([head, body]);
}

/** Message: type, length (itself included), body. Error fields: a letter and a text that ends with 0. */
function judgePostgres(answer: Buffer): true | string | undefined {
  const type = String.fromCharCode(answer[0] ?? 0);
  if (type === "R") return true;
  if (type !== "E") return "it does not answer as PostgreSQL does";
  if (answer.length < 5 || answer.length < 1 + answer.readUInt32BE(1)) return undefined;
  const fields = answer.toString("latin1", 5).split("\0");
  if (!fields.includes("C57P03")) return true;
  return fields.find((field) => field.startsWith("M"))?.slice(1) ?? "it is starting up";
}

function judgeRedis(answer: Buffer): true | string | undefined {
  const text = answer.toString("latin1");
  if (!/^[+-]/.test(text)) return "it does not answer as Redis does";
  if (!text.includes("\r\n")) return undefined;
  return /^-(LOADING|MASTERDOWN|BUSY)/.test(text) ? text.slice(1).trim() : true;
}

/** Handshake with next state 1, then the empty status request. Protocol -1: "only asking". */
function statusRequest({ host, port }: HostAndPort): Uint8Array {
  const name = Buffer.from(host);
  const body = Buffer.concat([
    Buffer.from([0x00, 0xff, 0xff, 0xff, 0xff, 0x0f, name.length]),
    name,
    Buffer.from([port >> 8, port & 0xff, 0x01]),
  ]);
  return Buffer.concat([Buffer.from([body.length]), body, Buffer.from([0x01, 0x00])]);
}

/** Length, packet id 0, a JSON text. The length alone tells nothing; the id comes after at most 5 bytes. */
function judgeMinecraft(answer: Buffer): true | string | undefined {
  let offset = 0;
  while (offset < 5 && ((answer[offset] ?? 0) & 0x80) !== 0) offset += 1;
  const id = answer[offset + 1];
  if (id === undefined) return undefined;
  return id === 0 ? true : "it does not answer as Minecraft does";
}
