/** Least and most of every setting that is a number: for the engine, the command line and the manifest alike. */
type Range = readonly [least: number, most: number];

export const settingRanges = {
  budget: [0, 2 ** 31 - 1],
  threads: [0, 512],
  maxFileBytes: [1, 2 ** 31 - 1],
  maxAnswerTokens: [1, 8192],
  temperature: [0, 2],
  topP: [0, 1],
  minP: [0, 1],
  seed: [0, 2 ** 32 - 1],
  esa: {
    initial: [0, 65_536],
    local: [1, 131_072],
    top: [1, 131_072],
    proximity: [0, 64],
    projection: [8, 1024],
  },
} as const satisfies Record<string, Range | Record<string, Range>>;
