import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatRoute } from "../../src/config/values/host-pattern.ts";
import { matchCapture, parseCapturePattern } from "../../src/config/values/capture-pattern.ts";
import { loadText, read, told } from "./support.ts";

const RULES = `
discover:
  - match: { project: "pr-{number}", service: web }
    hosts: ["{number}.preview.example.com"]
    port: 3000
    scope: project
    idle_timeout: 20m
  - match: { labels: { "com.example.branch": "{branch}" } }
    hosts: ["{branch}-{service}.example.com"]
`;

const composed = (project: string, service: string) => ({
  "com.docker.compose.project": project,
  "com.docker.compose.service": service,
});

describe("discover rules", () => {
  it("make a target of a container without labels, with the words of the pattern in its host", async () => {
    const reading = await read("pr-12-web-1", composed("pr-12", "web"), RULES);
    if (reading.kind !== "target") throw new Error(JSON.stringify(reading));
    expect(reading.spec).toMatchObject({
      name: "pr-12",
      displayName: "pr-12",
      scope: "project",
      port: 3000,
      idleTimeoutMs: 1_200_000,
      discoveredBy: "discover[0] (wakegate.yaml:3:5)",
    });
    expect(reading.spec.routes.map(formatRoute)).toEqual(["12.preview.example.com"]);
  });

  it("are asked in order, and take only what meets every condition", async () => {
    const both = { ...composed("pr-12", "web"), "com.example.branch": "fix/login" };
    expect(await read("a", both, RULES)).toMatchObject({ kind: "target", name: "pr-12" });
    const second = await read("b", { ...both, ...composed("pr-12", "api") }, RULES);
    expect(second).toMatchObject({ kind: "target", name: "b", spec: { displayName: "api (pr-12)" } });
    expect(second.kind === "target" && second.spec.routes.map(formatRoute)).toEqual([
      "fix-login-api.example.com",
    ]);
    expect(await read("c", composed("shop", "web"), RULES)).toMatchObject({ kind: "ignored" });
  });

  it("are weaker than the container's own labels", async () => {
    const labels = composed("pr-1", "web");
    expect(await read("a", { ...labels, "wakegate.enable": "false" }, RULES)).toMatchObject({
      kind: "ignored",
      because: "disabled",
    });
    expect(await read("a", { ...labels, "wakegate.enable": "true" }, RULES)).toMatchObject({
      spec: { origin: "labels of container a (local)", routes: [], idleTimeoutMs: 900_000 },
    });
    expect(await read("a", { ...labels, "wakegate.idle_timeout": "5m" }, RULES)).toMatchObject({
      spec: { idleTimeoutMs: 300_000, port: 3000 },
    });
  });

  it("say what is wrong with them, all at once", async () => {
    const loaded = await loadText(`
discover:
  - match: {}
    hosts: ["{project}.example.com"]
  - match: { project: "{a}{b}" }
  - match: { project: "pr-{number}" }
    hosts: ["{numbre}.example.com"]
`);
    expect(told(loaded)).toEqual([
      "wakegate.yaml:3:12 discover[0].match: expected at least one condition: without any, every container would be taken",
      "wakegate.yaml:5:23 discover[1].match.project: expected at least one character between two gaps",
      'wakegate.yaml:7:13 discover[2].hosts[0]: {numbre} is neither {project}, {service} nor {name}, and no pattern of match has it; did you mean "number"?',
    ]);
  });

  it("say which placeholders nobody fills in beside everything else that is wrong with a rule", async () => {
    const loaded = await loadText(`
discover:
  - match: { project: "pr-{number}" }
    hosts: ["{numbre}-{brnch}.example.com", "{numbre}.exa mple.com"]
    idle_timeout: 20
    colour: red
  - match: { project: "{a}{b}", labels: { branch: "{c" } }
    hosts: ["{a}.example.com", "{x}.example.com", 7]
  - hosts: ["{d}.example.com"]
`);
    expect(told(loaded)).toEqual([
      'wakegate.yaml:4:13 discover[0].hosts[0]: {numbre} is neither {project}, {service} nor {name}, and no pattern of match has it; did you mean "number"?',
      "wakegate.yaml:4:13 discover[0].hosts[0]: {brnch} is neither {project}, {service} nor {name}, and no pattern of match has it",
      expect.stringContaining("wakegate.yaml:4:45 discover[0].hosts[1]: expected a host such as"),
      expect.stringContaining("wakegate.yaml:4:45 discover[0].hosts[1]: {numbre} is neither"),
      expect.stringContaining("wakegate.yaml:5:19 discover[0].idle_timeout: expected a duration"),
      expect.stringContaining("wakegate.yaml:6:5 discover[0].colour: unknown key"),
      expect.stringContaining("wakegate.yaml:7:23 discover[1].match.project: expected at least"),
      expect.stringContaining("wakegate.yaml:7:51 discover[1].match.labels.branch: expected {word}"),
      expect.stringContaining("wakegate.yaml:8:32 discover[1].hosts[1]: {x} is neither"),
      expect.stringContaining("wakegate.yaml:8:51 discover[1].hosts[2]: expected a host template"),
      expect.stringContaining("wakegate.yaml:9:5 discover[2].match: is missing: expected a group of keys"),
      expect.stringContaining("wakegate.yaml:9:13 discover[2].hosts[0]: {d} is neither"),
    ]);
  });
});

describe("matchCapture()", () => {
  it("finds again what was put into the gaps", () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    fc.assert(
      fc.property(word, word, (first, second) => {
        const pattern = parseCapturePattern("pr-{a}/{b}");
        if (!pattern.ok) throw new Error(pattern.message);
        expect(matchCapture(pattern.value, `pr-${first}/${second}`)).toEqual({ a: first, b: second });
      }),
    );
  });

  it("needs at least one character for a word, none for a star, and the whole value", () => {
    const matches = (written: string, value: string): unknown => {
      const pattern = parseCapturePattern(written);
      return pattern.ok ? matchCapture(pattern.value, value) : pattern;
    };
    expect(matches("pr-{n}", "pr-")).toBeUndefined();
    expect(matches("pr-*", "pr-")).toEqual({});
    expect(matches("*-web", "pr-1-web")).toEqual({});
    expect(matches("web", "web2")).toBeUndefined();
    expect(matches("a*a", "a")).toBeUndefined();
  });
});
