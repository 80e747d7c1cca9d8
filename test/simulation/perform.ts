import type { Settings } from "../../src/config/model.ts";
import { sleep } from "../../src/lib/clock.ts";
import type { Input } from "../../src/watchers/input.ts";
import { sightingOf, type Sighting, type State } from "../../src/watchers/state.ts";
import { stateText } from "./describe-happening.ts";
import type { Happening } from "./happening.ts";
import type { App } from "./schedule/apps.ts";
import type { Action, Cue, Deed, Hand, LateAnswer } from "./schedule/deed.ts";
import { describeDeed } from "./schedule/describe.ts";
import type { Scene } from "./scene.ts";
import { instanceOf, type Box } from "./world/box.ts";

/** Lets an action happen at its time, or when its cue comes. */
export function plan(scene: Scene, action: Action, settings: readonly Settings[]): void {
  const { at, cue, afterCue, deed } = action;
  const act = (): void => {
    if (scene.clock.monotonic() >= scene.schedule.endsAt) return;
    scene.note(`#${String(action.index)} ${describeDeed(deed)}`);
    perform(scene, deed, settings);
  };
  scene.clock.after(at, () => {
    if (!cue) return act();
    const listener = (happening: Happening): void => {
      if (!matches(cue, happening)) return;
      scene.listeners.delete(listener);
      scene.clock.after(afterCue, act);
    };
    scene.listeners.add(listener);
  });
}

function matches(cue: Cue, happening: Happening): boolean {
  if (cue.on === "looked")
    return (
      happening.kind === "logged" &&
      happening.event === "last_look" &&
      happening.message === `${cue.target} is quiet`
    );
  if (cue.on === "moved")
    return (
      happening.kind === "moved" &&
      happening.moved.watcher.name === cue.target &&
      happening.moved.after.kind === cue.to
    );
  return (
    happening.kind === cue.on && happening.call.name === cue.target && happening.call.method === cue.method
  );
}

function perform(scene: Scene, deed: Deed, settings: readonly Settings[]): void {
  const { engine, clock, mischief, disk, wakegate } = scene;
  const box = "box" in deed ? engine.named(deed.box) : undefined;
  switch (deed.do) {
    case "visit": {
      const visit = scene.visit(deed.target, deed.kind, clientOf(deed.client));
      if (visit) clock.after(deed.patienceMs, () => scene.leave(visit));
      return;
    }
    case "follow": {
      const followed = wakegate?.registry.watcher(deed.target)?.follow();
      clock.after(deed.forMs, () => followed?.[Symbol.dispose]());
      return;
    }
    case "connect":
      return connect(scene, deed);
    case "hand":
      return byHand(scene, deed.box, deed.how, deed.stopMs);
    case "crash":
      return box && engine.end(box, deed.code, deed.oomKilled);
    case "behave":
      return box && behave(box, deed.how);
    case "health":
      return box && engine.setHealth(box, deed.health);
    case "traffic":
      if (!box) return;
      engine.bytesOf(box);
      box.behaviour.bytesPerSecond = deed.bytesPerSecond;
      clock.after(deed.forMs, () => calm(scene, box));
      return;
    case "fate":
      return mischief.add(deed.call, deed.fate, deed.times);
    case "events":
      mischief.events = deed.mode;
      clock.after(deed.forMs, () => mischief.calmEvents());
      return;
    case "lie":
      mischief.lies.set(deed.box, deed.lie);
      clock.after(deed.forMs, () => mischief.lies.delete(deed.box));
      return;
    case "break inspect":
      mischief.brokenInspects.set(deed.box, deed.how);
      clock.after(deed.forMs, () => mischief.brokenInspects.delete(deed.box));
      return;
    case "break observers":
      mischief.observersThrow = true;
      clock.after(deed.forMs, () => (mischief.observersThrow = false));
      return;
    case "late answer":
      return scene.process?.deliver(() => answerLate(scene, deed));
    case "outage":
      mischief.down = true;
      if (deed.noticed) void wakegate?.provider.relist();
      clock.after(deed.forMs, () => (mischief.down = false));
      return;
    case "engine restart":
      mischief.down = true;
      void wakegate?.provider.relist();
      clock.after(deed.downMs, () => {
        engine.restart();
        mischief.down = false;
      });
      return;
    case "relist":
      return void wakegate?.provider.relist();
    case "repeat event":
      if (!box) return;
      for (const listener of engine.listeners)
        listener({ id: box.id, cause: deed.cause, ...(deed.cause === "signalled" && { signal: "SIGHUP" }) });
      return;
    case "kill":
      scene.kill(deed.share, deed.power);
      clock.after(deed.downMs, () => scene.begin());
      return;
    case "restart":
      void scene.end().then(() => clock.after(deed.downMs, () => scene.begin()));
      return;
    case "stall": {
      const { process } = scene;
      process?.stop();
      clock.after(deed.forMs, () => process?.goOn());
      return;
    }
    case "jump":
      return clock.jump(deed.ms);
    case "disk":
      scene.diskFailed = true;
      if (deed.how === "full") disk.full = true;
      else disk.slowMs = 3_000;
      clock.after(deed.forMs, () => disk.recover());
      return;
    case "order":
      return scene.process?.deliver(() => order(scene, deed));
    case "reload": {
      const next = settings[deed.variant];
      return next && scene.process?.deliver(() => scene.reload(next));
    }
  }
}

/**
 * Work that was replaced is aborted and its result dropped. Should one arrive all the same, it must change nothing;
 * only what the engine says of a target is true in every state.
 */
function answerLate(scene: Scene, { target, input }: Deed & { readonly do: "late answer" }): void {
  const watcher = scene.wakegate?.registry.watcher(target);
  const before = watcher?.state;
  if (!watcher || !before || isOwnWork(before, input)) return;
  const box = scene.engine.named(target);
  const instance = box && instanceOf(box);
  if (input === "settled") scene.tell({ kind: "told", id: instance?.id ?? target, instance });
  watcher.dispatch(lateInput(input, instance && sightingOf(instance), scene.clock.now()));
  if (input !== "settled" && watcher.state !== before)
    scene.violated(10, `a late "${input}" moved ${target} from ${stateText(before)}`);
}

/** Whether a result of this kind is one of the state's own work, so that a late one cannot be told from a timely one. */
function isOwnWork(state: State, input: LateAnswer): boolean {
  switch (input) {
    case "room":
      return state.kind === "waking" && state.step === "room";
    case "dependencies-ready":
      return state.kind === "waking" && state.step === "dependencies";
    case "called":
      return state.kind === "waking" && state.step === "calling";
    case "proved":
      return state.kind === "starting";
    case "wake-failed":
      return state.kind === "waking" || state.kind === "starting";
    case "sleep":
      return state.kind === "ready" || state.kind === "error" || state.kind === "napping";
    case "stop-called":
    case "sleep-failed":
    case "sleep-dropped":
      return state.kind === "stopping" && state.whose === "ours";
    case "settled":
      return state.kind === "stopping";
  }
}

function lateInput(type: LateAnswer, sighting: Sighting | undefined, now: number): Input {
  switch (type) {
    case "room":
      return { type, waited: true };
    case "called":
    case "settled":
      return { type, sighting };
    case "wake-failed":
      return {
        type,
        failure: { reason: "no_answer", message: "late", at: now, tries: 1 },
        coolDownMs: 1_000,
      };
    case "sleep":
      return { type, method: "stop" };
    default:
      return { type };
  }
}

export function clientOf(number: number): string {
  return `203.0.113.${String(number)}`;
}

function calm(scene: Scene, box: Box): void {
  scene.engine.bytesOf(box);
  box.behaviour.bytesPerSecond = 0;
}

function connect(scene: Scene, deed: Deed & { readonly do: "connect" }): void {
  const port = scene.app(deed.target)?.tcpPort;
  const client = clientOf(deed.client);
  const socket = port === undefined ? undefined : scene.net.dialIn(port, client);
  if (!socket) return;
  const session = { target: deed.target, client, socket, since: scene.clock.monotonic() };
  scene.sessions.add(session);
  socket.on("close", () => {
    if (scene.sessions.delete(session)) scene.note(`session of ${client} to ${deed.target} is closed`);
  });
  socket.on("end", () => socket.end());
  if (deed.talks) socket.write("hello");
  scene.clock.after(deed.forMs, () => socket.end());
}

function byHand(scene: Scene, name: string, how: Hand, stopMs: number): void {
  const { engine } = scene;
  const app = scene.app(name);
  const box = engine.named(name);
  if (!app) return;
  if (how === "create") return void (box ?? engine.create(app));
  if (!box) return;
  switch (how) {
    case "start":
      return engine.start(box);
    case "stop":
    case "kill":
      return void engine.stop(box, how);
    case "pause":
      return engine.pause(box);
    case "unpause":
      return engine.unpause(box);
    case "remove":
      return engine.remove(box);
    case "update":
      return void replace(scene, box, app, undefined, stopMs);
    case "recreate":
      return void replace(scene, box, app, engine.create(app), stopMs);
  }
}

/** What an updater does: stop and remove the old container, start the new one. */
async function replace(
  scene: Scene,
  old: Box,
  app: App,
  next: Box | undefined,
  pauseMs: number,
): Promise<void> {
  const { engine, clock } = scene;
  await engine.stop(old, "stop");
  engine.remove(old);
  await sleep(clock, pauseMs);
  engine.start(next ?? engine.create(app));
}

function behave({ behaviour }: Box, how: (Deed & { readonly do: "behave" })["how"]): void {
  behaviour.hangs = how === "hangs";
  behaviour.dies = how === "dies early" ? { afterMs: 500, code: 1, oomKilled: false } : undefined;
  if (how === "boots slowly") behaviour.bootMs = 2_500;
  if (how === "stops slowly") behaviour.stopMs = 9_000;
}

function order(scene: Scene, { target, order: what, forMs }: Deed & { readonly do: "order" }): void {
  const watcher = scene.wakegate?.registry.watcher(target);
  if (!watcher) return;
  const until = scene.clock.now() + forMs;
  scene.tell({ kind: "ordered", target, order: what });
  if (what === "pin" || what === "lease")
    scene.keptUntil.set(target, Math.max(until, scene.keptUntil.get(target) ?? 0));
  switch (what) {
    case "pin":
      return watcher.orders.pin({ until });
    case "unpin":
      return watcher.orders.unpin();
    case "hold":
      return watcher.orders.hold({ until });
    case "release":
      return watcher.orders.release();
    case "lease":
      return watcher.orders.lease("somebody", "a job", until);
    case "sleep":
      return watcher.sleep("quiet");
    case "force":
      return watcher.sleep("force");
    case "retry":
      return watcher.retry({ by: "operator" });
    case "wake":
      return watcher.wake({ by: "operator" });
  }
}
