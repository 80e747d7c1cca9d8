import { describe, expect, it } from "vitest";
import { Simulator } from "../../support/proxmox/simulator.ts";
import { Arranged } from "./replay/arrange.ts";
import { Client } from "./replay/client.ts";
import { formOfBody } from "./replay/compare.ts";
import { readCases, type Case } from "./replay/recording.ts";

/** What is compared: status, reason, key set and value types; of a task's end and log also which and how long. */
function essence({ status, reason, body }: Case["response"]): unknown {
  const { data, total } = (body === "" || body === null ? {} : body) as { data?: unknown; total?: number };
  const exit = (data as { exitstatus?: string } | null | undefined)?.exitstatus;
  const log = Array.isArray(data) && data.some((line) => (line as { n?: number }).n === 1);
  return {
    status,
    reason,
    body: formOfBody(body),
    ...(exit !== undefined && { exit }),
    ...(log && { lines: data.length, total }),
  };
}

const cases = readCases();

describe("the simulator against the genuine API's recording", () => {
  it.each(
    cases.map(
      (recorded, index) =>
        [
          `${String(index + 1)} ${recorded.case}: ${recorded.request.method} ${recorded.request.path}`,
          recorded,
        ] as const,
    ),
  )("%s", async (_name, recorded) => {
    await using simulator = await Simulator.start({ scale: 0.05, nodes: ["alder1"] });
    const client = new Client(simulator);
    const arranged = new Arranged(simulator, recorded, client);
    const identity = await arranged.set();
    const answer = await client.send(arranged.request, identity);
    expect(essence(answer)).toEqual(essence(recorded.response));
  });
});
