import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../config/support.ts";
import { FakeDocker } from "../support/fake-docker.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the real program in a folder with this wakegate.yaml. */
async function run(
  yaml: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "wakegate.yaml"), yaml);
  const argv = [
    "--import",
    join(ROOT, "node_modules/tsx/dist/loader.mjs"),
    join(ROOT, "src/main.ts"),
    ...args,
  ];
  return await new Promise((resolve) => {
    const options = { cwd: folder.path, env: { PATH: process.env["PATH"] ?? "", ...env } };
    execFile(process.execPath, argv, options, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

const GOOD = `providers: { docker: { local: unix:///nowhere/docker.sock } }
targets:
  blog: { docker: { container: blog }, hosts: [blog.example.com], port: 8080 }
  app: { process: { command: [node, app.js] }, idle_timeout: never }
`;

describe("wakegate check", () => {
  it("shows pools with the targets in them", async () => {
    const yaml = `${GOOD.replace("port: 8080", "port: 8080, pools: [ram, gpu0]")}pools: { ram: { budget: 16GiB }, gpu0: { max_awake: 1 }, spare: { max_awake: 2 } }\n`;
    const args = ["check", "--config", "wakegate.yaml", "--no-engines"];
    const { code, out } = await run(yaml, args);
    expect(out).toMatch(/^POOL +AWAKE +BUDGET +TARGETS$/m);
    expect(out).toMatch(/^ram +any +16 GiB +blog$/m);
    expect(out).toMatch(/^gpu0 +1 +- +blog$/m);
    expect(out).toMatch(/^spare +2 +- +-$/m);
    expect(code).toBe(0);
    const json = JSON.parse((await run(yaml, [...args, "--json"])).out) as { pools: unknown[] };
    expect(json.pools[1]).toEqual({ name: "gpu0", maxAwake: 1, targets: ["blog"] });
  });

  it("shows the targets of a good file and exits 0", async () => {
    const { code, out } = await run(GOOD, ["check", "--config", "wakegate.yaml", "--no-engines"]);
    expect(out).toMatch(/^TARGET +HOSTS +PORT +ENGINE +IDLE\n/);
    expect(out).toMatch(/^app +- +auto +process +never$/m);
    expect(out).toMatch(/^blog +blog\.example\.com +8080 +local +15m$/m);
    expect(out).toContain("good: 2 targets");
    expect(code).toBe(0);
  });

  it("tells every problem with place, value and advice, and exits 1", async () => {
    const { code, out } = await run("listen: 9190\ndefaults: { idle_timeout: 15 }\n", [
      "check",
      "--config",
      "wakegate.yaml",
    ]);
    expect(out).toContain("wakegate.yaml:1:9: error: listen: 9190\n    expected host:port");
    expect(out).toContain("wakegate.yaml:2:27: error: defaults.idle_timeout: 15\n    expected a duration");
    expect(out).toContain("not good: 2 errors");
    expect(code).toBe(1);
  });

  it("names engines that do not answer and goes on with the rest", async () => {
    const { code, out } = await run(GOOD, ["check"], { WAKEGATE_CONFIG: "wakegate.yaml" });
    expect(out).toMatch(/engine local: error\n {4}its containers were not checked: /);
    expect(out).toMatch(/^blog +blog\.example\.com/m);
    expect(code).toBe(1);
  });

  it("says that a port is a guess where the image declares several and no label names one", async () => {
    await using docker = await FakeDocker.start();
    const config = { ExposedPorts: { "22/tcp": {}, "3000/tcp": {} } };
    const host = { "wakegate.enable": "true", "wakegate.hosts": "git.example.com" };
    docker.add("git", { labels: host, config });
    docker.add("wiki", {
      labels: { ...host, "wakegate.hosts": "wiki.example.com", "wakegate.port": "3000" },
      config,
    });
    const yaml = `providers: { docker: { local: "${docker.url}" } }`;
    const { code, out } = await run(yaml, ["check", "--config", "wakegate.yaml"]);
    expect(out).toContain("its port is a guess: its image declares 22, 3000");
    expect(out.match(/is a guess/g)).toHaveLength(1);
    expect(code).toBe(0);
  });

  it("looks at the containers of each engine, and tells bad labels with container and label", async () => {
    await using docker = await FakeDocker.start();
    docker.add("photos", { labels: { "wakegate.enable": "true", "wakegate.hosts": "photos.example.com" } });
    docker.add("shop", { labels: { "wakegate.enable": "true", "wakegate.idle_timeuot": "15m" } });
    const { code, out, err } = await run(`providers: { docker: { local: "${docker.url}" } }`, [
      "check",
      "--config",
      "wakegate.yaml",
    ]);
    expect(err).toBe("");
    expect(out).toContain(
      'container shop (local): error: wakegate.idle_timeuot: 15m\n    unknown label; did you mean "wakegate.idle_timeout"?',
    );
    expect(out).toMatch(/^photos +photos\.example\.com +auto +local +15m$/m);
    expect(out).toContain("not good: 1 target, 1 error");
    expect(code).toBe(1);
  });

  it("says which rule made which target, and what labels made by themselves", async () => {
    await using docker = await FakeDocker.start();
    const service = (project: string, name: string): Record<string, string> => ({
      "com.docker.compose.project": project,
      "com.docker.compose.service": name,
      "com.docker.compose.container-number": "1",
    });
    docker.add("pr-7-web-1", { labels: service("pr-7", "web") });
    docker.add("pr-8-web-1", { labels: { ...service("pr-8", "web"), "wakegate.idle_timeout": "1h" } });
    docker.add("pr-8-db-1", { labels: service("pr-8", "db") });
    docker.add("pr-9-web-1", { labels: { ...service("pr-9", "web"), "wakegate.enable": "false" } });
    docker.add("docs", { labels: { "preview.branch": "main" } });
    docker.add("blog", { labels: { "wakegate.enable": "true", "wakegate.hosts": "blog.example.com" } });
    const yaml = `providers: { docker: { local: "${docker.url}" } }
discover:
  - match: { project: "pr-*", service: web }
    hosts: ["{project}.example.com"]
    port: 3000
    scope: project
    idle_timeout: 20m
  - match: { labels: { preview.branch: "{branch}" } }
    hosts: ["{branch}-docs.example.com"]
`;
    const { code, out } = await run(yaml, ["check", "--config", "wakegate.yaml"]);
    const rows = out.split("\n").filter((line) => / {2}/.test(line));
    expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual([
      ["TARGET", "HOSTS", "PORT", "ENGINE", "IDLE", "RULE"],
      ["blog", "blog.example.com", "auto", "local", "15m", "-"],
      ["docs", "main-docs.example.com", "auto", "local", "15m", "discover[1] (wakegate.yaml:8:5)"],
      ["pr-7", "pr-7.example.com", "3000", "local", "20m", "discover[0] (wakegate.yaml:3:5)"],
      ["pr-8", "pr-8.example.com", "3000", "local", "1h", "discover[0] (wakegate.yaml:3:5)"],
      // A part of the project.
      ["pr-8-db-1", "for pr-8", "auto", "local", "15m", "-"],
    ]);
    expect(code).toBe(0);
    const json = await run(yaml, ["check", "--config", "wakegate.yaml", "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({
      targets: [
        expect.not.objectContaining({ rule: expect.anything() }),
        { name: "docs", rule: "discover[1] (wakegate.yaml:8:5)" },
        { name: "pr-7", rule: "discover[0] (wakegate.yaml:3:5)" },
        { name: "pr-8", rule: "discover[0] (wakegate.yaml:3:5)" },
        { name: "pr-8-db-1", for: ["pr-8"] },
      ],
    });
  });

  it("wonders about a rule that takes nothing, which may be a slip", async () => {
    await using docker = await FakeDocker.start();
    docker.add("pr-7-web-1", { labels: { "com.docker.compose.project": "pr-7" } });
    const yaml = `providers: { docker: { local: "${docker.url}" } }
discover:
  - match: { project: "pr-*", service: wbe }
    hosts: ["{project}.example.com"]
`;
    const { code, out } = await run(yaml, ["check", "--config", "wakegate.yaml"]);
    expect(out).toMatch(/^wakegate\.yaml:3:5: warning: discover\[0\]\.match\n {4}took none of 1.container: /);
    expect(out).toContain("good: 0 targets, 1 warning");
    expect(code).toBe(0);
    const blind = await run(yaml, ["check", "--config", "wakegate.yaml", "--no-engines"]);
    expect(blind.out).not.toContain("took none");
  });

  it("writes one JSON document with --json", async () => {
    const { code, out } = await run(GOOD, ["check", "--config", "wakegate.yaml", "--no-engines", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      problems: [],
      targets: [
        { name: "app", engine: "process", idleTimeout: "never" },
        {
          name: "blog",
          hosts: ["blog.example.com"],
          port: 8080,
          container: "blog",
          origin: "wakegate.yaml:3:3",
        },
      ],
    });
    expect(code).toBe(0);
  });

  it("exits 1 for a file that is not there and 2 for a wrong call", async () => {
    const gone = await run("", ["check", "--config", "none.yaml"]);
    expect(gone.out).toContain("none.yaml: error\n    there is no such file");
    expect(gone.code).toBe(1);
    expect((await run("", ["check", "--wrong"])).code).toBe(2);
    expect((await run("", ["serv"])).err).toContain('did you mean "serve"');
  });
});
