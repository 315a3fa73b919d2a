import type { Stage } from "@slicebook/runs/stages";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type { Shell } from "./commands/completion.ts";
import { exitCodes } from "./exit-codes.ts";
import type {
  CompletionFlags,
  ExportFlags,
  InitFlags,
  InspectFlags,
  OutputOptions,
  PackFlags,
  PhantomFlags,
  RunFlags,
  SampleFlags,
  StageFlags,
  UnpackFlags,
  ViewFlags,
} from "./flags.ts";
import { programName } from "./invocation.ts";
import { printableMessage } from "./printable.ts";
import { version } from "./version.ts";

const examples = [
  "run configs/phantom.yaml",
  "inspect configs/oasis.yaml dataset.root=/data/oasis --out sheet.png",
  "run configs/oasis.yaml dataset.root=/data/oasis train.minutes=30",
  "evaluate runs/oasis dataset.root=/data/another-oasis",
  "sample runs/oasis --count 16 --seed 7",
];

const guide = `
CONFIG is a YAML file, RUN a run folder such as runs/oasis. key=value overrides one value of the configuration:
train.epochs=20  run.name=wide  run.root=/scratch/runs. \`slicebook config CONFIG\` shows them all.

Progress goes to standard error, results to standard output. NO_COLOR and FORCE_COLOR are respected.

Exit codes:
  ${exitCodes.ok}    done
  ${exitCodes.mistake}    something you can fix: a missing folder, a wrong value; the message says what to do
  ${exitCodes.usage}    the command line is wrong: an unknown command or option, a missing argument
  ${exitCodes.internal}   a bug in Slicebook; --debug (or SLICEBOOK_DEBUG=1) shows where
  ${exitCodes.SIGINT}  interrupted by Ctrl-C; the work is saved, --resume continues
  ${exitCodes.SIGTERM}  the same by SIGTERM
`;

const completionGuide = `
Completion: a code is kept if all its pixels are. The others are drawn in raster order, row by row from the top, each
given what lies before it, so that what is kept further down or to the right cannot steer them. Instead, of several
candidates one is taken, at random by how well the prior finds that later part to follow it. A transformer that was
trained with prior.options.order=random draws each code given all that is kept of its grid.
`;

/**
 * The `slicebook` command. Building it and printing its help load nothing heavy: each command imports what it does
 * when it runs.
 */
export function createProgram(): Command {
  const program = new Command(programName())
    .description("Learn a codebook of MR image slices, train a prior on it and sample new slices.")
    .addHelpText("beforeAll", ({ command }) => (command.parent === null ? showExamples(examples) : ""))
    .addHelpText("after", guide)
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help; also after a command")
    .helpCommand("help [command]", "show the help of a command")
    .configureHelp({
      // Without the "[options]" that every line would have.
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map(argumentTerm)].join(" "),
    })
    .showSuggestionAfterError(true)
    .configureOutput({ writeErr: (text) => process.stderr.write(printableMessage(text)) })
    .exitOverride();

  const define = (name: string, description: string, usage: readonly string[]) =>
    program
      .command(name)
      .description(description)
      .addHelpText("before", showExamples(usage))
      .option("--debug", "show where an error happened")
      .showSuggestionAfterError(true)
      .exitOverride();

  const defineRun = (name: string, description: string, stages: readonly Stage[] | "all", usage: string[]) =>
    withOutput(define(name, description, usage))
      .addArgument(configArgument())
      .addArgument(overridesArgument())
      .option("--resume", "continue from the last checkpoint of an interrupted run")
      .option("--dry-run", "take one step of every stage on a few slices, and keep nothing")
      .option(
        "--overfit <n>",
        "train, validate and test on n slices: can the model learn them at all?",
        atLeastOne,
      )
      .action(async (config: string, overrides: string[], options: OutputOptions & RunFlags) => {
        const { runConfig } = await import("./commands/stages.ts");
        await runConfig(config, overrides, stages, options);
      });

  const defineStage = (stage: Stage, description: string, usage: string[]) =>
    withOutput(define(stage, description, usage))
      .addArgument(runArgument())
      .addArgument(overridesArgument());

  const defineCompression = (kind: "compress" | "decompress", description: string, usage: string[]) =>
    withOutput(define(kind, description, usage))
      .requiredOption("--model <run>", "the folder of the run whose model, and prior, is used")
      .option("--out <folder>", `where the files go (default: RUN/${kind}ed)`)
      .option("--force", "overwrite existing files");

  define("init", "look at a folder of slices and write a commented configuration for it", [
    "init /data/scans",
    "init /data/OASIS --out oasis.yaml",
    "init /data/scans --preset codec",
  ])
    .argument("<folder>", "HipMRI, OASIS or ADNI slices, or any PNG, JPEG, TIFF or NIfTI files")
    .option("--out <file>", "the file to write (default: named after the folder)")
    .addOption(
      new Option(
        "--preset <name>",
        "what the model is for: patch, to draw samples as well, or codec, to compress to a rate (model.rate)",
      )
        .choices(["patch", "codec"])
        .default("patch"),
    )
    .option("--force", "overwrite an existing file")
    .option("--json", "print the result as one JSON object")
    .action(async (folder: string, options: InitFlags) => {
      const { init } = await import("./commands/init.ts");
      await init(folder, options);
    });

  defineRun("run", "do every stage: train, encode, evaluate, train-prior, sample, report", "all", [
    "run configs/phantom.yaml",
    "run configs/hipmri.yaml dataset.root=/data/hipmri train.minutes=30 prior.minutes=30",
    "run configs/hipmri.yaml dataset.root=/data/hipmri --resume",
    "run configs/hipmri.yaml dataset.root=/data/hipmri --dry-run",
  ]);
  defineRun(
    "train",
    "train the VQ-VAE only",
    ["train"],
    [
      "train configs/oasis.yaml dataset.root=/data/oasis train.epochs=20",
      "train configs/oasis.yaml dataset.root=/data/oasis train.epochs=20 --resume",
      "train configs/oasis.yaml dataset.root=/data/oasis train.steps=500 --overfit 8",
    ],
  );

  defineStage("encode", "turn every slice into its grid of codes", ["encode runs/oasis"])
    .addOption(newSubjectsOption())
    .action(async (run: string, overrides: string[], options: OutputOptions & StageFlags) => {
      const { runStage } = await import("./commands/stages.ts");
      await runStage("encode", run, overrides, options);
    });

  defineStage(
    "evaluate",
    "measure SSIM and the other figures on a run's test split, or on another folder into RUN/evaluations",
    [
      "evaluate runs/oasis",
      "evaluate runs/oasis --new-subjects test",
      "evaluate runs/oasis dataset.root=/data/another-oasis",
    ],
  )
    .addOption(newSubjectsOption())
    .action(async (run: string, overrides: string[], options: OutputOptions & StageFlags) => {
      const { runStage } = await import("./commands/stages.ts");
      await runStage("evaluate", run, overrides, options);
    });

  defineStage("train-prior", "train the prior over the code grids", [
    "train-prior runs/oasis",
    "train-prior runs/oasis prior.minutes=60",
  ])
    .option("--resume", "continue from the last checkpoint of an interrupted prior")
    .action(async (run: string, overrides: string[], options: OutputOptions & { resume?: boolean }) => {
      const { runStage } = await import("./commands/stages.ts");
      await runStage("train-prior", run, overrides, options);
    });

  const sample = defineStage("sample", "draw new slices from the prior, or the rest of a slice of yours", [
    "sample runs/oasis --count 16 --seed 7",
    "sample runs/adni --class AD --temperature 0.9 --top-p 0.95",
    "sample runs/oasis --with age=70 --with sex=F --guidance 2",
    "sample runs/oasis --complete slice.png --keep top --count 4",
    "sample runs/oasis --complete slice.png --keep mask.png --candidates 16",
  ])
    .option("--count <n>", "how many slices")
    .option("--seed <n>", "the seed: the same one draws the same slices")
    .option("--class <name>", "the class to draw, for a prior trained with classes")
    .option("--position <p>", "where in the scan, 0 to 1, for a prior that is conditioned on it")
    .option(
      "--with <name=value>",
      "what is known of the data set's slices (covariates.csv), such as age=70; repeat it for another",
      nameAndValue,
    )
    .option("--guidance <g>", "above 1: follow class, place and --with more closely than slices do")
    .option("--temperature <t>", "below 1: safer; above 1: wilder")
    .option("--top-k <k>", "draw each code from the k likeliest")
    .option("--top-p <p>", "draw each code from the likeliest that make up the probability p")
    .option("--complete <file>", "keep a part of this slice and draw the rest of it; needs --keep")
    .option("--keep <part>", "top, bottom, left or right half, or a picture that is black where to draw")
    .option(
      "--candidates <n>",
      "coarsest grids for each sample, of which a plausible one is kept; with --complete: drawings for each completion " +
        "(default: 8)",
      atLeastOne,
    )
    .option("--out <folder>", "with --complete: where the pictures go (default: RUN/completions/NAME)")
    .addHelpText("after", completionGuide)
    .action(
      async (run: string, overrides: string[], options: OutputOptions & SampleFlags & CompletionFlags) => {
        const { completeSlice, runStage } = await import("./commands/stages.ts");
        const { complete, keep, candidates, out, ...others } = options;
        const all = [...sampleOverrides(options), ...overrides];
        if (complete === undefined) {
          const alone = Object.entries({ keep, out }).find(([, value]) => value !== undefined);
          if (alone !== undefined) sample.error(`error: option '--${alone[0]}' needs --complete FILE`);
          const drawn = candidates === undefined ? all : [`sample.candidates=${candidates}`, ...all];
          await runStage("sample", run, drawn, { ...others, resume: false });
          return;
        }
        if (keep === undefined) {
          return sample.error("error: option '--complete' needs --keep: top, bottom, left, right or a mask");
        }
        await completeSlice(run, complete, keep, { ...others, candidates, out, overrides: all });
      },
    );

  defineStage("report", "draw the plots and grids of a run again", ["report runs/oasis"]).action(
    async (run: string, overrides: string[], options: OutputOptions) => {
      const { runStage } = await import("./commands/stages.ts");
      await runStage("report", run, overrides, options);
    },
  );

  define("list", "show the runs in a folder", ["list", "list /scratch/runs --json"])
    .argument("[root]", "the folder of run folders", "runs")
    .option("--json", "print one JSON object")
    .action(async (root: string, options: { json?: boolean }) => {
      const { printList } = await import("./commands/list.ts");
      await printList(root, options);
    });

  define("compare", "put runs side by side: figures, settings that differ, curves in one chart", [
    "compare runs/oasis runs/wide",
    "compare runs/* --out comparison --json",
  ])
    .argument("<runs...>", "run folders; differences are from the first")
    .option("--out <folder>", "where the page and the charts go", "comparison")
    .option("--json", "print one JSON object")
    .action(async (runs: string[], options: { json?: boolean; out: string }) => {
      const { printComparison } = await import("./commands/compare.ts");
      await printComparison(runs, options);
    });

  withOutput(
    define("reconstruct", "put files of your own through a run's encoder and decoder", [
      "reconstruct runs/oasis slice1.png slice2.png --out reconstructed",
    ]),
  )
    .addArgument(runArgument())
    .argument("<files...>", "slices: NIfTI, PNG or JPEG")
    .option("--out <folder>", "where the pictures go (default: RUN/reconstructions/files)")
    .action(async (run: string, files: string[], options: OutputOptions & { out?: string }) => {
      const { reconstruct } = await import("./commands/stages.ts");
      await reconstruct(run, files, options);
    });

  defineCompression("compress", "write slices as a run's codes, entropy coded, a .slbk file each", [
    "compress slice1.png slice2.png --model runs/oasis --out small",
    "compress case_004.nii.gz --model runs/hipmri",
    "compress slices/*.png --model runs/oasis --archive set.slbk",
    "compress slices/*.png --model runs/oasis --archive small.slbk --lambda 0.1",
  ])
    .argument("<files...>", "slices: NIfTI, PNG or JPEG")
    .addOption(
      new Option(
        "--archive <file>",
        "one file for all slices, each of which can be restored alone",
      ).conflicts("out"),
    )
    .addOption(
      new Option(
        "--coding <how>",
        "by the probability that the run's prior gives each code, or by how often training slices use it, which is " +
          "faster and takes a fifth to two thirds more bytes (default: by the prior, if the run has one)",
      ).choices(["prior", "tables"]),
    )
    .option(
      "--lambda <x>",
      "spend fewer bits: each code is the one with the least distance plus x times its bits; 0 takes the nearest, 0.1 " +
        "a tenth of the bytes less for a hardly worse picture (default: 0)",
      notNegative,
    )
    .action(async (files: string[], options: OutputOptions & PackFlags) => {
      const { compress } = await import("./commands/stages.ts");
      await compress(files, options);
    });
  defineCompression("decompress", "restore slices from .slbk files, as PNG or NIfTI like the originals", [
    "decompress small/slice1.slbk --model runs/oasis --out restored",
    "decompress set.slbk --model runs/oasis --list",
    "decompress set.slbk --model runs/oasis --only slice1 slice7",
  ])
    .argument("<files...>", ".slbk files")
    .option("--only <names...>", "of archives these slices only")
    .option("--list", "say which slices the files have, and restore nothing")
    .action(async (files: string[], options: OutputOptions & UnpackFlags) => {
      const { decompress } = await import("./commands/stages.ts");
      await decompress(files, options);
    });

  withOutput(
    define("inspect", "say what is in a data set: splits, subjects, sizes, types, ranges", [
      "inspect configs/hipmri.yaml dataset.root=/data/hipmri",
      "inspect /data/hipmri --out sheet.png",
      "inspect /data/slices --adapter oasis --json",
    ]),
  )
    .argument("<config|root>", "a YAML file, or the folder of a data set")
    .addArgument(overridesArgument())
    .option(
      "--adapter <name>",
      "how a folder is laid out, such as hipmri, oasis or adni (default: inferred from its names)",
    )
    .option("--out <file>", "write a contact sheet there (PNG)")
    .action(async (subject: string, overrides: string[], options: OutputOptions & InspectFlags) => {
      const { inspect } = await import("./commands/inspect.ts");
      await inspect(subject, overrides, options);
    });

  withOutput(
    define("phantom", "write procedural slices in the layout of a real data set", [
      "phantom --layout oasis --out data/phantom-oasis",
      "phantom --layout adni --out data/phantom-adni --subjects 8,2,2 --slices 5 --seed 3",
    ]),
  )
    .addOption(
      new Option("--layout <name>", "the layout").choices(["hipmri", "oasis", "adni"]).makeOptionMandatory(),
    )
    .requiredOption("--out <folder>", "where the data set goes")
    .option("--subjects <train,validate,test>", "subjects in each split", subjectCounts)
    .option("--slices <n>", "slices of each subject", wholeNumber)
    .option(
      "--size <height x width>",
      "size in pixels, such as 128x64; by default the layout's own",
      imageSize,
    )
    .option("--covariates", "give subjects an age and a sex that show, and write them into covariates.csv")
    .option("--seed <n>", "the seed: the same one draws the same slices", wholeNumber, 0)
    .action(async (options: OutputOptions & PhantomFlags) => {
      const { phantom } = await import("./commands/phantom.ts");
      await phantom(options);
    });

  define("view", "explore runs in the browser, and try their models live", [
    "view",
    "view runs/oasis",
    "view runs --port 8080 --no-open",
  ])
    .argument("[folder]", "a folder of runs, or one run", "runs")
    .option("--port <n>", "the port (default: 4600, or a free one)", wholeNumber)
    .option(
      "--host <name>",
      "where to listen; anything but this machine lets others see the runs",
      "localhost",
    )
    .option("--no-open", "do not open the browser")
    .action(async (folder: string, options: ViewFlags) => {
      const { view } = await import("./commands/view.ts");
      await view(folder, options);
    });

  withOutput(
    define("export", "write a run's model as ONNX and safetensors, or its viewer as static files", [
      "export runs/oasis --out model",
      "export runs/oasis --half",
      "export runs/oasis --site site",
    ]),
  )
    .addArgument(runArgument())
    .option("--out <folder>", "where the model goes (default: RUN/export)")
    .option("--half", "the graphs in float16, half the size")
    .addOption(
      new Option("--site <folder>", "write the viewer there instead, for any web server").conflicts([
        "out",
        "half",
        "json",
        "quiet",
      ]),
    )
    .action(async (run: string, options: OutputOptions & ExportFlags) => {
      if (options.site !== undefined) {
        const { writeSite } = await import("./commands/export-site.ts");
        return writeSite(run, options.site);
      }
      const { exportModel } = await import("./commands/stages.ts");
      return exportModel(run, options);
    });

  define("config", "print a configuration with every default, or its JSON schema", [
    "config configs/oasis.yaml train.epochs=20 > mine.yaml",
    "config --schema > slicebook.schema.json",
    "config --reference",
  ])
    .argument("[config]", "the YAML file")
    .addArgument(overridesArgument())
    .option("--schema", "print the JSON schema of all configurations instead, for an editor")
    .option("--reference", "print what every key means instead, in Markdown")
    .action(
      async (
        config: string | undefined,
        overrides: string[],
        { schema, reference }: { schema?: boolean; reference?: boolean },
        command: Command,
      ) => {
        if (!schema && !reference && config === undefined) {
          command.error("error: missing required argument 'config'");
        }
        const { printConfig, printReference, printSchema } = await import("./commands/config.ts");
        if (schema) await printSchema();
        else if (reference || config === undefined) await printReference();
        else await printConfig(config, overrides);
      },
    );

  define("doctor", "say what works on this machine, and why the rest does not", ["doctor", "doctor --json"])
    .option("--json", "print one JSON object")
    .action(async (options: { json?: boolean }) => {
      const { printDoctor } = await import("./commands/doctor.ts");
      await printDoctor(options);
    });

  define("completion", "print a script with which your shell completes commands, options and keys", [
    "completion bash >> ~/.bashrc",
    "completion zsh > ~/.zfunc/_slicebook",
    "completion fish > ~/.config/fish/completions/slicebook.fish",
  ])
    .addArgument(new Argument("<shell>", "your shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell: Shell) => {
      const { printCompletion } = await import("./commands/completion.ts");
      await printCompletion(shell, program);
    });

  return program;
}

/** The flags of `sample` are short names of overrides, so that the configuration's schema checks them. */
function sampleOverrides(flags: SampleFlags): string[] {
  const { count, seed, class: label, position, temperature, topK, topP, guidance, with: asked } = flags;
  // Quoted, a class that looks like a number stays a text.
  const quoted = label === undefined ? undefined : JSON.stringify(label);
  const values = { count, seed, class: quoted, position, temperature, topK, topP, guidance };
  const given = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`sample.${key}=${value}`],
  );
  // Those that were asked for before are not any more.
  const covariates = asked?.map((one) => {
    const [name = "", ...rest] = one.split("=");
    return `sample.covariates.${name}=${quotedUnlessNumber(rest.join("="))}`;
  });
  return [...given, ...(covariates === undefined ? [] : ["sample.covariates={}", ...covariates])];
}

function newSubjectsOption(): Option {
  return new Option(
    "--new-subjects <split>",
    "take subjects that were not there when the run was started for testing, from now on; else they are refused",
  ).choices(["test"]);
}

function argumentTerm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** Commands that can be copied as they are. */
function showExamples(lines: readonly string[]): string {
  return `Examples:\n${lines.map((line) => `  ${programName()} ${line}\n`).join("")}`;
}

function withOutput(command: Command): Command {
  return command
    .option("--json", "print the result as one JSON object")
    .option("--quiet", "no progress, only warnings and the result");
}

function configArgument(): Argument {
  return new Argument("<config>", "the YAML file that describes the run");
}

function runArgument(): Argument {
  return new Argument("<run>", "the run's folder, such as runs/oasis");
}

function overridesArgument(): Argument {
  return new Argument("[key=value...]", "values to use instead of the configuration's").argParser(
    (text: string, previous: string[] | undefined) => {
      if (!/^[^=]+=/.test(text)) {
        throw new InvalidArgumentError(`Write overrides as key=value, for example train.epochs=20.`);
      }
      return [...(previous ?? []), text];
    },
  );
}

function nameAndValue(text: string, previous: readonly string[] = []): readonly string[] {
  if (!/^[^=.]+=./.test(text)) throw new InvalidArgumentError("Write it as name=value, for example age=70.");
  const name = text.slice(0, text.indexOf("="));
  if (previous.some((one) => one.startsWith(`${name}=`))) {
    throw new InvalidArgumentError(`Give ${name} once: samples are of one value.`);
  }
  return [...previous, text];
}

/** A value as the configuration takes it: quoted, one that is not a plain number (01, 1.0, null) stays a text. */
function quotedUnlessNumber(text: string): string {
  return String(Number(text)) === text ? text : JSON.stringify(text);
}

function notNegative(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError("Give a number from 0.");
  }
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("Give a whole number.");
  return value;
}

function atLeastOne(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError("Give a whole number of at least 1.");
  return value;
}

function subjectCounts(text: string): { train: number; validate: number; test: number } {
  const [train, validate, test, ...rest] = text.split(",").map((part) => wholeNumber(part.trim()));
  if (train === undefined || validate === undefined || test === undefined || rest.length > 0) {
    throw new InvalidArgumentError("Give three numbers, for train, validate and test: 8,2,2.");
  }
  return { train, validate, test };
}

/** Sides below are too small for the anatomy to show; above, a slice takes seconds. */
const PHANTOM_SIDES = { least: 16, most: 1024 };

function imageSize(text: string): readonly [number, number] {
  const [, height, width] = /^(\d+)[x×,](\d+)$/.exec(text.trim()) ?? [];
  const sides = [Number(height), Number(width)] as const;
  if (!sides.every((side) => side >= PHANTOM_SIDES.least && side <= PHANTOM_SIDES.most)) {
    const { least, most } = PHANTOM_SIDES;
    throw new InvalidArgumentError(`Give height and width, each from ${least} to ${most}: 128x64.`);
  }
  return sides;
}
