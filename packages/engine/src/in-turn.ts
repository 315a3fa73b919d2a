import type { HostTensors, Loop } from "@slicebook/base";

/**
 * Runs the calls on a loop one after another, in the order in which they were made: a step that started from the carry of
 * before another one had ended would undo it. What waits keeps its tensors as they are now; a call that fails stops no other.
 */
export function inTurn(loop: Loop): Loop {
  let running = 0;
  let last: Promise<unknown> = Promise.resolve();
  const queue = <T>(call: () => Promise<T>): Promise<T> => {
    const result = running === 0 ? call() : last.then(call, call);
    running++;
    const ended = (): void => {
      running--;
    };
    last = result.then(ended, ended);
    return result;
  };
  const kept = (tensors: HostTensors): HostTensors => (running === 0 ? tensors : copyOf(tensors));
  return {
    next(inputs) {
      const values = kept(inputs);
      return queue(() => loop.next(values));
    },
    read: () => queue(() => loop.read()),
    replace(carry) {
      const values = kept(carry);
      return queue(() => loop.replace(values));
    },
    dispose: () => queue(() => loop.dispose()),
  };
}

function copyOf(tensors: HostTensors): HostTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  ) as HostTensors;
}
