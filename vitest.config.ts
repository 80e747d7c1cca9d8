import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Real engines, proxies and browsers share the cores, and half of the time a file only waits for them.
    maxWorkers: 3,
    // A poll ends when it sees what it waits for; its limit is for what never comes, on the slowest machine too.
    expect: { poll: { timeout: 30_000 } },
  },
});
