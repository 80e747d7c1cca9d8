import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tempFolder } from "../support/temp-folder.ts";

let taken: Server;
let port = "";

beforeAll(async () => {
  taken = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(taken, "listening");
  port = String((taken.address() as AddressInfo).port);
});

afterAll(() => taken.close());

/** `wakegate serve` with this configuration, until it ends by itself. */
async function serve(yaml: string): Promise<{ readonly code: number | null; readonly text: string }> {
  await using folder = await tempFolder("failed-start");
  const file = join(folder.path, "wakegate.yaml");
  const blocked = join(folder.path, "not-a-folder");
  await writeFile(blocked, "");
  const state = yaml.includes("state_dir") ? "" : `state_dir: ${folder.path}/state\n`;
  await writeFile(file, state + yaml.replaceAll("BLOCKED", blocked));
  const child = spawn(process.execPath, ["--import", "tsx", "src/main.ts", "serve", "--config", file], {
    env: { ...process.env, DOCKER_HOST: "unix:///nowhere.sock" },
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, text };
}

const FREE = "listen: 127.0.0.1:0\npublic_listen: 127.0.0.1:0\n";

describe("a start that fails", () => {
  it.each([
    [
      "the internal port is taken",
      () => `listen: 127.0.0.1:${port}\npublic_listen: 127.0.0.1:0\n`,
      /already in use/,
    ],
    [
      "the public port is taken",
      () => `listen: 127.0.0.1:0\npublic_listen: 127.0.0.1:${port}\n`,
      /already in use/,
    ],
    ["the state cannot be written", () => `${FREE}state_dir: BLOCKED/state\n`, /state/],
    ["an engine cannot be opened", () => `${FREE}providers: { docker: { one: ftp://nowhere } }\n`, /one/],
  ])("ends the process with 1: %s", async (_, yaml, reason) => {
    const ended = await serve(yaml());
    expect(ended.code).toBe(1);
    expect(ended.text).toMatch(reason);
  });
});

describe("SIGTERM during a start", () => {
  it("ends it", async () => {
    await using folder = await tempFolder("abandoned-start");
    const file = join(folder.path, "wakegate.yaml");
    // A Redis that takes the connection and never answers keeps the start waiting.
    await writeFile(
      file,
      `${FREE}state_dir: ${folder.path}\nstore: { redis: { url: redis://127.0.0.1:${port} } }\n`,
    );
    const child = spawn(process.execPath, ["--import", "tsx", "src/main.ts", "serve", "--config", file], {
      env: { ...process.env, DOCKER_HOST: "unix:///nowhere.sock" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const connected = once(taken, "connection");
    await connected;
    child.kill("SIGTERM");
    const [code] = (await once(child, "close")) as [number | null];
    expect(code).toBe(0);
  });
});
