interface Disposable {
  dispose(): Promise<void>;
}

/** What is made of things that `keep` was given: they are disposed with it, or at once if the rest cannot be prepared. */
export async function preparedTogether<T extends object>(
  prepare: (keep: <One extends Disposable>(one: One) => One) => Promise<T>,
): Promise<T & Disposable> {
  const kept: Disposable[] = [];
  const dispose = async () => {
    for (const one of kept.reverse()) await one.dispose();
  };
  try {
    const prepared = await prepare((one) => {
      kept.push(one);
      return one;
    });
    return { ...prepared, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
