import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({
  extends: ["html-validate:recommended", "html-validate:a11y"],
  rules: {
    // The page is one file: its style sheet and the drawings' attributes lie in it.
    "require-sri": "off",
    "no-inline-style": "off",
    "svg-focusable": "off",
    // Written as the standard has them.
    "doctype-style": ["error", { style: "uppercase" }],
    "void-style": ["error", { style: "omit" }],
    // Lines end where the markup is put together.
    "no-trailing-whitespace": "off",
    "long-title": "off",
  },
});

/** What is wrong with a page's HTML, by line and rule. */
export async function htmlFaults(page: string): Promise<string[]> {
  const { results } = await validator.validateString(page);
  return results.flatMap(({ messages }) =>
    messages.map(({ line, ruleId, message }) => `${line}: ${ruleId}: ${message}`),
  );
}
