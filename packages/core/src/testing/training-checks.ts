import type { HostTensors } from "@slicebook/base";
import { withoutPrefix, withPrefix } from "../params.ts";
import { type Subject, trainedPart } from "./subject.ts";

/** The same steps give the same bits, a finite loss, and no part writes a tensor of another's. */
export async function trainsAlike({ prior, engine, trained }: Subject): Promise<void> {
  const names = new Set<string>();
  for (const [number, part] of prior.parts.entries()) {
    const [first, second] = [trained[number]!, await trainedPart(prior, part, engine)];
    if (!first.losses.every(Number.isFinite)) throw new Error(`part ${number} has a loss of ${first.losses}`);
    for (const [name, { data }] of Object.entries(first.carry)) {
      if (data.some((value, at) => !Object.is(value, second.carry[name]!.data[at]))) {
        throw new Error(`part ${number}: the same steps give another "${name}"`);
      }
      if (name !== "step" && names.has(name)) throw new Error(`two parts have a tensor "${name}"`);
      names.add(name);
    }
  }
}

/** The averages of the weights are given by the tensors named `average.…` alone. */
export async function keepsAverages({ prior }: Subject): Promise<void> {
  const carry: HostTensors = Object.assign({}, ...prior.parts.map((part) => part.initialCarry(1)));
  const kept = withPrefix("average.", withoutPrefix("average.", carry));
  const alone = prior.parameters(kept, { average: true });
  for (const [name, { data }] of Object.entries(prior.parameters(carry, { average: true }))) {
    if (alone[name]?.data.every((value, at) => value === data[at])) continue;
    throw new Error(`parameters(carry, { average: true }) needs tensors not named "average.…" for "${name}"`);
  }
}
