import { describe, expect, it } from "vitest";
import { ENABLE, line, loadText, read, settingsOf, told } from "./support.ts";

describe("keys of use", () => {
  it("read the same in the file and in labels", async () => {
    const yaml = `
targets:
  cloud:
    docker: { container: cloud }
    pause_after: 5m
    stop_after: 2h
    min_uptime: 10m
    dry_run: true
    activity: { network_above: 2000, cpu_above: 50, ignore_peers: [uptime-kuma, 10.0.0.0/8] }
    busy_check:
      http: { path: "/Sessions?active=300", json_path: "sessions[0].id" }
      timeout: 2s
    schedule:
      time_zone: Europe/Berlin
      awake: ["Mon-Fri 08:00-18:00", "Sat 22:00-02:00"]
      no_wake: 23:00-06:00
      prewake: never
      every: 10m every 6h
`;
    const [target] = settingsOf(await loadText(yaml)).targets;
    const labelled = await read("cloud", {
      ...ENABLE,
      "wakegate.pause_after": "5m",
      "wakegate.stop_after": "2h",
      "wakegate.min_uptime": "10m",
      "wakegate.dry_run": "true",
      "wakegate.activity.network_above": "2000",
      "wakegate.activity.cpu_above": "50",
      "wakegate.activity.ignore_peers": "uptime-kuma,10.0.0.0/8",
      "wakegate.busy_check.http.path": "/Sessions?active=300",
      "wakegate.busy_check.http.json_path": "sessions[0].id",
      "wakegate.busy_check.timeout": "2s",
      "wakegate.schedule.time_zone": "Europe/Berlin",
      "wakegate.schedule.awake": "Mon-Fri 08:00-18:00; Sat 22:00-02:00",
      "wakegate.schedule.no_wake": "23:00-06:00",
      "wakegate.schedule.prewake": "never",
      "wakegate.schedule.every": "10m every 6h",
    });
    expect(labelled.problems).toEqual([]);
    const use = {
      pauseAfterMs: 300_000,
      stopAfterMs: 7_200_000,
      minUptimeMs: 600_000,
      dryRun: true,
      activity: { networkAbove: 2000, cpuAbove: 50, ignorePeers: ["uptime-kuma", "10.0.0.0/8"] },
      busyCheck: {
        http: { path: "/Sessions?active=300", jsonPath: ["sessions", "0", "id"] },
        timeoutMs: 2_000,
      },
      schedule: {
        timeZone: "Europe/Berlin",
        awake: [
          { from: 480, to: 1_080 },
          { days: [6], from: 1_320, to: 1_560 },
        ],
        noWake: [{ from: 1_380, to: 1_800 }],
        every: { forMs: 600_000, everyMs: 21_600_000 },
      },
    };
    expect(target).toMatchObject(use);
    expect(labelled).toMatchObject({ kind: "target", spec: use });
    expect(target?.schedule).not.toHaveProperty("prewakeMs");
  });

  it.each([
    ["wakegate.busy_check.exec", "true", "labels may not define programs"],
    ["wakegate.busy_check.http.regex", "(a+)+$", "made to take for ever"],
    ["wakegate.busy_check.http.path", "http://other/", "not a URL"],
    ["wakegate.schedule.awake", "Mon-Fri 8-18", "expected windows such as"],
    ["wakegate.schedule.every", "6h", "10m every 6h"],
    ["wakegate.schedule.time_zone", "Berlin", "Europe/Berlin"],
    ["wakegate.stop_after", "1h", "needs pause_after"],
  ])("refuse %s=%s as a label", async (name, value, words) => {
    const reading = await read("cloud", { ...ENABLE, [name]: value });
    expect(reading.kind).toBe("invalid");
    expect(reading.problems.map(line).join()).toContain(words);
  });

  it("tell a second tier that comes before the first, and a program that is to be paused", async () => {
    const yaml = `
targets:
  cloud: { docker: { container: cloud }, pause_after: 2h, stop_after: 1h }
  tool: { process: { command: [tool] }, pause_after: 1h }
`;
    const problems = told(await loadText(yaml)).join("\n");
    expect(problems).toContain("targets.cloud.stop_after: expected longer than pause_after");
    expect(problems).toContain("targets.tool.pause_after: a local program cannot be paused");
  });

  it("know Caddy's admin API", async () => {
    const settings = settingsOf(await loadText("caddy_admin: http://caddy:2020/"));
    expect(settings.caddyAdmin).toBe("http://caddy:2020");
  });
});
