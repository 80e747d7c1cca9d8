import { expect, it } from "vitest";
import { whyOf } from "../../src/admin/facts/why-of.ts";
import { labels, rig } from "../watchers/world.ts";

it("why names who polls a target, what that does, and the rule that ends it", async () => {
  await using r = await rig({ setUp: (w) => w.create("cloud", { labels: labels(), status: "exited" }) });
  const poll = {
    client: "10.0.0.5",
    userAgent: "Nextcloud-desktop/3.14",
    method: "GET",
    path: "/status.php",
    everyMs: 30_000,
    since: 0,
    acts: true,
  };
  const save = { ...poll, userAgent: undefined, method: "POST", path: "/save", acts: false };
  expect(whyOf(r.watcher("cloud"), r.clock.now(), [poll, save]).notes).toEqual([
    'Nextcloud-desktop/3.14 (10.0.0.5) polls GET /status.php every 30 s. It does not count as use. To keep it from waking: rules: { nextcloud-desktop: { match: { clients: ["10.0.0.5"], paths: ["/status.php"] }, wakes: false } }',
    "10.0.0.5 polls POST /save every 30 s. It may change something, so it counts as use",
  ]);
});
