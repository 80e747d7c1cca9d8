import { Agent, request } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { Askers } from "../../src/watchers/registry/askers.ts";
import { startRig } from "../http/rig.ts";
import { FakeDirectory, FakeTarget, targetSpec } from "../support/fake-target.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const COUNT = 10_000;
const AT_ONCE = 100;
/** Less than a kilobyte for each stranger: names in a bounded cache, not what they sent. */
const MOST_BYTES = 10 * 1024 ** 2;

it("10,000 strangers with hosts, agents, addresses and cookies of their own leave little behind", async () => {
  const blog = new FakeTarget(targetSpec("blog"));
  const any = new FakeTarget(targetSpec("any", { routes: [{ host: "*.pages.example.com", prefix: "/" }] }), {
    kind: "ready",
  });
  await using rig = await startRig(new FakeDirectory(blog, any), { settings: { unknownHosts: "deny" } });
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const { host, port } = rig.internal.address;
  const cookie = "c".repeat(20_000);
  const stranger = (n: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const label = `stranger-${String(n)}`;
      const headers = {
        "x-forwarded-method": "GET",
        "x-forwarded-host": `${label}.${n % 2 === 0 ? "pages.example.com" : "nowhere.example"}`,
        "x-forwarded-uri": `/${label}?${label}`,
        "x-forwarded-for": `203.${String(n >> 16)}.${String((n >> 8) & 255)}.${String(n & 255)}`,
        "user-agent": `${label} ${"u".repeat(400)}`,
        cookie,
      };
      const call = request({ host, port, path: "/api/authz/forward-auth", headers, agent }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      });
      call.on("error", reject);
      call.end();
    });
  const visit = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n += AT_ONCE) {
      const statuses = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => stranger(n + i)));
      expect(statuses.filter((status) => status === 200)).toHaveLength(AT_ONCE / 2);
    }
  };
  await visit(0, 1_000);
  collect();
  const before = process.memoryUsage().heapUsed;
  await visit(1_000, 1_000 + COUNT);
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(MOST_BYTES);
  expect(blog.wakes).toEqual([]);
  agent.destroy();
});

it("who asks for verdicts is remembered, a flood of them is not", () => {
  const askers = new Askers();
  for (let n = 0; n < 10_000; n++) askers.note(`10.1.${String(n >> 8)}.${String(n & 255)}`);
  expect(askers.has("10.1.0.0")).toBe(true);
  expect(askers.has("10.1.39.15")).toBe(false);
});
