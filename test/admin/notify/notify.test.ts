import { describe, expect, it } from "vitest";
import { cli } from "../../../src/cli/cli.ts";
import { recorder } from "../../cli/recorder.ts";
import { startReceiver } from "../../support/receiver.ts";
import { adminRig, labelled } from "../admin-rig.ts";

const SECRET = "a-secret-of-the-receiver";

async function run(...args: string[]): Promise<{ readonly code: number; readonly text: string }> {
  const output = recorder();
  return { code: await cli(args, output), text: output.text() };
}

describe("messages", () => {
  it("come when a wake fails, and a stalled receiver holds up nothing", async () => {
    await using receiver = await startReceiver();
    receiver.answer = () => undefined;
    await using rig = await adminRig({
      env: { WAKEGATE_NOTIFY_WEBHOOK_URL: receiver.url, WAKEGATE_NOTIFY_WEBHOOK_SECRET: SECRET },
      setUp: (world) => {
        world.create("blog", { labels: labelled(), behaviour: { failStart: "no such image" } });
        world.create("wiki", { labels: labelled() });
      },
    });
    await rig.call("/targets/blog/wake", { json: {} });
    await receiver.until(1);
    expect(receiver.got[0]?.json).toMatchObject({ event: "wake_failed", target: "blog" });
    await rig.call("/targets/wiki/wake", { json: {} });
    await rig.until("wiki", "ready");
    expect((await rig.get("/metrics")).body).toContain('wakegate_notifications_waiting{channel="webhook"} 1');
    expect((await rig.call("/debug")).body).not.toContain(SECRET);
  });

  it("are tried by API and command line, which say how it went", async () => {
    await using receiver = await startReceiver();
    await using rig = await adminRig({
      env: {
        WAKEGATE_NOTIFY_WEBHOOK_URL: `${receiver.url}/hook`,
        WAKEGATE_NOTIFY_NTFY_URL: receiver.url,
        WAKEGATE_NOTIFY_NTFY_TOPIC: "attic",
      },
    });
    receiver.answer = (res, { url }) => void res.writeHead(url === "/hook" ? 204 : 403).end();
    const tried = await rig.call("/notify/test", { json: {} });
    expect(tried.json).toEqual({
      channels: [
        { channel: "webhook", ok: true },
        { channel: "ntfy", ok: false, why: "it answered 403" },
      ],
    });
    expect(await run("notify", "test", "--url", rig.url, "--state", rig.stateDir)).toEqual({
      code: 1,
      text: "webhook: sent\nntfy: not sent: it answered 403",
    });
    const { body } = await rig.get("/metrics");
    const counted = "wakegate_notifications_total";
    expect(body).toContain(`${counted}{channel="webhook",event="test",outcome="sent"} 2`);
    expect(body).toContain(`${counted}{channel="ntfy",event="test",outcome="refused"} 2`);
  });

  it("have nowhere to go until that is configured", async () => {
    await using rig = await adminRig();
    const none = await rig.call("/notify/test", { json: {} });
    expect(none).toMatchObject({ status: 409, json: { error: "not_configured" } });
    const told = await run("notify", "test", "--url", rig.url, "--state", rig.stateDir);
    expect(told.text).toContain("Set notify.webhook.url or notify.ntfy.topic.");
    expect((await run("notify")).code).toBe(2);
  });
});
