import { startDockerd } from "./dockerd.ts";
import { RawDocker } from "./raw-docker.ts";
import { openProvider } from "../../src/providers/open.ts";
import { systemClock } from "../../src/lib/clock.ts";
const never = new AbortController().signal;
{
  await using d = await startDockerd();
  const raw = new RawDocker(d.socketPath);
  const id = await raw.create("bench", {});
  await using provider = await openProvider(
    { kind: "docker", name: "l", url: `unix://${d.socketPath}` },
    { clock: systemClock },
  );
  const since = Date.now();
  const st = async (l: string) => {
    const s = (await raw.inspect(id)).State;
    return `${l}:${s.Status}`;
  };
  for (let i = 0; i < 12; i++) {
    const log: string[] = [];
    await provider.wake({ id, status: "exited" }, never);
    log.push(await st("start"));
    await provider.sleep(id, { method: "pause" }, never);
    log.push(await st("pause"));
    await provider.wake({ id, status: "paused" }, never);
    log.push(await st("unpause"));
    await raw.pause(id).catch(async (e) => {
      console.log(i, log.join(" "), String(e).slice(80, 200), await st("now"));
      console.log((await raw.events(since, id)).map((e) => e.Action).join());
    });
    await raw.unpause(id).catch((e) => console.log(String(e).slice(80, 200)));
    await provider.sleep(id, { method: "stop" }, never);
    await raw.start(id).catch((e) => console.log("start", String(e)));
    await raw.kill(id);
  }
}
