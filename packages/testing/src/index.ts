export { type BrowserOptions, launchBrowser } from "./browser.ts";
export { chromiumPath } from "./chromium.ts";
