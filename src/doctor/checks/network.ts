import type { Vantage } from "../../watchers/readiness/address.ts";
import { noAddressMessage, portOf, portOriginOf, vantageFrom } from "../../watchers/readiness/address.ts";
import { mustAnswer } from "../../watchers/readiness/must-answer.ts";
import type { Instance } from "../../providers/provider.ts";
import { isCrashLoop } from "./wakes.ts";
import type { Check } from "../check.ts";
import type { Fix, Found } from "../finding.ts";
import { labelsOf } from "../labels-of.ts";
import { placesOf } from "../places.ts";
import { sentence } from "../sentence.ts";
import type { Scene, TargetScene } from "../scene.ts";

/** Can Wakegate reach each target from where it stands, to prove that it is awake? */
export const network: Check = {
  id: "network",
  title: "Network",
  layer: "app",
  judge(scene) {
    const known = scene.targets.filter(
      ({ spec, instance }) => instance && spec.source.kind === "docker" && mustAnswer(spec),
    );
    const found = known.flatMap((target) => judgeOne(scene, target));
    if (found.length > 0 || known.length === 0) return found;
    const good = `${known.length === 1 ? "The target" : `All ${String(known.length)} targets`} can be reached from here.`;
    return [{ level: "ok", sentence: good, evidence: known.flatMap((target) => ways(scene, target)) }];
  },
};

function judgeOne(scene: Scene, target: TargetScene): readonly Found[] {
  const { spec, instance, owner, tried } = target;
  if (!instance) return [];
  const seen = vantageOf(scene, target);
  const { readiness } = spec;
  // Without a port and a route nothing is probed by default.
  if (portOf(spec, instance) === undefined && readiness.kind === "auto" && spec.routes.length === 0)
    return [];
  if (ways(scene, target).length === 0) {
    return [
      {
        level: "problem",
        target: spec.name,
        sentence: sentence(noAddressMessage(spec, instance, owner, seen)),
        evidence: [
          `${spec.name} is on: ${namesOf(target).join(", ") || "no network"}`,
          `Wakegate is on: ${seen.networks ? [...seen.networks].join(", ") || "no network" : "the engine's host"}`,
        ],
        fix: fixes(scene, target),
      },
    ];
  }
  const answered = tried.some(({ failure }) => failure === undefined);
  // Why a wake failed, or that the app ends again and again, is said by the check of the wakes.
  if (tried.length === 0 || answered || target.failure || isCrashLoop(scene, target)) return [];
  return [
    {
      level: "problem",
      target: spec.name,
      sentence: silentText(target, instance),
      evidence: tried.map(({ address, failure = "" }) => `${address}: ${failure}`),
      fix: [
        {
          where: labelsOf(spec),
          lines: 'wakegate.port: "<the port inside the container>"',
        },
      ],
    },
  ];
}

function silentText({ spec, tried }: TargetScene, instance: Instance): string {
  const port = portOf(spec, instance);
  const named = port === undefined ? "its port" : `port ${String(port)} (${portOriginOf(spec, instance)})`;
  const isRefused = tried.every(({ failure = "" }) => failure.includes("ECONNREFUSED"));
  return isRefused
    ? `${spec.name} runs, but nothing listens on ${named}. Check which port it listens on, and that it listens on 0.0.0.0, not on 127.0.0.1 only.`
    : `${spec.name} runs, but ${named} does not answer: a firewall stands in between, or the app hangs.`;
}

/** Every way that leads there, also while it sleeps and has no address. */
function ways(scene: Scene, target: TargetScene): readonly string[] {
  const { spec, instance } = target;
  const { name } = spec;
  if (spec.address !== undefined) return [`${name}: wakegate.address ${spec.address}`];
  if (!instance || portOf(spec, instance) === undefined) return [];
  const { networks } = vantageOf(scene, target);
  if (networks === undefined) {
    const near = [...namesOf(target), ...(instance.hostNetwork ? ["host"] : [])];
    return near
      .filter((each) => each !== "none")
      .map((each) => `${name}: network ${each}, from the engine's host`);
  }
  const shared = namesOf(target).filter(
    (each) => networks.has(each) && (spec.network === undefined || spec.network === each),
  );
  const published = instance.publishedPorts.filter(
    ({ hostAddress }) => !/^(|0\.0\.0\.0|::|127\..*)$/.test(hostAddress),
  );
  return [
    ...shared.map((each) => `${name}: network ${each}`),
    ...published.map(({ hostAddress, hostPort }) => `${name}: ${hostAddress}:${String(hostPort)}`),
  ];
}

function namesOf({ instance, owner }: TargetScene): readonly string[] {
  return (owner?.networks ?? instance?.networks ?? []).map(({ name }) => name);
}

function vantageOf({ engines }: Scene, { engine }: TargetScene): Vantage {
  return vantageFrom(engines.find(({ name }) => name === engine)?.self);
}

function fixes(scene: Scene, target: TargetScene): readonly Fix[] {
  const { spec, instance } = target;
  if (instance && portOf(spec, instance) === undefined)
    return [
      {
        where: labelsOf(spec),
        lines: 'wakegate.port: "<the port inside the container>"',
      },
    ];
  const { service } = placesOf(scene);
  const theirs = namesOf(target)[0];
  const ours = [...(vantageOf(scene, target).networks ?? [])];
  const usable = theirs !== undefined && !/^(bridge|host|none)$/.test(theirs);
  return [
    ...(usable
      ? [
          {
            where: "compose.yaml of Wakegate",
            lines: `services:\n  ${service}:\n    networks: [${[...ours, theirs].join(", ")}]\nnetworks:\n  ${theirs}:\n    external: true`,
          },
          { where: "in a shell, to try it at once", lines: `docker network connect ${theirs} ${service}` },
        ]
      : []),
    ...(ours[0] === undefined
      ? []
      : [
          {
            where: `compose.yaml of ${spec.name}`,
            lines: `services:\n  ${spec.name}:\n    networks: [${ours[0]}]\nnetworks:\n  ${ours[0]}:\n    external: true`,
          },
        ]),
  ];
}
