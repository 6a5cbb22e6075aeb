/** The engine as an MCP server: tools over one workspace. Results are text for a model and values for a program. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { toErrorValue } from "../../shared/errors";
import { longsightVersion } from "../../engine/version";
import { askTool } from "./askTool";
import { planTool } from "./planTool";
import { progressOf } from "./progress";
import type { ToolContext, ToolResult } from "./tool";
import { traceTool } from "./traceTool";

const instructions =
  "Longsight has read a whole workspace into the context of a local model. Use ask_codebase for questions that need " +
  "more of the code than a few files: where something happens, how parts work together, why code is as it is. Answers " +
  "cite path:line. context_plan says what was read and what was left out; attention_trace says where the model looked.";

/** Makes a server with all tools; it serves when it is connected. */
export function createMcpServer(context: ToolContext): McpServer {
  const server = new McpServer({ name: "longsight", version: longsightVersion() }, { instructions });
  const annotations = { readOnlyHint: true, openWorldHint: false } as const;
  const ask = askTool(context);
  const plan = planTool(context);
  const trace = traceTool(context);
  server.registerTool("ask_codebase", { ...ask.description, annotations }, (input, extra) =>
    answer(() => ask.run(input, progressOf(extra))),
  );
  server.registerTool("context_plan", { ...plan.description, annotations }, (input, extra) =>
    answer(() => plan.run(input, progressOf(extra))),
  );
  server.registerTool("attention_trace", { ...trace.description, annotations }, (input) =>
    answer(() => trace.run(input)),
  );
  return server;
}

/** The result of a tool; what fails is an error of the tool, with its code and way out, so that a model can react. */
async function answer(run: () => Promise<ToolResult>): Promise<CallToolResult> {
  try {
    const { text, value } = await run();
    return { content: [{ type: "text", text }], structuredContent: value };
  } catch (error) {
    const { code, message, wayOut } = toErrorValue(error);
    return { isError: true, content: [{ type: "text", text: `${message} ${wayOut} (${code})` }] };
  }
}
