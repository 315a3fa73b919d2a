// uPlot formats numbers in the browser's language as soon as it is loaded, and throws where that is not one: browsers
// that are started without a locale say "en-US@posix". Numbers are written in English all over the page.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en", configurable: true });
}
