import esbuild from "esbuild"; import { writeFileSync } from "node:fs";
import { standalonePage } from "../../../src/shared/heatmapPage"; import { traceFixture } from "./fixture";
const out = await esbuild.build({ entryPoints: { heatmap: "/work/main/src/webview/heatmap/main.ts" }, bundle: true, format: "iife", platform: "browser", target: "es2022", write: false, outdir: "/tmp/hm", absWorkingDir: "/work/main" });
const text = (e: string) => out.outputFiles.find((f) => f.path.endsWith(e))!.text;
const big = process.argv[2] === "big";
const data = traceFixture(big ? { files: 20000, steps: 6 } : {});
writeFileSync("/tmp/hm/page.html", standalonePage({ title: "Heatmap", data, script: text(".js"), css: text(".css"), nonce: "AAAAAAAAAAAAAAAAAAAAAAAA" }));
console.log(text(".js").length, text(".css").length, JSON.stringify(data).length);
