import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../src/lib/clock.ts";
import { DockerProvider, type DockerTuning } from "../../../src/providers/docker/provider.ts";
import { RecordingSink } from "../../contract/recording-sink.ts";
import { FakeDocker, sendError } from "../../support/fake-docker.ts";

let docker: FakeDocker;
const opened: AsyncDisposable[] = [];

beforeEach(async () => {
  docker = await FakeDocker.start();
  opened.push(docker);
});

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function follow(tuning: DockerTuning["watch"] = {}, url = docker.url): Promise<RecordingSink> {
  const provider = new DockerProvider(
    { kind: "docker", name: "local", url },
    { clock: systemClock },
    { watch: { backoff: { firstMs: 5, maxMs: 20 }, ...tuning } },
  );
  opened.push(provider);
  const sink = new RecordingSink();
  void provider.watch(sink, new AbortController().signal);
  return sink;
}

const listedTimes =
  (times: number) =>
  ({ listings }: RecordingSink): boolean =>
    listings.length === times;

describe("watch on a Docker engine", () => {
  test("opens the stream before it lists, and tells what happened in between after the listing", async () => {
    const { id } = docker.add("blog");
    docker.intercept = ({ path }) => {
      if (path === "/containers/json") docker.emit(id, "start");
      return false;
    };
    const sink = await follow();
    await sink.until("told", (sink) => sink.causes(id).length === 1);
    expect(docker.calls).toEqual(["GET /version", "GET /events", "GET /containers/json"]);
    expect(sink.seen[0]).toHaveProperty("listed");
  });

  test("understands events cut anywhere, and leaves out what is none of ours", async () => {
    const { id } = docker.add("blög-☃");
    const sink = await follow();
    await sink.until("listed", listedTimes(1));
    const lines = [
      docker.eventLine(id, "exec_create: sh"),
      docker.eventLine(id, "kill", { signal: "15" }),
      docker.eventLine(id, "health_status: unhealthy"),
      JSON.stringify({
        Type: "network",
        Action: "connect",
        Actor: { ID: "net", Attributes: { container: id } },
      }),
      JSON.stringify({ Type: "image", Action: "pull", Actor: { ID: "x" } }),
      docker.eventLine(id, "die"),
    ];
    for (const byte of Buffer.from(`${lines.join("\n")}\n`)) docker.emitRaw(Uint8Array.of(byte));
    await sink.until("died", (sink) => sink.causes(id).includes("died"));
    expect(sink.causes(id)).toEqual(["signalled", "health", "network", "died"]);
    expect(sink.seen).toContainEqual({ changed: { id, cause: "signalled", signal: "SIGTERM" } });
  });

  test("lists once for each stream that ends, resets or sends nonsense", async () => {
    const sink = await follow({ steadyMs: 0 });
    await sink.until("listed", listedTimes(1));
    docker.endStreams();
    await sink.until("listed", listedTimes(2));
    docker.reset();
    await sink.until("listed", listedTimes(3));
    docker.emitRaw("this is no JSON\n");
    await sink.until("listed", listedTimes(4));
    await delay(50);
    expect(docker.count("GET /containers/json")).toBe(4);
    expect(docker.openStreams).toBe(1);
    expect(sink.outages).toHaveLength(0);
  });

  test("slows down when every stream ends at once", async () => {
    docker.intercept = ({ path, response }) => {
      if (path !== "/events") return false;
      response.writeHead(200).end();
      return true;
    };
    const sink = await follow({ backoff: { firstMs: 100, maxMs: 1000 } });
    await delay(450);
    expect(sink.listings.length).toBeGreaterThanOrEqual(2);
    expect(sink.listings.length).toBeLessThanOrEqual(4);
  });

  test("tells a failing listing as one outage, and recovers", async () => {
    docker.intercept = ({ path, response }) => {
      if (path !== "/containers/json") return false;
      sendError(response, 500, "the disk is full");
      return true;
    };
    const sink = await follow();
    await sink.until("away", ({ outages }) => outages.length === 1);
    await delay(100);
    expect(sink.outages).toHaveLength(1);
    expect(sink.outages[0]).toMatchObject({ code: "engine_failed" });
    expect(sink.outages[0]?.message).toContain("the disk is full");
    docker.intercept = undefined;
    await sink.until("listed", listedTimes(1));
    expect(docker.openStreams).toBe(1);
  });

  test("takes a listing that is cut in the middle for a failure at once", async () => {
    docker.add("blog");
    let cuts = 0;
    docker.intercept = ({ path, response }) => {
      if (path !== "/containers/json" || cuts++ > 0) return false;
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
      response.write('[{"Id":"abc"', () => response.destroy());
      return true;
    };
    const began = Date.now();
    const sink = await follow();
    await sink.until("listed", listedTimes(1));
    expect(sink.outages).toHaveLength(1);
    expect(sink.outages[0]?.message).toContain("in the middle of an answer");
    expect(Date.now() - began).toBeLessThan(2_000);
  });

  test("takes one more try where the way back is cut as well, and tells an outage when that is cut, too", async () => {
    const sink = await follow();
    await sink.until("listed", listedTimes(1));
    let cuts = 1;
    docker.intercept = ({ path, response }) => {
      if (path !== "/containers/json" || cuts-- <= 0) return false;
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
      response.write('[{"Id":"abc"', () => response.destroy());
      return true;
    };
    docker.reset();
    await sink.until("listed", listedTimes(2));
    expect(sink.outages).toEqual([]);
    cuts = 2;
    docker.reset();
    await sink.until("listed", listedTimes(3));
    expect(sink.outages).toHaveLength(1);
  });

  test("agrees upon the version again after an outage", async () => {
    const sink = await follow({ steadyMs: 0 });
    await sink.until("listed", listedTimes(1));
    docker.apiVersion = "1.52";
    docker.minApiVersion = "1.44";
    docker.reset();
    await sink.until("listed", listedTimes(2));
    expect(docker.rawCalls.at(-1)).toContain("/v1.51/containers/json");
    expect(sink.outages).toHaveLength(0);
  });

  test("asks nothing at rest on a unix socket", async () => {
    const sink = await follow({ silenceMs: 10 });
    await sink.until("listed", listedTimes(1));
    await delay(150);
    expect(docker.calls).toHaveLength(3);
  });

  test("finds a silent TCP engine dead when it does not answer any more", async () => {
    const tcp = await FakeDocker.start("tcp");
    opened.push(tcp);
    const sink = await follow({ silenceMs: 30 }, tcp.url);
    await sink.until("listed", listedTimes(1));
    await vi.waitUntil(() => tcp.count("GET /_ping") > 1, { timeout: 30_000 });
    expect(tcp.count("GET /containers/json")).toBe(1);
    let refused = false;
    tcp.intercept = ({ path, response }) => {
      if (path !== "/_ping" || refused) return false;
      refused = true;
      response.destroy();
      return true;
    };
    await sink.until("listed again", listedTimes(2));
  });

  test("lists 10,000 containers in one call", async () => {
    for (let index = 0; index < 10_000; index++) {
      docker.add(`app-${String(index)}`, {
        labels: { "wakegate.enable": "true", "wakegate.hosts": `app${String(index)}.example.com` },
      });
    }
    const sink = await follow();
    await sink.until("listed", listedTimes(1));
    expect(sink.listings[0]?.instances).toHaveLength(10_000);
    expect(docker.calls).toHaveLength(3);
  });
});
