import "./heatmap.css";
import { App } from "./app";
import type { HeatmapHost } from "./host";
import { embeddedTrace, StandaloneHost } from "./standaloneHost";
import { followBrowserTheme } from "./theme";

/** The panel's messages inside VS Code; in a self-contained page the data that it carries. */
async function findHost(): Promise<HeatmapHost> {
  const trace = embeddedTrace();
  if (trace !== null) {
    followBrowserTheme();
    return new StandaloneHost(trace);
  }
  // Loaded late, since the module takes hold of VS Code's interface, which a self-contained page lacks.
  const [{ PanelHost }, { Channel }, { vscodeApi }] = await Promise.all([
    import("./host"),
    import("../common/channel"),
    import("../common/vscodeApi"),
  ]);
  return new PanelHost(new Channel(), vscodeApi);
}

void findHost().then((host) => new App(document.getElementById("root") ?? document.body, host).start());
