/** Every command, setting, view and context key that the manifest contributes; test/unit checks package.json against it. */
export const commands = {
  ask: "longsight.ask",
  askAboutSelection: "longsight.askAboutSelection",
  explain: "longsight.explain",
  whereUsed: "longsight.whereUsed",
  why: "longsight.why",
  explainTerminal: "longsight.explainTerminal",
  pin: "longsight.pin",
  unpin: "longsight.unpin",
  leaveOut: "longsight.leaveOut",
  limitToFolder: "longsight.limitToFolder",
  useAllFolders: "longsight.useAllFolders",
  pauseReading: "longsight.pauseReading",
  resumeReading: "longsight.resumeReading",
  readWorkspace: "longsight.readWorkspace",
  showAttention: "longsight.showAttention",
  toggleAttentionInEditors: "longsight.toggleAttentionInEditors",
  chooseModel: "longsight.chooseModel",
  showContextPlan: "longsight.showContextPlan",
  restartEngine: "longsight.restartEngine",
  openLog: "longsight.openLog",
  newConversation: "longsight.newConversation",
  showHistory: "longsight.showHistory",
  stopAnswer: "longsight.stopAnswer",
  clearCaches: "longsight.clearCaches",
} as const;

export type CommandId = (typeof commands)[keyof typeof commands];

/** Settings with the type of their value. */
export interface SettingTypes {
  "longsight.model": string;
  "longsight.budget": number;
  "longsight.backend": "auto" | "cpu" | "cuda" | "vulkan" | "metal";
  "longsight.rpcServers": readonly string[];
  "longsight.kvPlacement": "auto" | "device" | "host";
  "longsight.threads": number;
  "longsight.dataDir": string;
  "longsight.files.exclude": readonly string[];
  "longsight.files.maxBytes": number;
  "longsight.files.pinned": readonly string[];
  "longsight.files.scope": readonly string[];
  "longsight.files.outlines": boolean;
  "longsight.reading.method": "perFile" | "contextual";
  "longsight.reading.inBackground": "always" | "onMains" | "never";
  "longsight.answer.focus": boolean;
  "longsight.codeLens": boolean;
  "longsight.answer.maxTokens": number;
  "longsight.answer.temperature": number;
  "longsight.answer.topP": number;
  "longsight.answer.minP": number;
  "longsight.answer.seed": number;
  "longsight.attention.initial": number;
  "longsight.attention.local": number;
  "longsight.attention.top": number;
  "longsight.attention.proximity": number;
  "longsight.attention.projection": number;
  "longsight.attention.vote": "sum" | "norm";
  "longsight.attention.positions": "far" | "ordered" | "true";
}

export type SettingId = keyof SettingTypes;

export const views = { container: "longsight", ask: "longsight.ask" } as const;
export const panels = { heatmap: "longsight.heatmap", plan: "longsight.plan" } as const;
export const contextKeys = {
  answering: "longsight.answering",
  hasTrace: "longsight.hasTrace",
  attentionInEditors: "longsight.attentionInEditors",
  paused: "longsight.paused",
} as const;
