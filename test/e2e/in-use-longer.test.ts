import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { told, whereIs, type Answer } from "./support/ask.ts";
import {
  makeApp,
  proxyNames,
  putBefore,
  stageOfFile,
  timesOf,
  until,
  untilAsleep,
  type Stage,
} from "./support/stage.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** How often a look has to find use: each comes after a whole idle time without a request. */
const LOOKS = 3;

const ANSWER = "code=$(cat /answer/code); echo says $code; exit $code";
const UNTIL_END = "until [ -e end ]; do sleep 0.1; done";

const stage = stageOfFile(undefined, {
  // Commands to run are not taken from labels.
  yaml: `targets: { asked: { busy_check: { exec: [sh, -c, '${ANSWER}'] } } }`,
});

/** The evidence of each look at it so far. */
function looksAt({ wakegate }: Stage, name: string): readonly (readonly string[])[] {
  return wakegate
    .log()
    .filter((line) => line.event === "last_look" && line.target === name)
    .map((line) => line["evidence"] as readonly string[]);
}

/** Resolves when some more looks have found use and nothing was put to sleep. */
async function staysAwake(s: Stage, name: string, evidence: RegExp): Promise<void> {
  const found = (): number =>
    looksAt(s, name).filter((look) => look.some((line) => evidence.test(line))).length;
  const enough = found() + LOOKS;
  await until(
    `looks at ${name} find ${String(evidence)}, the last: ${String(looksAt(s, name).at(-1))}`,
    () => {
      expect(timesOf(s, "sleep_started", name)).toBe(0);
      return found() >= enough;
    },
  );
}

/** A request whose answer, or whose own body, goes on. */
function open(url: string, method: string, headers: Readonly<Record<string, string>>): ClientRequest {
  return request({ ...whereIs(url), method, headers: { host: new URL(url).host, ...headers } });
}

for (const proxy of proxyNames) {
  suite(["docker", proxy], `use that takes longer than the idle time, behind ${proxy}`, () => {
    describe.concurrent("keeps the app awake until it ends", () => {
      it("an event stream that says little", async () => {
        const s = await stage();
        await using app = await makeApp(s, `events-${proxy}`, { labels: { idle_timeout: "1s" } });
        await using front = await putBefore(proxy, s, app);
        // An event in 700 ms is far below what counts as traffic.
        const stream = open(front.url("/sse?ms=700"), "GET", { accept: "text/event-stream" });
        stream.end();
        const [response] = (await once(stream, "response")) as [IncomingMessage];
        let heard = "";
        response.setEncoding("utf8").on("data", (text: string) => (heard += text));
        response.on("error", () => undefined);
        await staysAwake(s, app.name, /^session in-use: .* is still connected/);
        const before = heard.length;
        await until("another event", () => heard.length > before);
        stream.destroy();
        await untilAsleep(s, app.name, "stopped");
      });

      it("a slow upload, which arrives whole", async () => {
        const s = await stage();
        await using app = await makeApp(s, `upload-${proxy}`, { labels: { idle_timeout: "1s" } });
        await using front = await putBefore(proxy, s, app);
        const upload = open(front.url(), "PUT", { "content-type": "application/octet-stream" });
        upload.on("error", () => undefined);
        const answered = once(upload, "response") as Promise<[IncomingMessage]>;
        answered.catch(() => undefined);
        const block = Buffer.alloc(2_000, "w");
        let bytes = 0;
        const ends = new AbortController();
        const sending = (async () => {
          for (; !ends.signal.aborted; bytes += block.length) {
            upload.write(block);
            await delay(50);
          }
          upload.end();
        })();
        try {
          await staysAwake(s, app.name, /^network in-use/);
        } finally {
          ends.abort();
          await sending;
        }
        const [response] = await answered;
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const answer: Answer = {
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        };
        expect(told(answer)).toMatchObject({ method: "PUT", bytes });
        await untilAsleep(s, app.name, "stopped");
      });
    });
  });
}

suite("docker", "an app that says itself whether it is busy", () => {
  it("is asked by a command inside its container: 1 is no, everything else keeps it awake", async () => {
    const s = await stage();
    await using folder = await tempFolder("answer");
    const answer = (code: number): Promise<void> => writeFile(join(folder.path, "code"), String(code));
    await answer(0);
    await using app = await makeApp(s, "asked", {
      labels: { idle_timeout: "1s" },
      binds: { [folder.path]: "/answer" },
      is: "ready",
    });
    await staysAwake(s, app.name, /^busy_check in-use: exit code 0, says 0$/);
    await answer(2);
    await staysAwake(s, app.name, /^busy_check in-use: exit code 2, says 2$/);
    await answer(1);
    await untilAsleep(s, app.name, "stopped");
    expect(looksAt(s, app.name).at(-1)).toContainEqual("busy_check quiet: exit code 1, says 1");
  });
});

suite("docker", "wakegate with NAME -- COMMAND", () => {
  /** Runs the command line as a process of its own. */
  function withApp({ wakegate }: Stage, name: string, script: string) {
    const config = join(wakegate.folder, "wakegate.yaml");
    const args = ["with", name, "--config", config, "--", "sh", "-c", script];
    const child = spawn(process.execPath, ["--import", "tsx", MAIN, ...args]);
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.stdout.resume();
    const ended = (once(child, "close") as Promise<[number | null]>).then(([code]) => ({ code, err }));
    return { child, ended };
  }

  async function leasesOf({ wakegate }: Stage, name: string): Promise<readonly string[]> {
    const response = await fetch(`http://${wakegate.internal}/api/v1/targets/${name}`, {
      headers: wakegate.asAdmin,
    });
    return ((await response.json()) as { leases: readonly string[] }).leases;
  }

  it("wakes it, holds it while others fall asleep, hands on the exit code and lets go", async () => {
    const s = await stage();
    await using folder = await tempFolder("with");
    await using app = await makeApp(s, "held", { labels: { idle_timeout: "1s" } });
    const { ended } = withApp(s, app.name, `cd ${folder.path}; touch runs; ${UNTIL_END}; exit 7`);
    await until("the command runs", () => existsSync(join(folder.path, "runs")));
    expect(timesOf(s, "target_ready", app.name)).toBe(1);
    expect(await leasesOf(s, app.name)).toEqual([expect.stringContaining("wakegate with: sh")]);
    // Another one with the same idle time, which begins later.
    await using beside = await makeApp(s, "beside", { labels: { idle_timeout: "1s" }, is: "ready" });
    await untilAsleep(s, beside.name, "stopped");
    expect(timesOf(s, "sleep_started", app.name)).toBe(0);
    await writeFile(join(folder.path, "end"), "");
    expect(await ended).toMatchObject({ code: 7 });
    expect(await leasesOf(s, app.name)).toEqual([]);
    await untilAsleep(s, app.name, "stopped");
  });

  it("passes a signal on to the command, and lets go then too", async () => {
    const s = await stage();
    await using folder = await tempFolder("with");
    await using app = await makeApp(s, "ended", { labels: { idle_timeout: "1s" } });
    const trap = `trap 'touch told; exit 5' TERM`;
    const { child, ended } = withApp(s, app.name, `cd ${folder.path}; ${trap}; touch runs; ${UNTIL_END}`);
    await until("the command runs", () => existsSync(join(folder.path, "runs")));
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 5 });
    expect(existsSync(join(folder.path, "told"))).toBe(true);
    expect(await leasesOf(s, app.name)).toEqual([]);
    await untilAsleep(s, app.name, "stopped");
  });

  it("does not run the command when the app cannot wake up", async () => {
    const s = await stage();
    await using folder = await tempFolder("with");
    await using app = await makeApp(s, "dies", { env: { BOOT_MS: "60000", EXIT_MS: "0", EXIT_CODE: "3" } });
    const { code, err } = await withApp(s, app.name, `touch ${folder.path}/runs`).ended;
    expect(code).toBe(1);
    expect(err).toContain("exit code 3");
    expect(existsSync(join(folder.path, "runs"))).toBe(false);
    expect(await leasesOf(s, app.name)).toEqual([]);
  });
});
