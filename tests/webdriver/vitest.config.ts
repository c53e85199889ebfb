import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['*.test.ts'],
    environment: 'node',
    // One window at a time: what is measured and photographed is not another test's load. A failed step ends its story.
    fileParallelism: false,
    bail: 1,
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
