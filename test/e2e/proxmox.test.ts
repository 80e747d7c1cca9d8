import { setTimeout as delay } from "node:timers/promises";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startCaddy } from "../support/caddy.ts";
import { startDockerd } from "../support/dockerd.ts";
import { freePort } from "../support/free-port.ts";
import { Simulator } from "../support/proxmox/simulator.ts";
import { RawDocker } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { startWakegate } from "./support/wakegate.ts";

/** A simulated cluster with a container that serves HTTP on a port of this machine while it runs. */
async function lab(folder: TempFolder) {
  const simulator = await Simulator.start({ scale: 0.05 });
  const port = await freePort();
  const guest = simulator.world.guests.add(103, {
    name: "web3",
    behaviour: { port, bootMs: 600, shutdownMs: 100 },
  });
  const token = simulator.addToken("wakegate@pve!power");
  await writeFile(join(folder.path, "root.pem"), simulator.authority.root.cert);
  await writeFile(join(folder.path, "token"), `${token.secret}\n`);
  const cluster = [
    `url: "${simulator.url}"`,
    `token_id: "${token.id}"`,
    `token_secret_file: "${join(folder.path, "token")}"`,
    `ca_file: "${join(folder.path, "root.pem")}"`,
  ];
  return {
    simulator,
    guest,
    port,
    secret: token.secret,
    providers: `proxmox: { lab: { ${cluster.join(", ")} } }`,
  };
}

const NAVIGATION = { accept: "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

suite("caddy", "a container of Proxmox behind caddy", () => {
  it("is woken with the loading page, serves, and goes to sleep again", async () => {
    await using folder = await tempFolder("proxmox");
    const { simulator, guest, port, secret, providers } = await lab(folder);
    await using _simulator = simulator;
    const target = `{ proxmox: { vmid: 103 }, hosts: ["127.0.0.1"], address: "127.0.0.1:${String(port)}", idle_timeout: 4s, page_after: 0s }`;
    await using wakegate = await startWakegate({
      providers: `docker: {}, ${providers}`,
      yaml: `targets: { web: ${target} }`,
    });
    await using front = await startCaddy({
      app: `127.0.0.1:${String(port)}`,
      wakegate: wakegate.internal,
      wakegatePublic: wakegate.public,
    });
    const page = await fetch(`${front.url}/page`, { headers: NAVIGATION });
    expect(page.status).toBe(503);
    expect(page.headers.get("x-wakegate")).toBeTruthy();
    expect(await page.text()).toContain("web");
    const answer = await fetch(`${front.url}/page`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("web3 is awake");
    expect(guest.calls).toEqual(["start"]);
    for (let tries = 0; guest.status === "running" && tries < 300; tries++) await delay(50);
    expect(guest.calls).toEqual(["start", "shutdown"]);
    const again = await fetch(front.url);
    expect(again.status).toBe(200);
    expect(guest.calls).toEqual(["start", "shutdown", "start"]);
    expect(JSON.stringify(wakegate.log())).not.toContain(secret);
  });

  it("is found by its tags and notes", async () => {
    await using folder = await tempFolder("proxmox");
    const { simulator, guest, port, providers } = await lab(folder);
    await using _simulator = simulator;
    guest.config["tags"] = "wakegate;wakegate-idle-30m";
    guest.config["description"] =
      `My app\n- wakegate.hosts: 127.0.0.1\n- wakegate.address: 127.0.0.1:${String(port)}`;
    simulator.collect();
    await using wakegate = await startWakegate({ providers: `docker: {}, ${providers}` });
    await using front = await startCaddy({
      app: `127.0.0.1:${String(port)}`,
      wakegate: wakegate.internal,
      wakegatePublic: wakegate.public,
    });
    expect((await fetch(front.url)).status).toBe(200);
    expect(guest.calls).toEqual(["start"]);
  });

  it("says why a start failed, to the operator", async () => {
    await using folder = await tempFolder("proxmox");
    const { simulator, guest, port, providers } = await lab(folder);
    await using _simulator = simulator;
    guest.behaviour.failStart = { exit: "startup for container '103' failed", log: ["no space left"] };
    const target = `{ proxmox: { vmid: 103 }, hosts: ["127.0.0.1"], address: "127.0.0.1:${String(port)}" }`;
    await using wakegate = await startWakegate({
      providers: `docker: {}, ${providers}`,
      yaml: `targets: { web: ${target} }`,
    });
    const headers = { "x-forwarded-method": "GET", "x-forwarded-host": "127.0.0.1", "x-forwarded-uri": "/" };
    const answer = await fetch(`http://${wakegate.internal}/api/authz/forward-auth`, { headers });
    expect(answer.status).toBe(503);
    expect(JSON.stringify(wakegate.log())).toContain("startup for container '103' failed");
  });
});

suite(["docker", "caddy"], "an app in Docker that depends on a container of Proxmox", () => {
  it("is woken after its database, and both go to sleep in the other order", async () => {
    await using folder = await tempFolder("proxmox");
    const { simulator, guest, port, providers } = await lab(folder);
    await using _simulator = simulator;
    await using dockerd = await startDockerd();
    const docker = new RawDocker(dockerd.socketPath);
    const appPort = await freePort();
    const began: string[] = [];
    const labels = {
      "wakegate.enable": "true",
      "wakegate.hosts": "127.0.0.1",
      "wakegate.depends_on": "db:service_healthy",
      "wakegate.idle_timeout": "6s",
    };
    await docker.create("app", { labels, publish: { 8080: appPort }, env: { BOOT_MS: "300" } });
    const db = `db: { proxmox: { vmid: 103 }, address: "127.0.0.1:${String(port)}", readiness: { kind: tcp }, idle_timeout: 1s }`;
    const local = `docker: { local: "unix://${dockerd.socketPath}" }`;
    await using wakegate = await startWakegate({
      providers: `${local}, ${providers}`,
      yaml: `targets: { ${db} }`,
    });
    await using front = await startCaddy({
      app: `127.0.0.1:${String(appPort)}`,
      wakegate: wakegate.internal,
      wakegatePublic: wakegate.public,
    });
    const answer = await fetch(front.url);
    expect(answer.status).toBe(200);
    expect(guest.status).toBe("running");
    expect(guest.calls).toEqual(["start"]);
    const startedAt = Date.parse((await docker.inspect("app")).State.StartedAt);
    const posted = simulator.seen.find(({ path }) => path.endsWith("/start"))?.at ?? Infinity;
    expect(posted).toBeLessThan(startedAt);
    for (let tries = 0; guest.status === "running" && tries < 600; tries++) {
      const { Running: runs } = (await docker.inspect("app")).State;
      if (!runs && !began.includes("app")) began.push("app");
      await delay(50);
    }
    expect(began).toEqual(["app"]);
    expect(guest.calls).toEqual(["start", "shutdown"]);
  });
});
