import { describe, expect, it } from "vitest";
import { loadText, settingsOf, told } from "./support.ts";

describe("the configuration of messages", () => {
  it("is off until there is somewhere to send to", async () => {
    expect(settingsOf(await loadText("")).notify).toBeUndefined();
    const { notify } = settingsOf(await loadText("notify: { ntfy: { topic: attic } }"));
    expect(notify).toMatchObject({
      engineGraceMs: 120_000,
      repeatAfterMs: 6 * 3_600_000,
      ntfy: { url: "https://ntfy.sh", topic: "attic", priority: "high" },
    });
    expect(notify?.events).toHaveLength(6);
  });

  it("takes secrets from files beside the configuration, and from variables", async () => {
    const file = settingsOf(
      await loadText("notify: { webhook: { url: https://example.com/hook, secret_file: ./hook-secret } }"),
    );
    expect(file.notify?.webhook?.secret).toMatchObject({
      file: expect.stringMatching(/^\/.*\/hook-secret$/),
    });
    const env = {
      WAKEGATE_NOTIFY_NTFY_TOKEN: "tk_of_somebody",
      WAKEGATE_NOTIFY_EVENTS: "crash_loop,engine_gone",
    };
    const { notify } = settingsOf(await loadText("notify: { ntfy: { topic: attic } }", { env }));
    expect(notify?.ntfy?.token).toEqual({ text: "tk_of_somebody" });
    expect(notify?.events).toEqual(["crash_loop", "engine_gone"]);
  });

  it("says everything that does not fit together, and no secret", async () => {
    const loaded = await loadText(
      "notify:\n  webhook: { secret: hidden-word, secret_file: x }\n  ntfy: { token: other-word, priority: max }\n",
    );
    expect(told(loaded)).toEqual([
      "wakegate.yaml:2:12 notify.webhook: has no url: add the address that gets the messages",
      "wakegate.yaml:2:22 notify.webhook.secret: there is secret_file as well: keep one of them",
      "wakegate.yaml:3:9 notify.ntfy: has no topic: add one that is hard to guess",
    ]);
    expect(JSON.stringify(loaded)).not.toMatch(/hidden-word|other-word/);
    const bad = await loadText("notify: { webhook: { url: example.com/hook } }");
    expect(told(bad).join()).toContain("expected a URL such as https://example.com/hooks/wakegate");
  });
});
