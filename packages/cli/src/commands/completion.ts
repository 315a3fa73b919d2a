import { configJsonSchema, configKeys, dottedKeys } from "@slicebook/config";
import type { Command } from "commander";

export type Shell = "bash" | "zsh" | "fish";

/** What can be typed after a command. */
interface Completed {
  readonly name: string;
  readonly description: string;
  readonly options: readonly { readonly flag: string; readonly description: string }[];
  /** Whether `key=value` overrides may follow. */
  readonly overrides: boolean;
}

/** Prints a script with which a shell completes commands, options, configuration keys and files. */
export async function printCompletion(shell: Shell, program: Command): Promise<void> {
  const commands = program.commands.map(
    (command): Completed => ({
      name: command.name(),
      description: command.description(),
      options: [...command.options, { long: "--help", description: "show help" }].flatMap(
        ({ long, description }) => (long ? [{ flag: long, description }] : []),
      ),
      overrides: command.registeredArguments.some((argument) => argument.name() === "key=value"),
    }),
  );
  const keys = dottedKeys(configKeys(await configJsonSchema())).filter((key) => key !== "version");
  process.stdout.write({ bash, zsh, fish }[shell](commands, keys));
}

function bash(commands: readonly Completed[], keys: readonly string[]): string {
  const cases = commands.map(
    ({ name, options, overrides }) =>
      `    ${name}) options="${options.map(({ flag }) => flag).join(" ")}"${overrides ? ' keys="$all_keys"' : ""} ;;`,
  );
  return `# slicebook completion for bash: eval "$(slicebook completion bash)"
_slicebook() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" command="" options="" keys="" word
  local all_keys="${keys.join(" ")}"
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ "$word" != -* ]]; then command="$word"; break; fi
  done
  if [[ -z "$command" ]]; then
    COMPREPLY=($(compgen -W "${[...commands.map(({ name }) => name), "--help", "--version"].join(" ")}" -- "$cur"))
    return
  fi
  case "$command" in
${cases.join("\n")}
  esac
  if [[ "$cur" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  if [[ -n "$keys" && -n "$cur" ]]; then COMPREPLY=($(compgen -S = -W "$keys" -- "$cur")); fi
  if [[ \${#COMPREPLY[@]} -gt 0 ]]; then
    compopt -o nospace 2>/dev/null
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -F _slicebook slicebook
`;
}

function zsh(commands: readonly Completed[], keys: readonly string[]): string {
  const described = (name: string, description: string) =>
    quote(`${name.replaceAll(":", "\\:")}:${description}`);
  const cases = commands.map(({ name, options, overrides }) => {
    const list = options.map(({ flag, description }) => described(flag, description)).join(" ");
    return `    ${name}) options=(${list})${overrides ? " keys=($all_keys)" : ""} ;;`;
  });
  return `#compdef slicebook
# slicebook completion for zsh: source <(slicebook completion zsh)
_slicebook() {
  local -a commands options keys all_keys
  all_keys=(${keys.join(" ")})
  commands=(${commands.map(({ name, description }) => described(name, description)).join(" ")})
  if (( CURRENT == 2 )); then
    _describe -t commands command commands
    return
  fi
  case "\${words[2]}" in
${cases.join("\n")}
  esac
  if [[ "$PREFIX" == -* ]]; then
    _describe -t options option options
  else
    (( \${#keys} )) && compadd -S = -a keys
    _files
  fi
}
compdef _slicebook slicebook
`;
}

function fish(commands: readonly Completed[], keys: readonly string[]): string {
  const lines = commands.flatMap(({ name, description, options, overrides }) => [
    `complete -c slicebook -n __fish_use_subcommand -a ${name} -d ${quote(description)}`,
    ...options.map(
      ({ flag, description: text }) =>
        `complete -c slicebook -n "__fish_seen_subcommand_from ${name}" -l ${flag.slice(2)} -d ${quote(text)}`,
    ),
    ...(overrides
      ? [`complete -c slicebook -n "__fish_seen_subcommand_from ${name}" -a "$__slicebook_keys"`]
      : []),
  ]);
  return `# slicebook completion for fish: slicebook completion fish | source
set -g __slicebook_keys ${keys.map((key) => `${key}=`).join(" ")}
${lines.join("\n")}
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "’")}'`;
}
