// Runs a configuration with each of several plug-ins, as the command does, and prints the errors as JSON.
import { readFile } from "node:fs/promises";
import { execute } from "@slicebook/pipeline";

const cases = JSON.parse(await readFile(process.argv[2], "utf8"));
const outcomes = [];
for (const { config, overrides, stages } of cases) {
  const trained = [];
  const onEvent = (event) => {
    if (event.type === "stage") trained.push(event.stage);
  };
  const request = { kind: "run", config, overrides, stages, resume: false };
  outcomes.push(
    await execute(request, { onEvent }).then(
      () => ({ trained }),
      ({ name, code, message, remedy }) => ({ name, code, message, remedy, trained }),
    ),
  );
}
console.log(JSON.stringify(outcomes));
