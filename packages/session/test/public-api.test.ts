import { publicExports } from "@slicebook/testing/public-exports";
import { expect, it } from "vitest";

it("exports the names that are listed", async () => {
  await expect(publicExports(new URL("../", import.meta.url))).toMatchFileSnapshot("public-api.txt");
});
