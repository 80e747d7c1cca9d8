import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { tempFolder } from "../../support/temp-folder.ts";

/** How much of an answer's body comes before a tear: inside any JSON document of the engine. */
const TORN_AFTER = 20;
const SLOW_BYTES = 64;

/** A proxy before the engine's socket that fails in the ways proxies do. */
export interface FaultySocket extends AsyncDisposable {
  readonly path: string;
  /** Answers trickle, a few bytes at a time. */
  slow(): void;
  /** The next so many answers are reset inside their body. */
  tear(answers: number): void;
  /** Nothing passes any more, either way; all connections stay open, new ones are accepted. Until `heal`. */
  stall(): void;
  /** What is open now stays open and brings nothing any more; new connections are served. */
  deafen(): void;
  /** Adds these lines, so many times, to every open event stream. */
  repeat(lines: readonly string[], times: number): void;
  heal(): void;
  /** How many answers were torn. */
  readonly torn: number;
}

type Mode = "through" | "slow" | "stalled";

/** Opens a {@link FaultySocket} in front of the socket `to`. */
export async function openFaultySocket(to: string): Promise<FaultySocket> {
  const folder = await tempFolder("faulty");
  const path = join(folder.path, "faulty.sock");
  const links = new Set<Link>();
  let mode: Mode = "through";
  let tears = 0;
  let torn = 0;
  const server = createServer((near) => {
    const link = new Link(near, connect(to), () => links.delete(link));
    links.add(link);
    link.slow = mode === "slow";
    link.tear = () => {
      if (tears === 0) return false;
      tears -= 1;
      torn += 1;
      return true;
    };
    if (mode === "stalled") link.stall();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const become = (next: Mode): void => {
    mode = next;
    for (const link of links) {
      link.slow = next === "slow";
      if (next === "stalled") link.stall();
      else link.resume();
    }
  };
  return {
    path,
    slow: () => become("slow"),
    tear: (answers) => void (tears = answers),
    stall: () => become("stalled"),
    deafen: () => {
      for (const link of links) link.deaf = true;
    },
    repeat: (lines, times) => {
      for (const link of links) if (link.isEventStream) link.repeat(lines, times);
    },
    heal: () => {
      tears = 0;
      become("through");
    },
    get torn() {
      return torn;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const link of links) link.end();
      await closed;
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** One connection through the proxy. */
class Link {
  slow = false;
  deaf = false;
  tear = (): boolean => false;
  isEventStream = false;
  readonly #near: Socket;
  readonly #far: Socket;
  /** What trickles: the rest, in order; undefined while nothing does. */
  #rest: Buffer | undefined;

  constructor(near: Socket, far: Socket, onEnd: () => void) {
    this.#near = near;
    this.#far = far;
    near.on("data", (data: Buffer) => {
      this.isEventStream ||= /^GET [^ ]*\/events\?/.test(data.toString("latin1"));
      if (!this.deaf) far.write(data);
    });
    far.on("data", (data: Buffer) => this.#answer(data));
    near.on("end", () => far.end());
    far.on("end", () => {
      if (!this.deaf && !this.#rest) near.end();
    });
    for (const socket of [near, far]) {
      socket.on("error", () => this.end());
      socket.on("close", () => {
        if ((this.deaf || this.#rest) && socket === far) return;
        onEnd();
        this.end();
      });
    }
  }

  stall(): void {
    this.#near.pause();
    this.#far.pause();
  }

  resume(): void {
    this.#near.resume();
    this.#far.resume();
  }

  /** The engine sends each event as one chunk of its own (RFC 9112 section 7.1). */
  repeat(lines: readonly string[], times: number): void {
    const chunk = lines
      .map((line) => `${(Buffer.byteLength(line) + 1).toString(16)}\r\n${line}\n\r\n`)
      .join("");
    this.#near.write(chunk.repeat(times));
  }

  end(): void {
    this.#near.destroy();
    this.#far.destroy();
  }

  #answer(data: Buffer): void {
    if (this.deaf) return;
    const body = data.indexOf("\r\n\r\n");
    if (body >= 0 && data.length > body + 4 + TORN_AFTER && !this.isEventStream && this.tear()) {
      this.#near.write(data.subarray(0, body + 4 + TORN_AFTER), () => this.end());
      return;
    }
    if (!this.slow) {
      this.#near.write(data);
      return;
    }
    const begun = this.#rest !== undefined;
    this.#rest = Buffer.concat([this.#rest ?? Buffer.alloc(0), data]);
    if (!begun) this.#trickle();
  }

  #trickle(): void {
    const rest = this.#rest ?? Buffer.alloc(0);
    if (rest.length === 0) {
      this.#rest = undefined;
      if (this.#far.readableEnded || this.#far.destroyed) this.#near.end();
      return;
    }
    this.#rest = rest.subarray(SLOW_BYTES);
    this.#near.write(rest.subarray(0, SLOW_BYTES), () => setImmediate(() => this.#trickle()));
  }
}
