import { createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, it, vi } from "vitest";
import { freePort } from "../support/free-port.ts";
import { findBinary, suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { run } from "./support/run.ts";
import { stage, type Sleeper } from "./support/sleepers.ts";

vi.setConfig({ testTimeout: 120_000 });

suite("socat", "Any program behind the shim", () => {
  const serve = async (command: string, keys = {}): Promise<Sleeper> => {
    const port = await freePort();
    const where = `TCP-LISTEN:${String(port)},bind=127.0.0.1,fork,reuseaddr`;
    return { command: ["socat", "-t", "90", where, `EXEC:${command}`], port, keys: { ...keys } };
  };
  /** Random bytes over and over, as many as asked for, and told what they were. */
  const flow = (bytes: number): { readonly stream: Readable; sum(): string } => {
    const block = randomBytes(1024 * 1024);
    const hash = createHash("sha256");
    const stream = Readable.from(
      (function* () {
        for (let n = 0; n < bytes / block.length; n++) {
          block.writeUInt32BE(n, 0);
          const part = Buffer.from(block);
          hash.update(part);
          yield part;
        }
      })(),
    );
    return { stream, sum: () => hash.digest("hex") };
  };

  it("keeps a half-close through the wake: the checksum comes after the end", async () => {
    await using temp = await tempFolder("socat");
    await using scene = await stage(temp.path, { sum: await serve("sha256sum") });
    const to = `TCP:127.0.0.1:${String(scene.at("sum"))}`;
    const ran = await run("socat", ["-t", "60", "-", to], "all that I have");
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toBe(`${createHash("sha256").update("all that I have").digest("hex")}  -\n`);
  });

  it("carries a gigabyte up, and 256 MB both ways at once, unchanged", async () => {
    await using temp = await tempFolder("socat");
    await using scene = await stage(temp.path, { sum: await serve("sha256sum"), back: await serve("cat") });
    const up = flow(1024 ** 3);
    const socket = connect({ port: scene.at("sum"), host: "127.0.0.1", allowHalfOpen: true });
    let answer = "";
    socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
    up.stream.pipe(socket);
    await once(socket, "end");
    expect(answer).toBe(`${up.sum()}  -\n`);
    const both = flow(256 * 1024 ** 2);
    const echoed = createHash("sha256");
    const echo = connect({ port: scene.at("back"), host: "127.0.0.1", allowHalfOpen: true });
    echo.on("data", (data: Buffer) => void echoed.update(data));
    both.stream.pipe(echo);
    await once(echo, "end");
    expect(echoed.digest("hex")).toBe(both.sum());
  });

  it("brings datagrams both ways, the first ones too, though the program takes its time to listen", async () => {
    await using temp = await tempFolder("udp");
    const [port, listen] = [await freePort(), await freePort()];
    const echo = `sleep 2; exec socat UDP4-RECVFROM:${String(port)},bind=127.0.0.1,fork EXEC:cat`;
    const sleeper = { command: ["sh", "-c", echo], port, listen };
    const keys = {
      readiness: { kind: "none" },
      udp: [{ listen: `127.0.0.1:${String(listen)}`, port }],
      stream: { udp_timeout: "1s" },
    };
    await using scene = await stage(temp.path, { game: { ...sleeper, keys } });
    const socket = createSocket("udp4");
    const heard: string[] = [];
    socket.on("message", (data) => heard.push(data.toString()));
    for (const word of ["one", "two"]) socket.send(word, listen, "127.0.0.1");
    await vi.waitUntil(() => heard.length === 2, { timeout: 30_000 });
    expect(heard.toSorted()).toEqual(["one", "two"]);
    await vi.waitUntil(() => scene.sleeps("game") === 1, { timeout: 30_000 });
    socket.send("three", listen, "127.0.0.1");
    await vi.waitUntil(() => heard.length === 3, { timeout: 30_000 });
    socket.close();
    expect(await scene.starts("game")).toBe(2);
  });

  it("leads TLS clients by name to two targets on one listener, untouched", async () => {
    await using temp = await tempFolder("tls");
    const listen = await freePort();
    const site = async (name: string): Promise<Sleeper> => {
      const [key, cert] = [join(temp.path, `${name}.key`), join(temp.path, `${name}.pem`)];
      const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      const files = ["-keyout", key, "-out", cert, "-subj", `/CN=${name}.example.com`, "-days", "2"];
      expect((await run("openssl", [...made, ...files])).code).toBe(0);
      const port = await freePort();
      return {
        command: [
          "openssl",
          "s_server",
          "-accept",
          `127.0.0.1:${String(port)}`,
          "-cert",
          cert,
          "-key",
          key,
          "-www",
        ],
        port,
        listen,
        forward: { protocol: "tls", names: [`${name}.example.com`] },
      };
    };
    await using scene = await stage(temp.path, { one: await site("one"), two: await site("two") });
    const ask = async (name: string): Promise<string> => {
      const to = ["-connect", `127.0.0.1:${String(listen)}`, "-servername", name];
      return (await run("openssl", ["s_client", ...to])).out;
    };
    expect(await ask("one.example.com")).toMatch(/subject=CN ?= ?one\.example\.com/);
    expect(await scene.starts("two")).toBe(0);
    expect(await ask("two.example.com")).toMatch(/subject=CN ?= ?two\.example\.com/);
    expect(await ask("three.example.com")).toMatch(/no peer certificate available/);
  });
});

suite("ssh", "SSH behind the shim", () => {
  it("wakes by a client that waits for the server's first word, and logs in", async () => {
    await using temp = await tempFolder("ssh");
    const [hostKey, ownKey] = [join(temp.path, "host"), join(temp.path, "own")];
    for (const file of [hostKey, ownKey]) {
      expect((await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file])).code).toBe(0);
    }
    const port = await freePort();
    const config = join(temp.path, "sshd_config");
    const lines = {
      ListenAddress: "127.0.0.1",
      Port: String(port),
      HostKey: hostKey,
      AuthorizedKeysFile: `${ownKey}.pub`,
      PidFile: "none",
      StrictModes: "no",
      UsePAM: "no",
      PermitRootLogin: "yes",
    };
    await writeFile(
      config,
      Object.entries(lines).map((line) => `${line.join(" ")}\n`),
    );
    // The system's own start makes this folder; without a start of the system it is not there.
    if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true });
    const command = [findBinary("ssh") ?? "", "-D", "-e", "-f", config];
    await using scene = await stage(temp.path, { host: { command, port } });
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"];
    const flags = ["-F", "none", "-i", ownKey, "-p", String(scene.at("host"))];
    const login = [
      ...flags,
      ...options.flatMap((option) => ["-o", option]),
      "127.0.0.1",
      "echo in; sleep 4; echo out",
    ];
    expect(await run("ssh", login)).toMatchObject({ code: 0, out: "in\nout\n" });
    // It was silent for four seconds, and its idle time is one.
    expect([await scene.starts("host"), scene.sleeps("host")]).toEqual([1, 0]);
    await vi.waitUntil(() => scene.sleeps("host") === 1, { timeout: 30_000 });
  });
});
