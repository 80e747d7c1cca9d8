import type { Check } from "../check.ts";
import { placesOf } from "../places.ts";

/** Below this the next write may fail. */
const LEAST_BYTES = 50_000_000;

/** Can Wakegate keep what has to outlive a restart? */
export const stateFolder: Check = {
  id: "state",
  title: "State folder",
  layer: "wakegate",
  judge(scene) {
    const { dir, failure, freeBytes, onVolume } = scene.state;
    const { service } = placesOf(scene);
    if (failure === "ENOENT" && scene.mode === "alone")
      return [{ level: "skipped", sentence: `${dir} does not exist here; Wakegate makes it at its start.` }];
    if (failure !== undefined) {
      const uid = typeof process.getuid === "function" ? String(process.getuid()) : "1000";
      return [
        {
          level: "problem",
          sentence: `The state folder ${dir} cannot be written (${failure}): pins, last uses and stops under way are lost at a restart.`,
          fix: [
            failure === "ENOSPC"
              ? { where: "in a shell", lines: `df -h ${dir}` }
              : {
                  where: "in a shell, on the host, for the folder or volume that is mounted there",
                  lines: `sudo chown -R ${uid} ${dir}`,
                },
          ],
        },
      ];
    }
    if (onVolume === false) {
      return [
        {
          level: "warning",
          sentence: `The state folder ${dir} is inside the container, and lost whenever it is created anew.`,
          fix: [
            {
              where: "compose.yaml",
              lines: `services:\n  ${service}:\n    volumes:\n      - wakegate:${dir}\nvolumes:\n  wakegate:`,
            },
          ],
        },
      ];
    }
    if (freeBytes !== undefined && freeBytes < LEAST_BYTES) {
      const sentence = `The disk of the state folder ${dir} is nearly full: ${String(Math.round(freeBytes / 1e6))} MB are left.`;
      return [{ level: "warning", sentence, fix: [{ where: "in a shell", lines: `df -h ${dir}` }] }];
    }
    return [{ level: "ok", sentence: `The state folder ${dir} can be written.` }];
  },
};
