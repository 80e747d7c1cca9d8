import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { channelsOf } from "../../../src/admin/notify/channel.ts";
import { goneNews, trialNews } from "../../../src/admin/notify/news.ts";
import { Outbox } from "../../../src/admin/notify/outbox.ts";
import type { NotifySettings } from "../../../src/config/model/notify.ts";
import { startReceiver, type Receiver } from "../../support/receiver.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const SECRET = "a-secret-of-the-receiver";
const NEWS = goneNews("nas", "connection refused", 0);

interface Post extends AsyncDisposable {
  readonly receiver: Receiver;
  readonly clock: VirtualClock;
  readonly log: RecordingLog;
  /** What was counted: `webhook engine_gone sent`. */
  readonly fates: readonly string[];
  readonly outbox: Outbox;
}

async function office(more: (url: string) => Partial<NotifySettings>): Promise<Post> {
  const receiver = await startReceiver();
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const settings = { events: [], engineGraceMs: 0, repeatAfterMs: 1, ...more(receiver.url) };
  const [channel] = channelsOf(settings);
  if (!channel) throw new Error("no channel");
  const fates: string[] = [];
  const outbox = new Outbox(channel, {
    clock,
    log,
    count: (...what) => fates.push(what.join(" ")),
  });
  return {
    receiver,
    clock,
    log,
    fates,
    outbox,
    [Symbol.asyncDispose]: async () => {
      outbox[Symbol.dispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

const hook = (url: string): Partial<NotifySettings> => ({
  webhook: { url: `${url}/hooks/path-that-is-a-secret?key=too`, secret: { text: SECRET } },
});

/** Waits for what the network does; the clock stands still meanwhile. */
async function logged(log: RecordingLog, event: string): Promise<void> {
  await vi.waitFor(() => expect(log.of(event)).not.toEqual([]), { timeout: 20_000, interval: 5 });
}

describe("the outbox", () => {
  it("signs what it sends, so that the receiver knows who and when", async () => {
    await using the = await office(hook);
    the.outbox.put(NEWS);
    await the.receiver.until(1);
    const [got] = the.receiver.got;
    if (!got) throw new Error("nothing came");
    expect(got.url).toBe("/hooks/path-that-is-a-secret?key=too");
    expect(got.json).toMatchObject({ version: 1, event: "engine_gone", engine: "nas", tone: "problem" });
    const seconds = String(got.headers["x-wakegate-timestamp"]);
    expect(Number(seconds)).toBe(Math.floor(the.clock.now() / 1_000));
    const mac = createHmac("sha256", SECRET).update(`${seconds}.${got.body}`).digest("hex");
    expect(got.headers["x-wakegate-signature"]).toBe(`v1=${mac}`);
    expect(got.headers["x-wakegate-delivery"]).toBe(got.json["id"]);
  });

  it("tries again what fails, under the same id, and the next message waits its turn", async () => {
    await using the = await office(hook);
    the.receiver.answer = (res, _, count) => void res.writeHead(count < 3 ? 503 : 204).end();
    the.outbox.put(NEWS);
    the.outbox.put(trialNews(0));
    await logged(the.log, "notify_retried");
    await the.clock.advance(2_000);
    await the.receiver.until(2);
    await expect.poll(() => the.clock.pending, { interval: 5 }).toBe(1);
    await the.clock.advance(4_000);
    await the.receiver.until(4);
    expect(the.receiver.got.map(({ json }) => json["event"])).toEqual([
      "engine_gone",
      "engine_gone",
      "engine_gone",
      "test",
    ]);
    expect(new Set(the.receiver.got.slice(0, 3).map(({ json }) => json["id"])).size).toBe(1);
    await expect.poll(() => the.outbox.size, { interval: 5 }).toBe(0);
    expect(the.fates).toEqual(["webhook engine_gone sent", "webhook test sent"]);
  });

  it("waits as long as the receiver wishes", async () => {
    await using the = await office(hook);
    the.receiver.answer = (res, _, count) =>
      void res.writeHead(count === 1 ? 429 : 204, { "retry-after": "60" }).end();
    the.outbox.put(NEWS);
    await logged(the.log, "notify_retried");
    await the.clock.advance(59_000);
    expect(the.receiver.got).toHaveLength(1);
    await the.clock.advance(1_000);
    await the.receiver.until(2);
  });

  it("never waits for a receiver that stalls: neither does who has news, nor for ever the message", async () => {
    await using the = await office(hook);
    the.receiver.answer = (res, _, count) => void (count > 1 && res.writeHead(204).end());
    the.outbox.put(NEWS);
    expect(the.outbox.size).toBe(1);
    await the.receiver.until(1);
    await the.clock.advance(10_000);
    await logged(the.log, "notify_retried");
    expect(the.log.of("notify_retried")[0]).toContain("no answer within 10000 ms");
    await the.clock.advance(2_000);
    await the.receiver.until(2);
    await logged(the.log, "notify_sent");
  });

  it("follows no redirection, and says where it would lead", async () => {
    await using elsewhere = await startReceiver();
    await using the = await office(hook);
    the.receiver.answer = (res) => void res.writeHead(307, { location: `${elsewhere.url}/x` }).end();
    the.outbox.put(NEWS);
    await logged(the.log, "notify_refused");
    expect(the.log.of("notify_refused")[0]).toContain("a redirection to 127.0.0.1:");
    expect(elsewhere.got).toEqual([]);
    expect(the.outbox.size).toBe(0);
    expect(the.fates).toEqual(["webhook engine_gone refused"]);
  });

  it("holds only so many, and gives up after an hour", async () => {
    await using the = await office(hook);
    the.receiver.answer = (res) => void res.writeHead(500).end();
    for (let i = 0; i < 60; i++) the.outbox.put(goneNews(`engine-${String(i)}`, "away", 0));
    expect(the.outbox.size).toBe(50);
    expect(the.log.of("notify_dropped")).toHaveLength(10);
    await logged(the.log, "notify_retried");
    await vi.waitFor(
      async () => {
        await the.clock.advance(5 * 60_000);
        expect(the.log.of("notify_failed")).not.toEqual([]);
      },
      { timeout: 20_000, interval: 5 },
    );
    expect(the.log.of("notify_failed")[0]).toContain("given up: it answered 500");
    expect(the.fates.filter((fate) => fate === "webhook engine_gone dropped")).toHaveLength(10);
    expect(the.fates).toContain("webhook engine_gone given_up");
  });

  it("tells the host to the log and nothing that is secret", async () => {
    await using the = await office(hook);
    the.receiver.answer = (res, _, count) => void res.writeHead(count === 1 ? 500 : 401).end();
    the.outbox.put(NEWS);
    await logged(the.log, "notify_retried");
    await the.clock.advance(2_000);
    await logged(the.log, "notify_refused");
    const text = JSON.stringify(the.log.lines);
    expect(text).toContain("webhook 127.0.0.1:");
    for (const secret of [SECRET, "path-that-is-a-secret", "key=too"]) expect(text).not.toContain(secret);
  });

  it("publishes to ntfy with topic, priority and the token of a file that may be renewed", async () => {
    await using folder = await tempFolder("ntfy");
    const file = join(folder.path, "token");
    await writeFile(file, "tk_first\n");
    await using the = await office((url) => ({
      ntfy: { url, topic: "attic-4f1c", token: { file }, priority: "max", title: "attic" },
    }));
    the.outbox.put(NEWS);
    await the.receiver.until(1);
    await writeFile(file, "tk_second\n");
    the.outbox.put(trialNews(0));
    await the.receiver.until(2);
    const [first, second] = the.receiver.got;
    expect(first).toMatchObject({
      url: "/",
      json: {
        topic: "attic-4f1c",
        title: "attic: Engine nas does not answer",
        priority: 5,
        tags: ["warning"],
      },
    });
    expect(first?.headers.authorization).toBe("Bearer tk_first");
    expect(second?.headers.authorization).toBe("Bearer tk_second");
    expect(second?.json["priority"]).toBe(2);
  });
});
