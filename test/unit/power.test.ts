import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { linuxOnBattery, pmsetOnBattery, windowsOnBattery } from "../../src/engine/power";

type Supply = Readonly<Record<string, string>>;

describe("power supply", () => {
  const linux: readonly [name: string, supplies: Readonly<Record<string, Supply>>, battery: boolean][] = [
    ["no supplies, as on a server", {}, false],
    ["a laptop on mains", { AC: { type: "Mains", online: "1" }, BAT0: { type: "Battery", status: "Charging" } }, false],
    [
      "a laptop on battery",
      { AC: { type: "Mains", online: "0" }, BAT0: { type: "Battery", status: "Discharging" } },
      true,
    ],
    [
      "a full battery on USB-C",
      { ucsi: { type: "USB", online: "1" }, BAT1: { type: "Battery", status: "Full" } },
      false,
    ],
    [
      "one battery of two",
      { BAT0: { type: "Battery", status: "Full" }, BAT1: { type: "Battery", status: "Discharging" } },
      true,
    ],
    ["a wireless mouse", { mouse: { type: "Battery", scope: "Device", status: "Discharging" } }, false],
  ];
  for (const [name, supplies, battery] of linux) {
    it(`Linux: ${name}`, async () => {
      const dir = mkdtempSync(path.join(tmpdir(), "longsight-power-"));
      for (const [supply, values] of Object.entries(supplies)) {
        mkdirSync(path.join(dir, supply));
        for (const [file, value] of Object.entries(values)) writeFileSync(path.join(dir, supply, file), `${value}\n`);
      }
      assert.equal(await linuxOnBattery(dir), battery);
      rmSync(dir, { recursive: true });
    });
  }

  it("Linux: no such folder, as in a container", async () => {
    assert.equal(await linuxOnBattery("/nowhere/power_supply"), false);
  });

  it("macOS", () => {
    assert.equal(
      pmsetOnBattery("Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t95%; discharging;"),
      true,
    );
    assert.equal(pmsetOnBattery("Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t100%; charged;"), false);
  });

  it("Windows: 1 is discharging, 2 is on mains, desktops say nothing", () => {
    assert.equal(windowsOnBattery("1\r\n"), true);
    assert.equal(windowsOnBattery("2\r\n"), false);
    assert.equal(windowsOnBattery("\r\n"), false);
  });
});
