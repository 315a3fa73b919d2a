import type { Covariate } from "@slicebook/datasets";
import { Field, Slider } from "../ui/controls.tsx";

/** The most steps of a slider over a number's range; left of the first is any. */
const STEPS = 40;

/** Asks for a value of a covariate, or for any. */
export function CovariateChoice({
  covariate,
  value,
  onChange,
}: {
  readonly covariate: Covariate;
  readonly value: number | string | undefined;
  readonly onChange: (value: number | string | undefined) => void;
}) {
  const { name } = covariate;
  if (covariate.kind === "category") {
    return (
      <Field label={name}>
        <select
          value={value ?? ""}
          onChange={({ currentTarget }) =>
            onChange(currentTarget.value === "" ? undefined : currentTarget.value)
          }
        >
          <option value="">any</option>
          {covariate.categories.map((category) => (
            <option key={category} value={category}>
              {category}
            </option>
          ))}
        </select>
      </Field>
    );
  }
  const { low, high } = covariate;
  const step = stepOf(high - low);
  const any = low - step;
  return (
    <Slider
      label={name}
      value={typeof value === "number" ? value : any}
      min={any}
      max={low + step * Math.ceil((high - low) / step)}
      step={step}
      text={value === undefined ? "any" : String(value)}
      onInput={(asked) => onChange(asked < low ? undefined : Number(Math.min(high, asked).toPrecision(6)))}
    />
  );
}

/** A round step, 1, 2 or 5 times a power of ten: the least that needs no more than {@link STEPS}. */
function stepOf(range: number): number {
  const power = 10 ** Math.floor(Math.log10(range / STEPS));
  return [1, 2, 5, 10].map((one) => one * power).find((step) => range / step <= STEPS)!;
}
