/**
 * Files that hold secrets, by name and by content. They are left out so that no answer repeats them; a rule of
 * `.longsightignore` re-includes what is taken for one wrongly.
 */

const ENVIRONMENT = "secret: environment file";
const KEY = "secret: private key";
const KEY_STORE = "secret: key or certificate";
const CREDENTIALS = "secret: credentials";

const FOLDERS: ReadonlySet<string> = new Set([".ssh", ".gnupg", ".password-store"]);

/** `.env` and `.env.local`, but not what shows which names there are. */
const ENVIRONMENT_FILE = /^(?:\.env(?:\..+)?|.+\.env)$/i;
const ENVIRONMENT_SAMPLE = /[._-](?:example|sample|template|tmpl|dist|defaults?|schema|tpl)\b/i;

const KEY_FILE =
  /^(?:id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|.+\.(?:pem|key|p12|pfx|p8|jks|keystore|kdbx?|ppk|pkcs12|jceks|bks|ovpn))$/i;

const CREDENTIAL_FILE =
  /^(?:\.netrc|_netrc|\.pgpass|pgpass\.conf|\.my\.cnf|\.git-credentials|\.htpasswd|\.s3cfg|\.boto|\.dockercfg|\.vault-token|kubeconfig|.+\.kubeconfig|credentials\.tfrc\.json|.+\.tfstate(?:\.backup)?|\.terraformrc|master\.key|\.envrc\.private)$/i;
/** In folders where programs keep what they log in with. */
const CREDENTIAL_PATH =
  /(?:^|\/)(?:\.aws\/credentials|\.docker\/config\.json|\.kube\/config|\.azure\/[^/]+|\.config\/gcloud\/.+|\.gem\/credentials|\.cargo\/credentials(?:\.toml)?|\.config\/gh\/hosts\.yml)$/;

/** A key itself, not a program that knows what one looks like: the letters of the key follow, be it inside a string. */
const PRIVATE_KEY =
  /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[\s"'`+,\\]|\\[nr]|[A-Za-z-]{1,20}: [^\n]{0,80}\n){0,40}[A-Za-z0-9+/=]{40}/;
const PUTTY_KEY = /^PuTTY-User-Key-File-\d+: /;

/** Settings that hold a credential only sometimes: with a value, not with the name of a variable. */
const BY_CONTENT: readonly (readonly [name: RegExp, content: RegExp])[] = [
  [/^\.npmrc$/, /^[^#;\n]*(?:_authToken|_auth|_password)\s*=\s*(?!\$\{|\s*$).+/m],
  [/^\.yarnrc\.yml$/, /^\s*npmAuth(?:Token|Ident)\s*:\s*["']?(?!\$\{|["']?\s*$).+/m],
  [/^\.pypirc$/, /^\s*password\s*[=:]\s*\S/m],
  [/^(?:pip\.conf|pip\.ini|\.condarc|nuget\.config)$/i, /:\/\/[^\s/:@$]+:[^\s/@$]+@|ClearTextPassword/],
  [/^(?:config|credentials)$/, /^\s*aws_secret_access_key\s*=\s*\S/m],
  [/\.ya?ml$|^config$/, /^\s*(?:client-key-data|id-token|refresh-token)\s*:\s*\S{20}/m],
  [/\.json$/, /"(?:private_key|client_secret|refresh_token)"\s*:\s*"(?![<${])[^"\n]{16}/],
];

/** Why a folder is left out; null when it holds no secrets. */
export function secretFolder(name: string): string | null {
  return FOLDERS.has(name) ? CREDENTIALS : null;
}

/** Why a file is left out by its path; null when its content decides. @param path `/` separated */
export function secretByPath(path: string): string | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (ENVIRONMENT_FILE.test(name)) return ENVIRONMENT_SAMPLE.test(name) ? null : ENVIRONMENT;
  if (KEY_FILE.test(name)) return KEY_STORE;
  return CREDENTIAL_FILE.test(name) || CREDENTIAL_PATH.test(path) ? CREDENTIALS : null;
}

/** Why a text is left out; null when nothing in it looks secret. @param name of the file, without folders */
export function secretByContent(name: string, text: string): string | null {
  if (text.includes("PRIVATE KEY") && PRIVATE_KEY.test(text)) return KEY;
  if (text.startsWith("PuTTY") && PUTTY_KEY.test(text)) return KEY;
  for (const [names, content] of BY_CONTENT) {
    if (names.test(name) && content.test(text)) return CREDENTIALS;
  }
  return null;
}
