import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import * as contributions from "../../src/shared/contributions";
import type { SettingId, SettingTypes } from "../../src/shared/contributions";
import { defaultSettings } from "../../src/shared/defaults";
import { settingRanges } from "../../src/shared/ranges";

interface Setting {
  readonly type: string;
  readonly default: unknown;
  readonly description?: string;
  readonly markdownDescription?: string;
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly scope: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Manifest {
  readonly icon: string;
  readonly main: string;
  readonly extensionKind: readonly string[];
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly supported: string; readonly restrictedConfigurations: readonly string[] };
    readonly virtualWorkspaces: { readonly supported: boolean; readonly description: string };
  };
  readonly contributes: {
    readonly commands: readonly {
      readonly command: string;
      readonly title: string;
      readonly category: string;
      readonly enablement?: string;
    }[];
    readonly menus: Readonly<
      Record<string, readonly { readonly command?: string; readonly submenu?: string; readonly when?: string }[]>
    >;
    readonly chatParticipants: readonly {
      readonly id: string;
      readonly description: string;
      readonly commands: readonly { readonly name: string; readonly description: string }[];
    }[];
    readonly languageModelTools: readonly {
      readonly name: string;
      readonly displayName: string;
      readonly userDescription: string;
      readonly inputSchema: {
        readonly properties: Readonly<Record<string, { readonly enum?: readonly string[] }>>;
        readonly required: readonly string[];
      };
    }[];
    readonly submenus: readonly { readonly id: string; readonly label: string }[];
    readonly colors: readonly {
      readonly id: string;
      readonly description: string;
      readonly defaults: Readonly<Record<string, string>>;
    }[];
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string; readonly icon: string }[] };
    readonly views: Readonly<Record<string, readonly { readonly id: string; readonly type: string }[]>>;
    readonly walkthroughs: readonly {
      readonly steps: readonly {
        readonly description: string;
        readonly media: { readonly svg: string };
        readonly completionEvents: readonly string[];
      }[];
    }[];
    readonly configuration: readonly {
      readonly title: string;
      readonly properties: Readonly<Record<string, Setting>>;
    }[];
  };
}

const root = path.resolve(import.meta.dirname, "../..");
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(root, name), "utf8"));
const manifest = read("package.json") as Manifest;
const texts = read("package.nls.json") as Readonly<Record<string, string>>;
const settings = Object.assign(
  {},
  ...manifest.contributes.configuration.map(({ properties }) => properties),
) as Readonly<Record<string, Setting>>;

/** The default of every setting; the compiler keeps it complete. */
const defaults: { readonly [Id in SettingId]: SettingTypes[Id] } = {
  "longsight.model": defaultSettings.model,
  "longsight.budget": defaultSettings.budget,
  "longsight.backend": defaultSettings.backend,
  "longsight.rpcServers": defaultSettings.rpcServers,
  "longsight.kvPlacement": defaultSettings.kvPlacement,
  "longsight.threads": defaultSettings.threads,
  "longsight.dataDir": "",
  "longsight.files.pinned": defaultSettings.pinned,
  "longsight.files.scope": defaultSettings.scope,
  "longsight.files.outlines": defaultSettings.outlines,
  "longsight.reading.method": defaultSettings.reading,
  "longsight.reading.inBackground": defaultSettings.backgroundReading,
  "longsight.answer.focus": defaultSettings.focus,
  "longsight.codeLens": false,
  "longsight.files.exclude": defaultSettings.exclude,
  "longsight.files.maxBytes": defaultSettings.maxFileBytes,
  "longsight.answer.maxTokens": defaultSettings.maxAnswerTokens,
  "longsight.answer.temperature": defaultSettings.temperature,
  "longsight.answer.topP": defaultSettings.topP,
  "longsight.answer.minP": defaultSettings.minP,
  "longsight.answer.seed": defaultSettings.seed,
  "longsight.attention.initial": defaultSettings.esa.initial,
  "longsight.attention.local": defaultSettings.esa.local,
  "longsight.attention.top": defaultSettings.esa.top,
  "longsight.attention.proximity": defaultSettings.esa.proximity,
  "longsight.attention.projection": defaultSettings.esa.projection,
  "longsight.attention.vote": defaultSettings.esa.vote,
  "longsight.attention.positions": defaultSettings.esa.positions,
};

const same = (actual: Iterable<string>, expected: Iterable<string>): void =>
  assert.deepEqual([...actual].sort(), [...expected].sort());

/** The English text of a `%key%`. */
function text(placeholder: string): string {
  const key = /^%(.+)%$/.exec(placeholder)?.[1];
  assert.ok(key !== undefined, `${placeholder} is not a key of package.nls.json`);
  const value = texts[key];
  assert.ok(value, `package.nls.json lacks ${key}`);
  return value;
}

describe("the manifest", () => {
  const { contributes, capabilities } = manifest;

  it("contributes exactly the commands of shared/contributions", () => {
    same(
      contributes.commands.map(({ command }) => command),
      Object.values(contributions.commands),
    );
    for (const { category, title } of contributes.commands) {
      assert.equal(category, "Longsight");
      text(title);
    }
  });

  it("has every command in the table of the README", () => {
    const table = readFileSync(path.join(root, "README.md"), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| Longsight: "))
      .flatMap((line) => line.split("|")[1]?.replace("Longsight: ", "").split(", ") ?? [])
      .map((title) => title.trim());
    same(
      table,
      contributes.commands.map(({ title }) => text(title)),
    );
  });

  it("names only its own commands in menus", () => {
    const known = new Set<string>(Object.values(contributions.commands));
    const submenus = new Set(contributes.submenus.map(({ id }) => id));
    const entries = Object.values(contributes.menus).flat();
    for (const { command, submenu } of entries) {
      assert.ok(command === undefined ? submenus.has(submenu ?? "") : known.has(command), command ?? submenu);
    }
    same(
      entries.map(({ submenu }) => submenu).filter((id) => id !== undefined),
      submenus,
    );
    for (const { id, label } of contributes.submenus) {
      text(label);
      assert.ok((contributes.menus[id]?.length ?? 0) > 0, `${id} is empty`);
    }
  });

  it("shows what reads files of the workspace only where it may", () => {
    const places = ["editor/context", "explorer/context", "terminal/context"];
    for (const { when } of places.flatMap((place) => contributes.menus[place] ?? [])) {
      assert.match(when ?? "", /isWorkspaceTrusted/);
      assert.match(when ?? "", /workspaceFolderCount > 0/);
    }
    const anywhere = [
      contributions.commands.ask,
      contributions.commands.chooseModel,
      contributions.commands.openLog,
      contributions.commands.newConversation,
      contributions.commands.stopAnswer,
      contributions.commands.showAttention,
      contributions.commands.toggleAttentionInEditors,
    ] as const satisfies readonly string[];
    for (const { command, enablement } of contributes.commands) {
      if (!(anywhere as readonly string[]).includes(command))
        assert.match(enablement ?? "", /isWorkspaceTrusted/, command);
    }
  });

  it("binds no keys: every built-in shortcut stays what it is", () => {
    assert.equal("keybindings" in contributes, false);
  });

  it("has for every colour of attention a value in each kind of theme, and lets code shine through", () => {
    assert.equal(contributes.colors.length, 8);
    for (const { id, description, defaults } of contributes.colors) {
      assert.match(id, /^longsight\.attention(Background)?[1-4]$/);
      text(description);
      same(Object.keys(defaults), ["dark", "light", "highContrast", "highContrastLight"]);
      for (const value of Object.values(defaults)) {
        assert.match(value, id.includes("Background") ? /^#[0-9a-f]{6}[0-4][0-9a-f]$/ : /^#[0-9a-f]{6}$/, id);
      }
    }
  });

  it("uses only the context keys of shared/contributions", () => {
    const conditions = [
      ...contributes.commands.map(({ enablement }) => enablement ?? ""),
      ...Object.values(contributes.menus).flatMap((items) => items.map(({ when }) => when ?? "")),
    ].join(" ");
    const views = new Set<string>([contributions.views.ask]);
    const used = (conditions.match(/longsight\.\w+/g) ?? []).filter((name) => !views.has(name));
    const known = new Set<string>(Object.values(contributions.contextKeys));
    for (const name of used) assert.ok(known.has(name), `${name} is no context key`);
  });

  it("contributes exactly the settings of shared/contributions, with the engine's defaults", () => {
    same(Object.keys(settings), Object.keys(defaults));
    for (const [id, value] of Object.entries(defaults)) assert.deepEqual(settings[id]?.default, value, id);
  });

  it("lets an editor warn of attention that the engine would refuse", () => {
    for (const [name, [least, most]] of Object.entries(settingRanges.esa)) {
      const { minimum, maximum } = settings[`longsight.attention.${name}`] ?? {};
      assert.deepEqual([minimum, maximum], [least, most], name);
    }
    assert.equal(settings["longsight.budget"]?.minimum, settingRanges.budget[0]);
  });

  it("describes every setting as what it controls", () => {
    for (const [id, setting] of Object.entries(settings)) {
      assert.match(text(setting.description ?? setting.markdownDescription ?? ""), /^Controls /, id);
      assert.equal(setting.enum?.length, setting.enumDescriptions?.length, id);
      for (const description of setting.enumDescriptions ?? []) text(description);
    }
  });

  it("keeps what names programs, devices and folders out of the hands of a workspace", () => {
    const machine = [
      "longsight.model",
      "longsight.dataDir",
      "longsight.backend",
      "longsight.rpcServers",
      "longsight.kvPlacement",
      "longsight.threads",
    ];
    for (const id of machine) {
      assert.equal(settings[id]?.scope, "machine", id);
      assert.ok(capabilities.untrustedWorkspaces.restrictedConfigurations.includes(id), id);
    }
    for (const id of capabilities.untrustedWorkspaces.restrictedConfigurations) assert.ok(id in settings, id);
    assert.equal(capabilities.untrustedWorkspaces.supported, "limited");
    assert.equal(capabilities.virtualWorkspaces.supported, "limited");
    text(capabilities.virtualWorkspaces.description);
    assert.deepEqual(manifest.extensionKind, ["workspace"]);
  });

  it("contributes the one container with the Ask view", () => {
    same(
      contributes.viewsContainers.activitybar.map(({ id }) => id),
      [contributions.views.container],
    );
    same(Object.keys(contributes.views), [contributions.views.container]);
    assert.deepEqual(
      contributes.views[contributions.views.container]?.map(({ id, type }) => ({ id, type })),
      [{ id: contributions.views.ask, type: "webview" }],
    );
  });

  it("describes the chat participant and the tool as their code has them", () => {
    const { chatParticipants, languageModelTools } = contributes;
    const source = (name: string): string => readFileSync(path.join(root, "src/extension/chat", name), "utf8");
    assert.equal(chatParticipants.length, 1);
    for (const { id, description, commands } of chatParticipants) {
      assert.ok(source("chatQuestion.ts").includes(`participantId = "${id}"`));
      text(description);
      const forms = /forms[^{]*\{([^}]*)\}/.exec(source("chatQuestion.ts"))?.[1] ?? "";
      same(
        commands.map(({ name }) => name),
        [...forms.matchAll(/(\w+):/g)].map((match) => match[1] ?? ""),
      );
      for (const command of commands) text(command.description);
    }
    assert.equal(languageModelTools.length, 1);
    for (const { name, displayName, userDescription, inputSchema } of languageModelTools) {
      assert.ok(source("askTool.ts").includes(`toolName = "${name}"`));
      text(displayName);
      text(userDescription);
      const forms = inputSchema.properties["form"]?.enum ?? [];
      assert.ok(source("askTool.ts").includes(`z.enum(${JSON.stringify(forms).replaceAll(",", ", ")})`));
      assert.deepEqual(inputSchema.required, ["question"]);
    }
  });

  it("names icons that exist", () => {
    for (const icon of [manifest.icon, ...contributes.viewsContainers.activitybar.map((container) => container.icon)]) {
      assert.ok(existsSync(path.join(root, icon)), icon);
    }
  });

  it("has a walkthrough whose steps run its own commands and show pictures that exist", () => {
    const known = new Set<string>(Object.values(contributions.commands));
    const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
    assert.equal(steps.length, 4);
    for (const { description, media, completionEvents } of steps) {
      assert.ok(existsSync(path.join(root, media.svg)), media.svg);
      const links = [...text(description).matchAll(/command:([\w.]+)/g)].map((match) => match[1] ?? "");
      const events = completionEvents.map((event) => event.replace("onCommand:", ""));
      assert.ok(links.length > 0);
      for (const command of [...links, ...events]) assert.ok(known.has(command), command);
    }
  });

  it("leaves no text unused", () => {
    const used = new Set([...JSON.stringify(manifest).matchAll(/"%([^"%]+)%"/g)].map((match) => match[1]));
    same(
      Object.keys(texts),
      [...used].filter((key) => key !== undefined),
    );
  });
});
