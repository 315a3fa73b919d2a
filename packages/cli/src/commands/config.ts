import { configJsonSchema, configReference, loadConfig, resolvedYaml } from "@slicebook/pipeline";

/** Prints a configuration with every default written out; it can be run as it is. */
export async function printConfig(config: string, overrides: readonly string[]): Promise<void> {
  process.stdout.write(resolvedYaml(await loadConfig(config, overrides)));
}

export function printSchema(): void {
  process.stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
}

export function printReference(): void {
  process.stdout.write(configReference());
}
