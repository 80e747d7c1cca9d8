import { bench as soak } from "./soak.ts";
import { bench as stream } from "./stream.ts";

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = { soak, stream };

const [name = "", ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench) await bench(args);
else {
  process.stderr.write(
    `usage: npm run bench -- NAME [--json], NAME one of: ${Object.keys(benches).join(", ")}\n`,
  );
  process.exitCode = 2;
}
