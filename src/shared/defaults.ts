import type { EngineSettings } from "./protocol";

/** Values of settings that the user did not choose: the manifest's defaults, and those of the command line. */
export const defaultSettings: Omit<EngineSettings, "dataDir"> = {
  model: "",
  budget: 0,
  backend: "auto",
  rpcServers: [],
  kvPlacement: "auto",
  threads: 0,
  maxFileBytes: 262144,
  exclude: [],
  pinned: [],
  scope: [],
  outlines: true,
  reading: "contextual",
  backgroundReading: "onMains",
  focus: true,
  maxAnswerTokens: 512,
  temperature: 0.2,
  topP: 0.95,
  minP: 0.05,
  seed: 0,
  esa: { initial: 128, local: 4096, top: 2048, proximity: 1, projection: 64, vote: "sum", positions: "far" },
};
