import { describe, expect, it } from "vitest";
import { diffSettings, type SettingsDiff } from "../../src/config/reload.ts";
import { loadText, settingsOf } from "./support.ts";

async function diff(before: string, after: string): Promise<SettingsDiff> {
  const cwd = { cwd: undefined };
  const load = async (yaml: string) => ({ ...settingsOf(await loadText(yaml)), stateDir: String(cwd.cwd) });
  return diffSettings(await load(before), await load(after));
}

const TWO = "targets:\n  a: { docker: { container: a } }\n  b: { docker: { container: b } }\n";

describe("diffSettings", () => {
  it("sees no difference in comments and moved lines", async () => {
    const moved = `# moved\n\n${TWO}`;
    expect(await diff(TWO, moved)).toMatchObject({ same: true, relabel: false });
  });

  it("names only the targets that an edit touches", async () => {
    const edited =
      "targets:\n  b: { docker: { container: b }, idle_timeout: 1h }\n  c: { docker: { container: c } }\n";
    expect(await diff(TWO, edited)).toMatchObject({
      same: false,
      targets: { added: ["c"], removed: ["a"], changed: ["b"] },
      engines: { added: [], removed: [], changed: [] },
      relabel: true,
      restartNeeded: [],
    });
  });

  it("carries changed defaults to all targets and labels", async () => {
    const after = `defaults: { idle_timeout: 1h }\n${TWO}`;
    expect(await diff(TWO, after)).toMatchObject({ relabel: true, targets: { changed: ["a", "b"] } });
  });

  it("tells what can be applied at once from what needs a restart", async () => {
    const after = `listen: :1\nlog: { level: debug, format: json }\nunknown_hosts: deny\nlimits: { holds: 5 }\n${TWO}`;
    expect(await diff(TWO, after)).toMatchObject({
      live: ["unknown_hosts", "log.level"],
      restartNeeded: ["listen", "limits", "log.format"],
      targets: { changed: [] },
    });
  });

  it("names engines that come, go and change", async () => {
    const engines = (text: string): string => `providers: { docker: { ${text} } }\n`;
    const before = engines("one: tcp://one, two: tcp://two");
    expect(await diff(before, engines("two: tcp://zwei, three: tcp://three"))).toMatchObject({
      engines: { added: ["three"], removed: ["one"], changed: ["two"] },
    });
  });

  it("knows every key of the settings, and reports each as applied or as waiting for a restart", async () => {
    const before = settingsOf(await loadText(TWO));
    // What is derived from other keys, or reported by name: targets and engines.
    const derived = new Set([
      "defaults",
      "targets",
      "fileTargets",
      "engines",
      "trustedProxiesSet",
      "discover",
      "defaultsLayer",
    ]);
    const keys = Object.keys(before) as (keyof typeof before)[];
    for (const optional of ["templatesDir", "publicUrl", "caddyAdmin", "traefik", "notify", "redis"] as const)
      if (!keys.includes(optional)) keys.push(optional);
    const unreported = keys.filter((key) => {
      const after = { ...before, [key]: { changed: true } } as unknown as typeof before;
      if (key === "log")
        return !diffSettings(before, { ...before, log: { level: "debug", format: "json" } }).live.length;
      if (derived.has(key)) return false;
      const { live, restartNeeded, same } = diffSettings(before, after);
      return same || live.length + restartNeeded.length !== 1;
    });
    expect(unreported).toEqual([]);
  });

  it("sees a changed rule of discovery", async () => {
    const rules = 'discover:\n  - match: { project: pr-* }\n    hosts: ["{project}.example.com"]\n';
    expect(await diff(TWO, `${TWO}${rules}`)).toMatchObject({ same: false, relabel: true });
  });
});
