import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** A few choices side by side, one of which holds. */
export function Choice<T extends string>({
  label,
  options,
  value,
  onChange,
}: {
  readonly label: string;
  readonly options: readonly { readonly value: T; readonly text: string; readonly disabled?: boolean }[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      {options.map((option) => (
        <label key={option.value} class={option.value === value ? "chosen" : ""}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            disabled={option.disabled}
            onChange={() => onChange(option.value)}
          />
          {option.text}
        </label>
      ))}
    </fieldset>
  );
}

/** A slider with its name and its value in words. */
export function Slider({
  label,
  value,
  min = 0,
  max,
  step = 1,
  text,
  onInput,
  disabled,
}: {
  readonly label: string;
  readonly value: number;
  readonly min?: number;
  readonly max: number;
  readonly step?: number;
  /** The value as it is read out and shown. */
  readonly text: string;
  readonly onInput: (value: number) => void;
  readonly disabled?: boolean;
}) {
  const id = useId();
  return (
    <div class="slider">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        disabled={disabled}
        aria-valuetext={text}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
      />
      <output for={id}>{text}</output>
    </div>
  );
}

/** A labelled field. */
export function Field({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is its child
    <label class="field">
      <span>{label}</span>
      {children}
    </label>
  );
}

/** A figure with its name, its unit and what it means. */
export function Figure({
  name,
  value,
  unit,
  detail,
}: {
  readonly name: string;
  readonly value: string;
  readonly unit?: string;
  readonly detail?: string;
}) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd class="value">
        {value}
        {unit !== undefined && <small> {unit}</small>}
      </dd>
      {detail !== undefined && <dd class="detail">{detail}</dd>}
    </div>
  );
}
