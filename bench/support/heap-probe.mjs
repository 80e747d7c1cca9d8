// Loaded before Wakegate where its heap is measured (with --expose-gc): SIGUSR2 collects, and writes what is left.
let count = 0;
process.on("SIGUSR2", () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.stdout.write(
    `${JSON.stringify({ event: `heap_${String(++count)}`, level: "info", msg: "heap", heapUsed, external })}\n`,
  );
});
