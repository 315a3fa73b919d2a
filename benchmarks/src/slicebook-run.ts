// Trains and evaluates by a configuration file with overrides; prints a line of JSON. Started by `trainedRun`.
import { isSlicebookError } from "@slicebook/base";
import { execute } from "@slicebook/pipeline";

const [config = "", ...overrides] = process.argv.slice(2);
try {
  await execute(
    { kind: "run", config, overrides, stages: ["train", "evaluate"], resume: false },
    {
      onEvent(event) {
        if (event.type !== "epoch") return;
        const { seconds, validation, images } = event.row;
        if (validation?.ssim === undefined) return;
        console.error(
          `  ${Math.round(seconds)} s, ${images} images: validation SSIM ${validation.ssim.mean.toFixed(4)}`,
        );
      },
    },
  );
  console.log(JSON.stringify({ failed: null }));
} catch (error) {
  // That it breaks down is a result; any other mistake ends the benchmark.
  if (!isSlicebookError(error) || error.code !== "TRAINING_DIVERGED") throw error;
  console.log(JSON.stringify({ failed: error.message }));
}
