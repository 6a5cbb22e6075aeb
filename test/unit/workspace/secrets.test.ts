import assert from "node:assert/strict";
import path from "node:path";
import { URI } from "vscode-uri";
import { pathsOf, reasonsOf, Scratch, snapshotOf } from "./scratch";

const LETTERS = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\nVJTUt9Us8cKj\n";
const key = (kind: string): string =>
  `-----BEGIN ${kind}PRIVATE KEY-----\n${LETTERS}-----END ${kind}PRIVATE KEY-----\n`;

describe("secrets", () => {
  const scratch = new Scratch();

  it("are left out by name, with the reason", async () => {
    const secret = {
      ".env": "environment file",
      "server/.env.local": "environment file",
      "deploy/production.env": "environment file",
      id_rsa: "key or certificate",
      "tls/server.pem": "key or certificate",
      "tls/server.key": "key or certificate",
      "store.p12": "key or certificate",
      ".netrc": "credentials",
      ".git-credentials": "credentials",
      ".pgpass": "credentials",
      "home/.aws/credentials": "credentials",
      "home/.kube/config": "credentials",
      "home/.docker/config.json": "credentials",
      kubeconfig: "credentials",
      "infra/terraform.tfstate": "credentials",
    };
    const files = Object.fromEntries(Object.keys(secret).map((name) => [name, "text\n"]));
    const dir = scratch.folder({ ...files, "home/.ssh/known_hosts": "text\n", "a.ts": "a\n" });
    const reasons = Object.fromEntries(Object.entries(secret).map(([name, reason]) => [name, `secret: ${reason}`]));
    const snapshot = await snapshotOf(dir);
    assert.deepEqual(reasonsOf(snapshot), { ...reasons, "home/.ssh/": "secret: credentials" });
    assert.deepEqual(pathsOf(snapshot), ["a.ts"]);
  });

  it("are left out by content, in files on disk and in buffers", async () => {
    const dir = scratch.folder({
      "a.ts": "a\n",
      "deploy.txt": key("RSA "),
      "notes.md": `Use this:\n\n${key("OPENSSH ")}`,
      "legacy.txt": key("RSA ").replace(
        "KEY-----\n",
        "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,01234567\n\n",
      ),
      "service.json": JSON.stringify({ private_key: key("") }),
      "fixture.go": `const pem = "${key("EC ").replaceAll("\n", "\\n")}"\n`,
      "joined.ts": `const pem = "-----BEGIN PRIVATE KEY-----\\n" +\n  "${LETTERS.split("\n")[0]}";\n`,
      ".npmrc": "//registry.example.org/:_authToken=npm_0123456789\n",
      "cluster.yaml": "kind: Config\nusers:\n- user:\n    client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURQ==\n",
      "putty.txt": "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n",
    });
    const buffers = new Map([[URI.file(path.join(dir, "a.ts")).toString(), key("")]]);
    const keys = [
      "a.ts",
      "deploy.txt",
      "notes.md",
      "legacy.txt",
      "service.json",
      "fixture.go",
      "joined.ts",
      "putty.txt",
    ];
    await assert.rejects(snapshotOf(dir, { buffers }));
    const snapshot = await snapshotOf(dir);
    assert.deepEqual(pathsOf(snapshot), ["a.ts"]);
    assert.deepEqual(reasonsOf(snapshot), {
      ...Object.fromEntries(keys.slice(1).map((name) => [name, "secret: private key"])),
      ".npmrc": "secret: credentials",
      "cluster.yaml": "secret: credentials",
    });
  });

  it("are not what only looks like them", async () => {
    const files = {
      ".env.example": "KEY=\n",
      ".env.sample": "KEY=\n",
      "env.ts": "export const KEY = 1;\n",
      ".npmrc": "save-exact=true\n//registry.example.org/:_authToken=${NPM_TOKEN}\n",
      "pem.ts": 'if (text.startsWith("-----BEGIN PRIVATE KEY-----")) throw new Error("-----END PRIVATE KEY-----");\n',
      "public.txt": `-----BEGIN PUBLIC KEY-----\n${LETTERS}-----END PUBLIC KEY-----\n`,
      "oauth.json": '{ "client_secret": "<your secret goes here>" }\n',
      "config/credentials.ts": "export interface Credentials {}\n",
      "keyboard.ts": "export const key = 1;\n",
    };
    const snapshot = await snapshotOf(scratch.folder(files));
    assert.deepEqual(pathsOf(snapshot).sort(), Object.keys(files).sort());
  });

  it("come back when .longsightignore names them", async () => {
    const dir = scratch.folder({
      ".longsightignore": "!.env\n!fixture.txt\n!server.pem\n",
      ".env": "PORT=80\n",
      "fixture.txt": key(""),
      "server.pem": key(""),
    });
    assert.deepEqual(pathsOf(await snapshotOf(dir)), [".env", ".longsightignore", "fixture.txt", "server.pem"]);
  });
});
