import { configJsonSchema, configReference, loadConfig, resolvedYaml } from "@slicebook/config";

/** Prints a configuration with every default written out; it can be run as it is. */
export async function printConfig(config: string, overrides: readonly string[]): Promise<void> {
  process.stdout.write(resolvedYaml(await loadConfig(config, overrides)));
}

export async function printSchema(): Promise<void> {
  process.stdout.write(`${JSON.stringify(await configJsonSchema(), undefined, 2)}\n`);
}

export async function printReference(): Promise<void> {
  process.stdout.write(await configReference());
}
