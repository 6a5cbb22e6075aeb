// Chromium as the tests start it.

const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
const QUIET = ["--disable-component-update", "--disable-sync"];

/** @param {string} executablePath */
export async function launchChromium(executablePath) {
  const { chromium } = await import("playwright-core"); // set-up scripts import this file before there are packages
  // Its sandbox needs rights that root in a container lacks.
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: [...FLAGS, ...QUIET] });
}
