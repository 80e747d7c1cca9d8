import { describe, expect, it } from "vitest";
import { dateFormat } from "../../src/lib/date-format.ts";

const NOON = Date.UTC(2026, 10, 26, 12);

describe("dateFormat", () => {
  it("makes each kind of text once for each zone", () => {
    const berlin = dateFormat({ hour: "2-digit", minute: "2-digit" }, "Europe/Berlin");
    expect(dateFormat({ hour: "2-digit", minute: "2-digit" }, "Europe/Berlin")).toBe(berlin);
    expect(berlin.format(NOON)).toBe("13:00");
    expect(dateFormat({ hour: "2-digit", minute: "2-digit" }, "Asia/Tokyo").format(NOON)).toBe("21:00");
    expect(dateFormat({ weekday: "short" }, "Europe/Berlin").format(NOON)).toBe("Thu");
  });

  it("refuses a zone that does not exist", () => {
    expect(() => dateFormat({}, "Mars/Phobos")).toThrow(RangeError);
  });

  it("keeps working when more zones were asked for than it keeps", () => {
    for (const zone of Intl.supportedValuesOf("timeZone")) dateFormat({ hour: "2-digit" }, zone);
    expect(dateFormat({ hour: "2-digit", minute: "2-digit" }, "Europe/Berlin").format(NOON)).toBe("13:00");
  });
});
