// A program as the command is one, on the built package: tests themselves run on sources, which no thread can load.
import { executeInWorker } from "@slicebook/pipeline";

const [request, abortAt] = process.argv.slice(2);
const controller = new AbortController();
const events = [];
let ticks = 0;
const timer = setInterval(() => {
  ticks += 1;
}, 10);
const onEvent = (event) => {
  events.push(event.type);
  if (event.type === abortAt) controller.abort();
};
const outcome = await executeInWorker(JSON.parse(request), { onEvent, signal: controller.signal }).then(
  (result) => ({ result }),
  ({ name, code, message, remedy }) => ({ error: { name, code, message, remedy } }),
);
clearInterval(timer);
process.stdout.write(JSON.stringify({ ...outcome, events, ticks }));
