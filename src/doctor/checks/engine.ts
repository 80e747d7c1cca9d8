import type { Check } from "../check.ts";
import type { Fix, Found } from "../finding.ts";
import { placesOf } from "../places.ts";
import { sentence } from "../sentence.ts";
import type { EngineScene, Scene } from "../scene.ts";

/** Does every engine answer? */
export const engine: Check = {
  id: "engine",
  title: "Engine",
  layer: "engine",
  judge(scene) {
    return scene.engines.map((each): Found => {
      if (each.failure) return failed(scene, each, each.failure);
      const machine = each.exam?.asleepIn;
      if (machine !== undefined) {
        const sentence = `Engine ${each.name} sleeps with ${machine}, in which it runs: it was not asked.`;
        return { level: "skipped", sentence };
      }
      const count = each.instances.length;
      const what = WHAT[each.kind] ?? "container";
      return {
        level: "ok",
        sentence: `Engine ${each.name} answers and lists ${String(count)} ${what}${count === 1 ? "" : "s"}.`,
      };
    });
  },
};

const WHAT: Partial<Record<EngineScene["kind"], string>> = {
  kubernetes: "workload",
  process: "program",
  proxmox: "guest",
};

function failed(scene: Scene, { name }: EngineScene, failure: NonNullable<EngineScene["failure"]>): Found {
  const spec = scene.settings.engines.find((each) => each.name === name);
  const path = spec?.kind === "docker" ? /^unix:\/\/(.*)$/.exec(spec.url)?.[1] : undefined;
  return {
    level: "problem",
    sentence: sentence(failure.message),
    evidence: [failure.code, ...(spec && "url" in spec ? [spec.url] : [])],
    fix: fixes(failure.code, path, placesOf(scene).service),
  };
}

function fixes(code: string, path: string | undefined, service: string): readonly Fix[] {
  if (path === undefined) return [];
  if (code === "engine_forbidden") {
    return [
      {
        where: `compose.yaml, service ${service}, with DOCKER_GID in .env`,
        lines: 'group_add: ["${DOCKER_GID}"]',
      },
      { where: "in a shell, beside compose.yaml", lines: `echo "DOCKER_GID=$(stat -c %g ${path})" >> .env` },
      { where: "in a shell, without a container", lines: "sudo usermod -aG docker wakegate" },
    ];
  }
  return [
    { where: "in a shell, on the engine's host", lines: "sudo systemctl start docker" },
    { where: `compose.yaml, service ${service}`, lines: `volumes:\n  - ${path}:${path}` },
  ];
}
