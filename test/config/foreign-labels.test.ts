import { describe, expect, it } from "vitest";
import { formatRoute } from "../../src/config/values/host-pattern.ts";
import { line, loadText, read, settingsOf, specOf, told } from "./support.ts";

const GODOXY = "foreign_labels: [godoxy]\n";
const SABLIER = "foreign_labels: [sablier]\n";

describe("labels of other programs", () => {
  it("mean nothing until a setting says so", async () => {
    const labels = { "sablier.enable": "true", "proxy.idle_timeout": "1h" };
    expect(await read("app", labels)).toMatchObject({ kind: "ignored", because: "unlabelled", problems: [] });
    expect(await read("app", labels, SABLIER)).toMatchObject({ kind: "target" });
  });

  it("are weaker than ours, and wakegate.enable alone decides", async () => {
    const labels = { "proxy.idle_timeout": "1h", "proxy.stop_method": "kill" };
    const mixed = await specOf("app", { ...labels, "wakegate.stop_method": "pause" }, GODOXY);
    expect(mixed).toMatchObject({ idleTimeoutMs: 3_600_000, stopMethod: "pause" });
    const off = await read("app", { ...labels, "wakegate.enable": "false" }, GODOXY);
    expect(off).toMatchObject({ kind: "ignored", because: "disabled" });
  });

  it("of an unknown program are refused with the ones there are", async () => {
    expect(told(await loadText("foreign_labels: [nursery]\n")).join()).toMatch(/sablier.*godoxy/);
  });

  it("can be named in the environment", async () => {
    const loaded = await loadText("", { env: { WAKEGATE_FOREIGN_LABELS: "sablier,godoxy" } });
    expect(settingsOf(loaded).foreignLabels).toEqual(["sablier", "godoxy"]);
  });
});

describe("labels of GoDoxy", () => {
  it("give the whole idle family", async () => {
    const spec = await specOf(
      "app",
      {
        "proxy.idle_timeout": "1h30m",
        "proxy.wake_timeout": "1.5m",
        "proxy.stop_timeout": "10s",
        "proxy.stop_method": "kill",
        "proxy.stop_signal": "INT",
        "proxy.start_endpoint": "/start#top",
        "proxy.depends_on": "db:service_healthy:true, cache",
        "proxy.no_loading_page": "T",
      },
      GODOXY,
    );
    expect(spec).toMatchObject({
      idleTimeoutMs: 5_400_000,
      wakeTimeoutMs: 90_000,
      stopTimeoutMs: 10_000,
      stopMethod: "kill",
      stopSignal: "SIGINT",
      startEndpoint: "/start",
      dependsOn: [
        { name: "db", condition: "service_healthy" },
        { name: "cache", condition: "service_started" },
      ],
      noLoadingPage: true,
    });
  });

  it.each([
    ["1d", 86_400_000],
    ["2w", 1_209_600_000],
    ["1M", 2_592_000_000],
    ["1500ms", 1_500],
  ])("read the duration %s", async (written, ms) => {
    expect((await specOf("app", { "proxy.idle_timeout": written }, GODOXY)).idleTimeoutMs).toBe(ms);
  });

  it.each(["0", "0s", "-1s", ""])("leave a container alone whose idle_timeout is %j", async (written) => {
    expect((await read("app", { "proxy.idle_timeout": written }, GODOXY)).kind).toBe("ignored");
  });

  it("tell where the app is and when it is up, of the first alias", async () => {
    const spec = await specOf(
      "app",
      {
        "proxy.idle_timeout": "1h",
        "proxy.aliases": "photos.example.com,pics",
        "proxy.#1.port": "8080:2342",
        "proxy.*.scheme": "https",
        "proxy.photos.example.com.HealthCheck.Path": "/api/ping",
        "proxy.#1.healthcheck.timeout": "2s",
        "proxy.network": "apps",
      },
      GODOXY,
    );
    expect(spec.routes.map(formatRoute)).toEqual(["photos.example.com"]);
    expect(spec).toMatchObject({
      port: 2342,
      scheme: "https",
      network: "apps",
      readiness: { path: "/api/ping", timeoutMs: 2_000 },
    });
  });

  it("are named as they were written when they are wrong", async () => {
    const labels = { "proxy.idle_timeout": "90", "proxy.stop_method": "Stop" };
    const reading = await read("app", labels, GODOXY);
    expect(reading).toMatchObject({ kind: "invalid", name: "app" });
    expect(reading.problems.map(line)).toEqual([
      expect.stringMatching(/^container app \(local\) proxy.idle_timeout: expected a duration/),
      expect.stringMatching(/^container app \(local\) proxy.stop_method: /),
    ]);
    expect(reading.problems.map(({ value }) => value)).toEqual(["90", "Stop"]);
  });
});

describe("labels of Sablier", () => {
  it("need the exact word true", async () => {
    expect((await read("app", { "sablier.enable": "True" }, SABLIER)).kind).toBe("ignored");
    expect((await read("app", { "sablier.enable": "true" }, SABLIER)).kind).toBe("target");
  });

  it("give groups, hours and readiness", async () => {
    const spec = await specOf(
      "app",
      {
        "sablier.enable": "true",
        "sablier.group": "media, films",
        "sablier.running-hours": "22:00-06:00",
        "sablier.running-days": "mon-fri",
        "sablier.ready-on-start": "true",
      },
      SABLIER,
    );
    expect(spec.groups).toEqual(["media", "films"]);
    expect(spec.readiness.kind).toBe("none");
    expect(spec.schedule?.awake?.map(({ text }) => text)).toEqual(["Mon to Fri, 22:00 to 06:00"]);
  });

  it("that have no counterpart are named with what to do", async () => {
    const reading = await read(
      "app",
      { "sablier.enable": "true", "sablier.anti-affinity": "gpu", "sablier.idle.replicas": "0" },
      SABLIER,
    );
    expect(reading.kind).toBe("target");
    expect(reading.problems.map(line)).toEqual([
      expect.stringMatching(/^container app \(local\) sablier.anti-affinity: is not read: a pool/),
      expect.stringMatching(/^container app \(local\) sablier.idle.replicas: is not read: Wakegate stops/),
    ]);
  });
});
