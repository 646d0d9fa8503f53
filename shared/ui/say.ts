/**
 * Says texts by their keys. A module names the sets of texts that it speaks from, so that a page carries those alone and a
 * key of another set is an error of types. Texts with numbers are functions, so that each language can form its plurals.
 */
type Texts = Readonly<Record<string, string | ((...values: never[]) => string)>>;
type All<Sets extends readonly Texts[]> = Sets extends readonly [infer First, ...infer Rest extends readonly Texts[]] ? First & All<Rest> : unknown;
type Values<Text> = Text extends (...values: infer V) => string ? V : [];

type Say<T> = <K extends keyof T>(key: K, ...values: Values<T[K]>) => string;

/** @param sets - no key stands in two of them. */
export function sayFrom<const Sets extends readonly Texts[]>(...sets: Sets): Say<All<Sets>> {
  return (key, ...values) => {
    const text = sets.find((set) => Object.hasOwn(set, key))![key as string]! as string | ((...values: unknown[]) => string);
    return typeof text === 'string' ? text : text(...values);
  };
}
