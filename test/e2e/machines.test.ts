import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { startDockerd } from "../support/dockerd.ts";
import { freePort } from "../support/free-port.ts";
import { startLan } from "../support/machine/lan.ts";
import { listenForWake } from "../support/machine/wake-listener.ts";
import { RawDocker } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { startWakegate, type RunningWakegate } from "./support/wakegate.ts";

/** One request as a proxy asks about it. */
function ask({ internal }: RunningWakegate, host: string): Promise<Response> {
  const headers = { "x-forwarded-method": "GET", "x-forwarded-host": host, "x-forwarded-uri": "/" };
  return fetch(`http://${internal}/api/authz/forward-auth`, { headers });
}

async function stateOf({ internal, asAdmin }: RunningWakegate, target: string): Promise<string> {
  const answer = await fetch(`http://${internal}/api/v1/targets/${target}`, { headers: asAdmin });
  return ((await answer.json()) as { readonly state: string }).state;
}

/** Passes once it is awake: a machine may take longer than one request is held. */
async function passes(wakegate: RunningWakegate, host: string): Promise<void> {
  for (let tries = 0; (await ask(wakegate, host)).status !== 200; tries++) {
    if (tries > 20) throw new Error(`${host} never woke`);
    await delay(500);
  }
}

async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 600) throw new Error(`never: ${what}`);
    await delay(100);
  }
}

suite("docker", "a machine by Wake-on-LAN", () => {
  it("is woken by a broadcast on its network, serves, is suspended when idle, and is woken again", async () => {
    await using lan = await startLan();
    const nas = [
      `mac: "${lan.mac}"`,
      `broadcast: ${lan.broadcast}`,
      `status: "tcp://${lan.address}:${String(lan.port)}"`,
      `sleep: [${lan.suspend.map((word) => `"${word}"`).join(", ")}]`,
    ];
    const target = `{ wol: { ${nas.join(", ")} }, hosts: [nas.test], address: "${lan.address}:${String(lan.port)}", idle_timeout: 2s }`;
    await using wakegate = await startWakegate({ yaml: `targets: { nas: ${target} }` });
    expect(await stateOf(wakegate, "nas")).toBe("asleep");
    await passes(wakegate, "nas.test");
    expect(lan.output()).toContain("woken by a packet from 10.249.7.1");
    expect(await (await fetch(`http://${lan.address}:${String(lan.port)}/`)).text()).toBe("boot 1\n");
    await until("suspended", () => lan.output().includes("suspended"));
    await until("asleep", async () => (await stateOf(wakegate, "nas")) === "asleep");
    await passes(wakegate, "nas.test");
    expect(await (await fetch(`http://${lan.address}:${String(lan.port)}/`)).text()).toBe("boot 2\n");
  });
});

/** A port that answers while the machine is on. */
class Light implements AsyncDisposable {
  readonly port: number;
  #server: Server | undefined;

  constructor(port: number) {
    this.port = port;
  }

  async on(): Promise<void> {
    this.#server = createServer().listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async off(): Promise<void> {
    const closed = this.#server && once(this.#server, "close");
    this.#server?.close();
    this.#server = undefined;
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.off();
  }
}

suite("docker", "an app in Docker on a machine that sleeps", () => {
  it("is asleep, not in error, while the machine is; a request wakes machine, engine and container", async () => {
    await using dockerd = await startDockerd();
    const docker = new RawDocker(dockerd.socketPath);
    const appPort = await freePort();
    const labels = {
      "wakegate.enable": "true",
      "wakegate.hosts": "films.test",
      "wakegate.idle_timeout": "1h",
    };
    await docker.create("films", { labels, publish: { 8080: appPort } });
    await using light = new Light(await freePort());
    await light.on();
    const mac = "02:00:5e:10:00:08";
    let boot: Promise<void> | undefined;
    await using card = await listenForWake({
      mac,
      // Its ports answer before its dockerd does.
      onPacket: () => void (boot ??= light.on().then(() => dockerd.restart())),
    });
    const nas = `{ mac: "${mac}", broadcast: 127.0.0.1, port: ${String(card.port)}, status: "tcp://127.0.0.1:${String(light.port)}", look: { awake: 300ms, asleep: 300ms } }`;
    await using wakegate = await startWakegate({
      providers: `docker: { nas: { url: "unix://${dockerd.socketPath}", inside: nas } }`,
      yaml: `targets: { nas: { wol: ${nas} } }`,
    });
    await until("listed", async () => (await stateOf(wakegate, "films")) === "asleep");
    // The machine is switched off, and Wakegate starts anew while it is.
    await dockerd.kill();
    await light.off();
    await wakegate.end();
    await wakegate.restart();
    expect(await stateOf(wakegate, "films")).toBe("asleep");
    expect(card.heard).toBe(0);
    await passes(wakegate, "films.test");
    await boot;
    expect(card.heard).toBeGreaterThan(0);
    expect((await docker.inspect("films")).State.Running).toBe(true);
    expect(await stateOf(wakegate, "nas")).toBe("awake");
    expect((await fetch(`http://127.0.0.1:${String(appPort)}/`)).status).toBe(200);
  });
});
