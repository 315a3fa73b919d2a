import { levelText } from "../format.ts";
import { Choice } from "./controls.tsx";

/** The choice of a level of codes by its grid; nothing where there is only one. */
export function LevelChoice({
  levels,
  value,
  onChange,
}: {
  readonly levels: readonly { readonly rows: number; readonly columns: number }[];
  readonly value: number;
  readonly onChange: (level: number) => void;
}) {
  if (levels.length === 1) return null;
  return (
    <Choice
      label="Level"
      options={levels.map((_, number) => ({ value: String(number), text: levelText(levels, number) }))}
      value={String(value)}
      onChange={(chosen) => onChange(Number(chosen))}
    />
  );
}
